using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects.Placement;

/// <summary>A shard that should lie elsewhere.</summary>
internal readonly record struct PlannedMove(int Index, StoreSlot Target, long Bytes);

/// <summary>Decides for one segment after the other which shard, if any, should move: first for the policy's sake, then so that stores fill evenly. Not thread-safe; of one pass.</summary>
internal sealed class MovePlanner
{
    /// <summary>A store is too full when its fill is above the mean of all by more than this part of its capacity: below it, moving costs more than it gains.</summary>
    public const double Tolerance = 0.05;

    /// <summary>Once shards are moved, they are until no store is fuller than the mean by more than this: otherwise the next objects would make it uneven again.</summary>
    private const double Goal = 0.01;

    private static readonly ImmutableArray<DomainKind> spreadKinds = [DomainKind.Device, DomainKind.Machine, DomainKind.Operator];

    private readonly StoreSet stores;
    private readonly Dictionary<StoreId, (long Capacity, double Used)> fills = [];
    private readonly double mean;
    private readonly double allowed;

    public MovePlanner(StoreSet stores)
    {
        this.stores = stores;
        foreach (var slot in stores.Slots)
            if (PolicyPlacer.IsEligible(slot) && slot.Space is { CapacityBytes: { } capacity and > 0, FreeBytes: { } free }) fills[slot.Id] = (capacity, capacity - free);
        mean = fills.Count < 2 ? 1 : fills.Values.Sum(fill => fill.Used) / fills.Values.Sum(fill => (double)fill.Capacity);
        allowed = mean + (IsUneven ? Goal : Tolerance);
    }

    /// <summary>Whether some store is so much fuller than the mean that shards should leave it, and some other has room below the mean.</summary>
    public bool IsUneven => fills.Keys.Any(id => FillOf(id) > mean + Tolerance) && fills.Keys.Any(id => FillOf(id) < mean);

    /// <summary>The move that a segment needs the most; null when it lies well, or waits for repair first.</summary>
    public PlannedMove? Plan(SegmentRow row)
    {
        if (!row.Shards.All(stores.IsHealthy) || row.Shards.Any(stores.IsLeaving)) return null;
        // Where shards are on networks, the rest lies as it was placed.
        if (row.Shards.Any(stores.Networks.ContainsKey)) return null;
        var placer = stores.Placement.Of(row.Policy);
        return ForPolicy(row, placer) ?? ForEvenness(row, placer);
    }

    /// <summary>Takes note that a shard has moved: the next decisions count with it, long before the stores' own figures show it.</summary>
    public void Done(StoreId from, PlannedMove move)
    {
        Add(from, -move.Bytes);
        Add(move.Target.Id, move.Bytes);
    }

    private PlannedMove? ForPolicy(SegmentRow row, PolicyPlacer placer)
    {
        var now = Cost(placer, row, row.Shards);
        if (now == 0) return null;
        PlannedMove? best = null;
        var bestCost = now;
        for (var index = 0; index < row.Shards.Length; index++)
        {
            if (placer.PlaceOne(row.Id, row.Geometry, row.Shards.RemoveAt(index), row.Shards) is not { } target) continue;
            var cost = Cost(placer, row, row.Shards.SetItem(index, target.Id));
            if (cost < bestCost) (best, bestCost) = (new(index, target, LengthOf(row)), cost);
        }

        return best;
    }

    private PlannedMove? ForEvenness(SegmentRow row, PolicyPlacer placer)
    {
        var index = Enumerable.Range(0, row.Shards.Length).MaxBy(shard => FillOf(row.Shards[shard]));
        var (from, bytes) = (row.Shards[index], LengthOf(row));
        if (FillOf(from) <= allowed) return null;
        var target = placer.PlaceOne(row.Id, row.Geometry, row.Shards.RemoveAt(index), row.Shards, slot => fills.TryGetValue(slot.Id, out var fill) && (fill.Used + bytes) / fill.Capacity < mean);
        return target is null || Cost(placer, row, row.Shards.SetItem(index, target.Id)) > Cost(placer, row, row.Shards) ? null : new(index, target, bytes);
    }

    /// <summary>What is wrong with a placement: broken rules, then shards beyond the parity in one device, machine or operator, whose loss would lose the segment.</summary>
    private int Cost(PolicyPlacer placer, SegmentRow row, ImmutableArray<StoreId> placement)
    {
        const int rule = 10_000;
        var traits = placement.Select(id => stores.FindSlot(id)!.Traits).ToList();
        var excess = spreadKinds.Sum(kind => traits.GroupBy(one => Domains.Of(one, kind), StringComparer.Ordinal).Sum(group => Math.Max(0, group.Count() - row.Geometry.ParityShards)));
        return placer.Violations(row.Geometry, placement) * rule + excess;
    }

    private double FillOf(StoreId id) => fills.TryGetValue(id, out var fill) ? fill.Used / fill.Capacity : 0;

    private void Add(StoreId id, long bytes)
    {
        if (fills.TryGetValue(id, out var fill)) fills[id] = fill with { Used = fill.Used + bytes };
    }

    private static long LengthOf(SegmentRow row) => new ShardLayout(row.Geometry, row.PayloadLength).ShardLength;
}
