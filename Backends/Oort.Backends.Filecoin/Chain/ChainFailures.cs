using Oort.Evm;

namespace Oort.Backends.Filecoin;

/// <summary>The table from what a node answers to what it means for an item.</summary>
internal static class ChainFailures
{
    /// <summary>What a call threw, as the contract has it.</summary>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EvmException e)
        {
            throw new BackendException(KindOf(e.Kind), $"{e.Message.TrimEnd('.')}. {AdviceOf(e.Kind)}", e);
        }
    }

    public static BackendErrorKind KindOf(EvmErrorKind kind) => kind switch
    {
        EvmErrorKind.Throttled => BackendErrorKind.Throttled,
        EvmErrorKind.Funds => BackendErrorKind.Funds,
        // An address that is wrong, a node that is of no use: somebody has to act, and nothing is lost.
        EvmErrorKind.Unauthorized or EvmErrorKind.Refused or EvmErrorKind.Unsupported or EvmErrorKind.Malformed or EvmErrorKind.Reverted => BackendErrorKind.Unauthorized,
        _ => BackendErrorKind.Transient,
    };

    private static string AdviceOf(EvmErrorKind kind) => KindOf(kind) switch
    {
        BackendErrorKind.Unauthorized => "Check the node, its credentials and the contracts' addresses.",
        BackendErrorKind.Funds => "Deposit USDFC; it is tried again by itself.",
        _ => "It is tried again by itself.",
    };
}
