using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>The stores of this gateway as writer, reader, repair and journal see them.</summary>
public interface IStoreSet
{
    /// <summary>Code for new segments, by the number of active stores.</summary>
    Geometry Geometry { get; }

    /// <summary>Where the shards of a new segment go: the store of each shard index, spread over failure domains and turned from segment to segment so that load and parity spread evenly.</summary>
    /// <returns>k + m places; null where the store for it is offline, full or read-only (the shard is then missing, to be repaired later).</returns>
    ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry);

    /// <summary>The store, or null when it is offline or unknown.</summary>
    IStore? Find(StoreId id);

    /// <summary>Tells that a store failed at something, so that its health is looked at: Permanent takes it offline at once, Full stops placement on it, others count.</summary>
    void Report(StoreId id, BackendException failure);
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
