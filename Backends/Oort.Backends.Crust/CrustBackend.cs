using Oort.Backends.Ipfs;

namespace Oort.Backends.Crust;

/// <summary>Crust as a place for items: sent to a W3Auth gateway, ordered through a W3Auth pinning service, read through IPFS (docs/networks.md, "Crust").</summary>
/// <remarks>Steps, locator and receipt are those of <see cref="PinningBackend"/>. Thread-safe.</remarks>
public sealed class CrustBackend : INetworkBackend
{
    private readonly PinningBackend pinning;

    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    public CrustBackend(CrustOptions options, TimeProvider time)
    {
        pinning = new(options.ToPinning(), time);
        Traits = pinning.Traits with { Kind = "crust", Latency = Latency.Cold, Retention = Retention.Expiring };
    }

    public NetworkTraits Traits { get; }

    public string Location => pinning.Location;

    /// <inheritdoc/>
    /// <remarks>The service renews an order before it ends, says "queued" meanwhile, and orders anew what failed: an item waits, and one that is Sealed stays a copy.</remarks>
    public ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken) => pinning.StepAsync(item, source, cancellationToken);

    public ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        pinning.ReadAsync(receipt, offset, destination, cancellationToken);

    public ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken) => pinning.VerifyAsync(item, depth, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The service forgets the item, so that its order is not renewed, and the gateway's pin goes. What is ordered stays with those who store it until the order ends, after 180 days at the most.</remarks>
    public async ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        await pinning.DeleteAsync(item, cancellationToken);
        return (DeleteOutcome.Undeletable, null);
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => pinning.GetPricesAsync(cancellationToken);

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => pinning.GetAccountAsync(cancellationToken);

    public ValueTask TestAsync(CancellationToken cancellationToken) => pinning.TestAsync(cancellationToken);

    public ValueTask DisposeAsync() => pinning.DisposeAsync();
}
