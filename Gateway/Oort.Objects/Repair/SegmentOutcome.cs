using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>What a look at one shard showed.</summary>
internal enum ShardCondition
{
    /// <summary>Every byte is right.</summary>
    Good,

    /// <summary>The row names no store for it.</summary>
    Unplaced,

    /// <summary>Its store is offline: the shard may be good.</summary>
    Away,

    /// <summary>Its store does not have it.</summary>
    Absent,

    /// <summary>Its store has it, but header, a cell or its table entry are wrong, or cannot be read.</summary>
    Bad,

    /// <summary>Its store is no longer part of the cluster.</summary>
    GivenUp,
}

/// <summary>What became of a look at one segment.</summary>
/// <param name="Conditions">Of each shard, as it was found.</param>
/// <param name="Repaired">Shards that were written anew, verified as they were made, and are in the row.</param>
/// <param name="Moved">Good shards that were moved away from a draining store.</param>
/// <param name="Readable">At least k good cells of every stripe could be read.</param>
/// <param name="Remaining">Shards that are still missing or bad, since no store could take them.</param>
internal sealed record SegmentOutcome(
    ImmutableArray<ShardCondition> Conditions,
    ImmutableArray<int> Repaired,
    ImmutableArray<int> Moved,
    bool Readable,
    int Remaining,
    long BytesRead,
    ImmutableArray<(ShardId Shard, StoreId Store)> Replaced)
{
    /// <summary>The segment was dropped meanwhile: nothing is left to be looked at.</summary>
    public static SegmentOutcome Gone { get; } = new([], [], [], Readable: true, Remaining: 0, BytesRead: 0, []);

    /// <summary>Shards that were found bad on the way and not written anew: for the next look.</summary>
    public ImmutableArray<int> Suspects => [.. Enumerable.Range(0, Conditions.Length).Where(index => Conditions[index] == ShardCondition.Bad && !Repaired.Contains(index))];

    /// <summary>Shards that are missing or wrong for sure: what a store that is away holds is not counted.</summary>
    public int BadCount => Conditions.Count(condition => condition is ShardCondition.Unplaced or ShardCondition.Absent or ShardCondition.Bad or ShardCondition.GivenUp);
}
