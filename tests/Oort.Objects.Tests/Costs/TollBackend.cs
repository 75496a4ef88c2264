using Oort.Backends;

namespace Oort.Objects.Tests.Costs;

/// <summary>A backend that takes items as those of its kind do, and has each request charged. What it was sent it keeps.</summary>
internal sealed class TollBackend(TollNetwork network, BillingOffice office, TimeProvider time) : INetworkBackend
{
    /// <summary>Put for so long, as far as the receipt says: it is of when the step began.</summary>
    private static readonly TimeSpan stepTime = TimeSpan.FromHours(2);

    private static readonly TimeSpan restoreTime = TimeSpan.FromHours(48);
    private static readonly TimeSpan restoreInterval = TimeSpan.FromMinutes(30);

    private readonly Dictionary<string, byte[]> held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> restoredAt = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    /// <summary>What is thrown instead of prices; null: they are told.</summary>
    public Func<BackendException?> Silence { get; init; } = () => null;

    public NetworkTraits Traits => network.Traits;

    public string Location => network.Name;

    public async ValueTask<NetworkItem> StepAsync(NetworkItem item, IItemSource source, CancellationToken cancellationToken)
    {
        var (name, now) = (item.Id.ToString(), time.GetUtcNow());
        var isAsked = network.Manners != TollManners.Free;
        switch (item.State)
        {
            case ItemState.Planned:
                var bytes = new byte[item.Length];
                await source.ReadAsync(0, bytes, cancellationToken);
                lock (gate)
                {
                    if (isAsked) office.Ask();
                    if (held.TryAdd(name, bytes)) office.Put(name, item.Length);
                }

                return item with { State = ItemState.Accepted, Receipt = new() { Locator = item.Sha256, Address = name, Accepted = now - stepTime }, NextStep = now };
            case ItemState.Accepted:
                lock (gate)
                    if (isAsked) office.Ask();
                return item with { State = ItemState.Confirmed, NextStep = now };
            case ItemState.Confirmed:
                return ReadBack(item, name, now) ? item with { State = ItemState.Sealed, NextStep = now + Traits.Checks.LookInterval } : item with { NextStep = now + restoreInterval };
            default:
                lock (gate)
                    if (isAsked) office.Ask();
                return item with { NextStep = now + Traits.Checks.LookInterval };
        }
    }

    public ValueTask<int> ReadAsync(NetworkReceipt receipt, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            office.Read(destination.Length);
            held[receipt.Address].AsMemory((int)offset, destination.Length).CopyTo(destination);
        }

        return ValueTask.FromResult(destination.Length);
    }

    public ValueTask<NetworkEvidence> VerifyAsync(NetworkItem item, VerifyDepth depth, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<(DeleteOutcome Outcome, DateTimeOffset? Effective)> DeleteAsync(NetworkItem item, CancellationToken cancellationToken)
    {
        if (network.Traits.Retention == Retention.Permanent) return ValueTask.FromResult<(DeleteOutcome, DateTimeOffset?)>((DeleteOutcome.Undeletable, null));
        lock (gate)
        {
            office.Delete(item.Id.ToString());
            held.Remove(item.Id.ToString());
        }

        return ValueTask.FromResult<(DeleteOutcome, DateTimeOffset?)>((DeleteOutcome.Deleted, null));
    }

    public ValueTask<NetworkPrices> GetPricesAsync(CancellationToken cancellationToken) => Silence() is { } failure ? throw failure : ValueTask.FromResult(network.Prices);

    public ValueTask<NetworkAccount?> GetAccountAsync(CancellationToken cancellationToken) => ValueTask.FromResult<NetworkAccount?>(null);

    public ValueTask TestAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <returns>False: it is being brought back.</returns>
    private bool ReadBack(NetworkItem item, string name, DateTimeOffset now)
    {
        lock (gate)
        {
            if (network.Manners == TollManners.Archive)
            {
                if (restoredAt.TryAdd(name, now + restoreTime)) office.Restore(item.Length);
                if (restoredAt[name] > now)
                {
                    office.Ask();
                    office.Ask();
                    return false;
                }
            }

            office.Read(item.Length);
            return true;
        }
    }
}
