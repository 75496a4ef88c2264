namespace Oort.Metadata;

/// <summary>What is wrong in the metadata.</summary>
public enum MetadataProblemKind
{
    /// <summary>A record cannot be read.</summary>
    BadRecord,

    /// <summary>A version or part names data that is not there.</summary>
    DataMissing,

    /// <summary>Data lies in a segment that is not there.</summary>
    SegmentMissing,

    /// <summary>Data that nothing refers to.</summary>
    DataUnreferenced,

    /// <summary>Versions of a bucket that is not there.</summary>
    BucketMissing,

    /// <summary>Parts of an upload that is not there.</summary>
    UploadMissing,

    /// <summary>Two buckets have one name.</summary>
    BucketTwice,

    /// <summary>A key has more than one null version.</summary>
    NullVersionTwice,

    /// <summary>A count of references is wrong.</summary>
    References,

    /// <summary>What lives in a segment is counted or indexed wrongly.</summary>
    SegmentUse,

    /// <summary>The index from stores to segments is wrong.</summary>
    Placement,

    /// <summary>A listing would not show the newest versions.</summary>
    Head,

    /// <summary>A total is wrong.</summary>
    Total,

    /// <summary>What a bucket or an account uses is counted wrongly.</summary>
    Usage,

    /// <summary>An item on an outside network is counted or indexed wrongly, or a shard is in one that is not there.</summary>
    Item,
}

/// <summary>Something wrong in the metadata, found by a check or while it was rebuilt.</summary>
/// <param name="Detail">Which row, and how; for people.</param>
public sealed record MetadataProblem(MetadataProblemKind Kind, string Detail);
