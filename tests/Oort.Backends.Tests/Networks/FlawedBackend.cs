using System.Security.Cryptography;
using System.Text;
using Oort.Backends.Suite;

namespace Oort.Backends.Tests.Networks;

/// <summary>What a backend may do wrong.</summary>
public enum Flaw
{
    PaysAgain,
    RepeatsPayments,
    SealsUnread,
    SkipsStates,
    StandsStill,
    BecomesAnother,
    AsksForSentBytes,
    ReadsTooFar,
    IgnoresOffsets,
    CallsAllTransient,
    TellsSecrets,
    StoresSecrets,
    BelievesAll,
    TakesOutagesForLosses,
    DeletesOnce,
    DeletesNothing,
    MissesTheDeleted,
    DeletesTheSentOnly,
    TestsNothing,
    NeverLooksAgain,
    SendsWhateverItGets,
    IgnoresCancelling,
}

/// <summary>A backend with one flaw, to see whether the suite sees it.</summary>
internal sealed class FlawedBackend(INetworkBackend inner, FakeNetwork network, Flaw flaw) : INetworkBackend
{
    private static readonly NetworkEvidence there = new(true, ProofKinds.ReadBack, 1, "It is there.");
    private bool hasDeleted;

    public NetworkTraits Traits => inner.Traits;

    public string Location => inner.Location;

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        if (flaw == Flaw.IgnoresCancelling) cancellationToken = CancellationToken.None;
        switch (flaw, item.State)
        {
            // Signs and sends in one.
            case (Flaw.PaysAgain, ItemState.Planned):
                return await inner.StepAsync(item with { Progress = RandomNumberGenerator.GetBytes(16) }, source, cancellationToken);
            // As a client does that tries again by itself what it got no answer to.
            case (Flaw.RepeatsPayments, ItemState.Planned) when !item.Progress.IsEmpty:
                try
                {
                    return await inner.StepAsync(item, source, cancellationToken);
                }
                catch (BackendException failure) when (failure.Kind == BackendErrorKind.Transient)
                {
                    return await inner.StepAsync(item with { Progress = RandomNumberGenerator.GetBytes(16) }, source, cancellationToken);
                }

            case (Flaw.SealsUnread, ItemState.Confirmed):
                return item with { State = ItemState.Sealed };
            case (Flaw.SkipsStates, ItemState.Accepted):
                return item with { State = ItemState.Sealed };
            case (Flaw.StandsStill, ItemState.Pending):
                return item;
            case (Flaw.AsksForSentBytes, ItemState.Confirmed):
                await source.ReadAsync(0, new byte[1], cancellationToken);
                break;
            case (Flaw.NeverLooksAgain, ItemState.Sealed):
                return item with { NextStep = item.NextStep.AddDays(1) };
            case (Flaw.SendsWhateverItGets, ItemState.Planned) when !item.Progress.IsEmpty:
                var bytes = new byte[source.Length];
                await source.ReadAsync(0, bytes, cancellationToken);
                var sent = await inner.StepAsync(item with { Length = bytes.Length, Sha256 = SHA256.HashData(bytes) }, source, cancellationToken);
                return sent with { Length = item.Length, Sha256 = item.Sha256 };
            case (Flaw.SendsWhateverItGets, ItemState.Confirmed):
                return item with { State = ItemState.Sealed };
        }

        var after = await GuardAsync(async () => await inner.StepAsync(item, source, cancellationToken));
        return flaw switch
        {
            Flaw.BecomesAnother => after with { Length = after.Length + 1 },
            Flaw.StoresSecrets when after.Receipt is { } receipt => after with { Receipt = receipt with { Answer = Encoding.UTF8.GetBytes($"for {network.Secret}") } },
            _ => after,
        };
    }

    public async ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = await GuardAsync(async () => await inner.ReadAsync(receipt, flaw == Flaw.IgnoresOffsets ? 0 : offset, destination, cancellationToken));
        return flaw == Flaw.ReadsTooFar ? destination.Length : count;
    }

    public async ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken)
    {
        if (flaw == Flaw.BelievesAll) return there;
        try
        {
            return await inner.VerifyAsync(item, depth, cancellationToken);
        }
        catch (BackendException failure) when (flaw == Flaw.TakesOutagesForLosses)
        {
            return new(false, ProofKinds.Claim, 0, failure.Message);
        }
    }

    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        if (flaw == Flaw.DeletesNothing || (flaw == Flaw.DeletesOnce && hasDeleted)) return (flaw == Flaw.DeletesOnce ? DeleteOutcome.NotFound : DeleteOutcome.Deleted, null);
        if (flaw == Flaw.DeletesTheSentOnly && item.Receipt is null) throw Gone();
        if (flaw == Flaw.MissesTheDeleted && item.Receipt is { } receipt && await network.StatusAsync(network.Secret, receipt.Transaction, cancellationToken) is null) throw Gone();
        var outcome = await inner.DeleteAsync(item, cancellationToken);
        hasDeleted = true;
        return outcome;

        static BackendException Gone() => new(BackendErrorKind.NotFound, "It is not there.");
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => inner.GetPricesAsync(cancellationToken);

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => inner.GetAccountAsync(cancellationToken);

    public async ValueTask TestAsync(CancellationToken cancellationToken)
    {
        if (flaw == Flaw.TestsNothing) return;
        await GuardAsync(async () =>
        {
            await inner.TestAsync(cancellationToken);
            return 0;
        });
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (BackendException failure) when (flaw == Flaw.CallsAllTransient)
        {
            throw new BackendException(BackendErrorKind.Transient, failure.Message, failure);
        }
        catch (BackendException failure) when (flaw == Flaw.TellsSecrets)
        {
            throw new BackendException(failure.Kind, $"{failure.Message} The token was {network.Secret}.", failure);
        }
    }
}
