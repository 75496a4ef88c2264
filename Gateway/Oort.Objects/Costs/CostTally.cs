using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Costs;

/// <summary>What is to be added to a month.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class CostTally
{
    private readonly Dictionary<(string Network, CostKind Kind), CostLine> lines = [];
    private readonly Dictionary<(ulong Bucket, string Network, CostKind Kind), BucketLine> buckets = [];
    private readonly Dictionary<(string Network, string Unit), PaidLine> paid = [];
    private readonly Dictionary<string, DateTimeOffset> counted = [];

    public IEnumerable<CostLine> Lines => lines.Values;

    public IEnumerable<BucketLine> Buckets => buckets.Values;

    public IEnumerable<PaidLine> Paid => paid.Values;

    public IReadOnlyDictionary<string, DateTimeOffset> Counted => counted;

    /// <summary>Adds to a network's line.</summary>
    public void Add(string network, CostKind kind, double dollars, double count, double bytes)
    {
        if (dollars == 0 && count == 0) return;
        var before = lines.GetValueOrDefault((network, kind)) ?? new(network, kind, 0, 0, 0);
        lines[(network, kind)] = before with { Dollars = before.Dollars + dollars, Count = before.Count + count, Bytes = before.Bytes + bytes };
    }

    /// <summary>Adds to a network's line what an item took, and to those of the buckets that it is of.</summary>
    public void Add(string network, CostKind kind, double dollars, double count, double bytes, ItemRow item)
    {
        Add(network, kind, dollars, count, bytes);
        foreach (var part in item.Buckets) AddTo(part.Bucket, network, kind, dollars * part.Bytes / item.Item.Length);
    }

    /// <summary>Adds to a bucket's line what is in the network's already.</summary>
    public void AddTo(BucketId bucket, string network, CostKind kind, double dollars)
    {
        if (dollars == 0) return;
        var key = (bucket.Value, network, kind);
        buckets[key] = new(bucket.Value, network, kind, dollars + (buckets.GetValueOrDefault(key)?.Dollars ?? 0));
    }

    public void AddPaid(string network, NetworkReceipt receipt)
    {
        if (receipt.PaidUnit.Length == 0 || receipt.Paid == 0) return;
        var key = (network, receipt.PaidUnit);
        paid[key] = new(network, receipt.PaidUnit, receipt.Paid + (paid.GetValueOrDefault(key)?.Amount ?? 0));
    }

    /// <summary>Says up to when a network is counted.</summary>
    public void SetCounted(string network, DateTimeOffset to) => counted[network] = to;
}
