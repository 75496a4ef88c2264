using Oort.Backends;

namespace Oort.Gateway.Networks;

/// <summary>A backend that uses a private key, with the key: both end together.</summary>
internal sealed class KeyedBackend(INetworkBackend inner, IDisposable key) : INetworkBackend
{
    public NetworkTraits Traits => inner.Traits;

    public string Location => inner.Location;

    public ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken) => inner.StepAsync(item, source, cancellationToken);

    public ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(receipt, offset, destination, cancellationToken);

    public ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken) => inner.VerifyAsync(item, depth, cancellationToken);

    public ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken) => inner.DeleteAsync(item, cancellationToken);

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => inner.GetPricesAsync(cancellationToken);

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => inner.GetAccountAsync(cancellationToken);

    public ValueTask TestAsync(CancellationToken cancellationToken) => inner.TestAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        key.Dispose();
    }
}
