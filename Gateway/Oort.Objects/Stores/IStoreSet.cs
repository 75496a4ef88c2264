using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Where the segments of one placement policy go.</summary>
public interface IPlacer
{
    /// <summary>The policy's name as its segments carry it; empty for the default one.</summary>
    string Policy { get; }

    /// <summary>Code for new segments: what the policy says, or by the number of stores that it allows.</summary>
    Geometry Geometry { get; }

    /// <summary>Where the shards of a new segment go: the store of each shard index, within the policy, in proportion to free space, speed, price and reputation, and turned from segment to segment so that parity is spread like data.</summary>
    /// <returns>k + m places, each another store; null where there is none for it (the shard is then missing, to be repaired later).</returns>
    ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry);
}

/// <summary>The stores of this gateway as writer, reader, repair and journal see them; itself the placer of the default policy.</summary>
public interface IStoreSet : IPlacer
{
    string IPlacer.Policy => "";

    /// <summary>Whether there are policies beside the default one: otherwise nothing need be asked of segments.</summary>
    bool HasPolicies => false;

    /// <summary>The placer of new objects.</summary>
    IPlacer PlacerFor(BucketId bucket, string storageClass) => this;

    /// <summary>The placer of a segment's policy, by the name in its row.</summary>
    IPlacer PlacerOf(string policy) => this;

    /// <summary>The store, or null when it is offline or unknown.</summary>
    IStore? Find(StoreId id);

    /// <summary>Whether a store is to be read from only where others do not suffice: it is suspended or disqualified, or a network whose last reads have failed.</summary>
    bool IsLastResort(StoreId id) => false;

    /// <summary>Whether some stores are far away, or so much farther than others that reads should choose.</summary>
    bool DoDistancesMatter => false;

    /// <summary>Mean round trip of late, in milliseconds; 0 while it is not known.</summary>
    double LatencyOf(StoreId id) => 0;

    /// <summary>Tells that a store failed at something, so that its health is looked at: Permanent takes it offline at once, Full stops placement on it, others count.</summary>
    void Report(StoreId id, BackendException failure);

    /// <summary>Tells that something which was read did not open, and that a store may have given other bytes than it has: what is kept of it on the way is not used again.</summary>
    void Doubt(StoreId id)
    {
    }

    /// <summary>Tells that a read for a client failed, or that its store let it wait until others had served it: where the store is audited, it is asked for the same again.</summary>
    void Complain(StoreId id, ShardId shard, long offset, int length)
    {
    }
}

/// <summary>Why a segment should be looked at.</summary>
public enum RepairReason
{
    /// <summary>Written to a quorum only.</summary>
    WrittenPartly,

    /// <summary>A cell was bad, missing or unreadable when it was read.</summary>
    BadShard,

    /// <summary>A store was replaced or is draining.</summary>
    StoreChanged,

    /// <summary>Its store says itself that the shard is damaged, or has not shown it for so long that it counts as lost: it is written anew, whatever a look at it shows.</summary>
    Reported,
}

/// <summary>Takes segments whose shards need repair. Bounded: when full, the request is dropped and the next scan of segments finds it again.</summary>
public interface IRepairQueue
{
    /// <param name="badShard">Index of a shard known to be bad though its store holds something under its id; −1 when none is.</param>
    void Enqueue(SegmentId segment, int badShard, RepairReason reason);
}

/// <summary>Keeps segments from being deleted while somebody reads them.</summary>
public interface ISegmentPins
{
    /// <summary>Pins until disposed. Counts nest.</summary>
    IDisposable Pin(ImmutableArray<SegmentId> segments);

    bool IsPinned(SegmentId segment);
}
