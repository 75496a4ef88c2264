namespace Oort.Backends.Icp;

/// <summary>The slot for what puts items into a canister. Nothing fills it yet: it needs CBOR envelopes, Candid, a canister that is deployed and cycles in it (docs/networks.md, "ICP").</summary>
/// <remarks>Thread-safe. Failures are a <see cref="BackendException"/>, without a secret in it.</remarks>
public interface ICanisterWriter : IAsyncDisposable
{
    /// <summary>Puts bytes under a path, so that the canister's HTTP interface serves them there.</summary>
    /// <param name="path">Of the item alone; begins with a slash.</param>
    /// <remarks>Returns when the canister has committed them. Asked again for the same path and bytes, also after an answer that was lost or a part that was sent, it leaves them there once and pays for their storage once.</remarks>
    ValueTask WriteAsync(CanisterId canister, string path, IItemSource source, ReadOnlyMemory<byte> sha256, CancellationToken cancellationToken);

    /// <summary>Takes away what is under a path, whole or begun. That nothing is there is what is wanted.</summary>
    ValueTask DeleteAsync(CanisterId canister, string path, CancellationToken cancellationToken);

    /// <summary>The cycles that are left, and how long they last.</summary>
    ValueTask<NetworkAccount?> GetAccountAsync(CanisterId canister, CancellationToken cancellationToken);

    /// <summary>Whether the canister is there and lets this writer in; leaves nothing there.</summary>
    ValueTask TestAsync(CanisterId canister, CancellationToken cancellationToken);
}
