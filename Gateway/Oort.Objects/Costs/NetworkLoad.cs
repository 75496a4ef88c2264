using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Networks;
using Oort.Objects.Shards;

namespace Oort.Objects.Costs;

/// <summary>Items of one length.</summary>
internal readonly record struct ItemGroup(long Length, long Count);

/// <summary>Shards of one length that go to a network.</summary>
/// <param name="Reads">Reads that it takes to get all objects that one is of.</param>
internal readonly record struct ShardGroup(long Length, long Count, long Reads);

/// <summary>What lies on a network: the items, which are paid for, and the shards in them, which are read.</summary>
internal sealed record NetworkLoad(ImmutableArray<ItemGroup> Items, ImmutableArray<ShardGroup> Shards)
{
    public long ItemCount => Items.Sum(group => group.Count);

    public double Bytes => Items.Sum(group => (double)group.Length * group.Count);

    /// <summary>What the planner makes of shards: items of their own, or bundles, which are closed when they are large enough.</summary>
    /// <param name="count">Shards of each segment.</param>
    public static NetworkLoad Of(ImmutableArray<SegmentGroup> segments, Geometry geometry, int count, NetworkTraits traits, NetworkOptions networks, int readRunBytes)
    {
        var shards = segments.Select(group => ShardsOf(group, geometry, count, readRunBytes)).ToImmutableArray();
        var items = ImmutableArray.CreateBuilder<ItemGroup>();
        foreach (var group in shards)
        {
            if (group.Length >= traits.BundleBelow)
            {
                items.Add(new(group.Length, group.Count));
                continue;
            }

            var target = Math.Min(networks.BundleBytes, traits.ItemLengthMax);
            var fitting = Math.Min(traits.ItemLengthMax / group.Length, MetadataLimits.ItemShardCountMax);
            var each = Math.Clamp((target + group.Length - 1) / group.Length, 1, Math.Max(1, Math.Min(fitting, group.Count)));
            var (bundles, rest) = Math.DivRem(group.Count, each);
            items.Add(new(each * group.Length, bundles));
            if (rest > 0) items.Add(new(rest * group.Length, 1));
        }

        return new(items.ToImmutable(), shards);
    }

    /// <summary>A client that reads all of a segment reads its first stripe, then runs of whole stripes, then the short one at the end, each with one read from each store.</summary>
    /// <param name="readRunBytes">Payload bytes of such a run.</param>
    private static ShardGroup ShardsOf(SegmentGroup group, Geometry geometry, int count, int readRunBytes)
    {
        var layout = new ShardLayout(geometry, group.PayloadLength);
        var run = Math.Max(1, readRunBytes / ((long)geometry.DataShards * ShardLayout.FullCellSize));
        var reads = layout.FullStripeCount == 0 ? 1 : 1 + (layout.FullStripeCount + run - 1) / run + (layout.LastCellSize > 0 ? 1 : 0);
        return new(layout.ShardLength, group.Count * count, Math.Max(group.ObjectCount, reads));
    }
}
