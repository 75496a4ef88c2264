using System.Collections.Immutable;
using Oort.Backends;
using Oort.Checksums;

namespace Oort.Metadata;

/// <summary>State of a bucket's versioning (S3 API: PutBucketVersioning).</summary>
public enum VersioningState : byte
{
    Unversioned = 0,
    Enabled = 1,
    Suspended = 2,
}

/// <summary>A bucket.</summary>
public sealed record BucketRow
{
    public required BucketId Id { get; init; }
    public required string Name { get; init; }
    public required string OwnerId { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required string Region { get; init; }
    public VersioningState Versioning { get; init; }

    /// <summary>Settings by name ("tagging", "cors", "policy", …), each the bytes its feature stores. Names are kept even when this program does not know them.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<byte>> Settings { get; init; } = ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty;

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>A client checksum as stored: the raw bytes, big-endian for the CRCs.</summary>
public sealed record StoredChecksum(ChecksumAlgorithm Algorithm, ChecksumType Type, ImmutableArray<byte> Value);

/// <summary>What an object carries besides its bytes.</summary>
public sealed record ObjectAttributes
{
    public static ObjectAttributes Empty { get; } = new();

    /// <summary>System headers as the client sent them, by lower-case name: content-type, content-encoding, content-disposition, content-language, cache-control, expires.</summary>
    public ImmutableSortedDictionary<string, string> Headers { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>User metadata by lower-case name without the "x-amz-meta-" prefix.</summary>
    public ImmutableSortedDictionary<string, string> UserMetadata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public StoredChecksum? Checksum { get; init; }

    /// <summary>Anything else by name (tags, locks, ACL, …): kept and passed on even when this program does not know it.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<byte>> Extensions { get; init; } = ImmutableSortedDictionary<string, ImmutableArray<byte>>.Empty;

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>One run of an object's bytes: the whole of one data id, or a part of it.</summary>
/// <param name="Data">Whose plaintext.</param>
/// <param name="Offset">First byte within the data id.</param>
/// <param name="Length">Count of bytes.</param>
/// <param name="PartNumber">Number of the multipart part that it is, or 0.</param>
/// <param name="PartChecksum">The part's checksum value (algorithm: the object's), empty if none.</param>
public sealed record Extent(DataId Data, long Offset, long Length, int PartNumber, ImmutableArray<byte> PartChecksum)
{
    /// <summary>Whether it belongs to a copy that was restored from an archive, not to the body itself. Those stand behind all others, in the order of the bytes from the first.</summary>
    public bool IsRestored { get; init; }

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the extent is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>A version of an object, or a delete marker.</summary>
public sealed record VersionRow
{
    public required BucketId Bucket { get; init; }
    public required string Key { get; init; }
    public required VersionId Id { get; init; }

    /// <summary>Written while the bucket was unversioned or suspended: its id towards clients is "null", and at most one per key exists.</summary>
    public bool IsNull { get; init; }

    public bool IsDeleteMarker { get; init; }

    /// <summary>Whether it is the key's newest. Filled in by the store on reading.</summary>
    public bool IsLatest { get; init; }

    public required DateTimeOffset LastModified { get; init; }
    public required string OwnerId { get; init; }
    public long Size { get; init; }

    /// <summary>Without quotes: hex MD5, or hex MD5 of MD5s with "-N".</summary>
    public string ETag { get; init; } = "";

    public string StorageClass { get; init; } = "STANDARD";
    public ObjectAttributes Attributes { get; init; } = ObjectAttributes.Empty;

    /// <summary>The object's bytes in order (<see cref="Body"/>), then those of a copy restored from an archive (<see cref="Restored"/>). Left empty by listings, which show no bytes.</summary>
    public ImmutableArray<Extent> Extents { get; init; } = [];

    /// <summary>The object's bytes in order.</summary>
    public ImmutableArray<Extent> Body => HasRestored ? [.. Extents.Where(extent => !extent.IsRestored)] : Extents;

    /// <summary>The bytes of a copy restored from an archive, from the first: all, or as far as restoring has come.</summary>
    public ImmutableArray<Extent> Restored => HasRestored ? [.. Extents.Where(extent => extent.IsRestored)] : [];

    /// <summary>Where the bytes are read: the restored copy once it is whole, otherwise the body.</summary>
    public ImmutableArray<Extent> Readable => HasRestored && Restored is var restored && restored.Sum(extent => extent.Length) == Size ? restored : Body;

    private bool HasRestored => Extents is [.., { IsRestored: true }];

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }

    /// <summary>Of a row that a change is to make: what is told of the change in its commit. Never stored.</summary>
    public ChangeAnnouncement? Announcement { get; init; }

    /// <summary>The id that a client sees.</summary>
    public string IdText => IsNull ? VersionId.NullText : Id.ToString();
}

/// <summary>An upload in progress.</summary>
public sealed record UploadRow
{
    public required BucketId Bucket { get; init; }
    public required string Key { get; init; }
    public required UploadId Id { get; init; }
    public required DateTimeOffset Initiated { get; init; }
    public required string OwnerId { get; init; }
    public string StorageClass { get; init; } = "STANDARD";
    public ObjectAttributes Attributes { get; init; } = ObjectAttributes.Empty;

    /// <summary>The algorithm and type announced at creation; None when none was.</summary>
    public ChecksumAlgorithm ChecksumAlgorithm { get; init; }
    public ChecksumType ChecksumType { get; init; }

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>An uploaded part.</summary>
public sealed record PartRow
{
    public required UploadId Upload { get; init; }
    public required int PartNumber { get; init; }
    public required DateTimeOffset LastModified { get; init; }
    public required long Size { get; init; }

    /// <summary>Hex MD5 without quotes.</summary>
    public required string ETag { get; init; }
    public StoredChecksum? Checksum { get; init; }

    /// <summary>The part's bytes in order. Left empty by listings, which show no bytes.</summary>
    public ImmutableArray<Extent> Extents { get; init; } = [];

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>Where sealed chunks of a data id lie: a run of a segment's payload.</summary>
/// <param name="Segment">Which segment.</param>
/// <param name="Offset">First byte in the segment's payload; a multiple of 64 in a pack, 0 in a segment of its own.</param>
/// <param name="Length">Sealed bytes: whole chunks, the last one of the data id perhaps short.</param>
public readonly record struct SegmentRun(SegmentId Segment, long Offset, long Length);

/// <summary>What the key of a data id is wrapped under besides the key-encryption key (docs/formats/segment.md §4).</summary>
/// <param name="Kind">1: a customer's key; 2: a key with a name; others are a newer program's, and cannot be opened.</param>
/// <param name="Name">Of a key with a name; otherwise empty.</param>
/// <param name="Version">Of a key with a name; otherwise 0.</param>
public sealed record DataNesting(int Kind, string Name, int Version);

/// <summary>A data id: its wrapped key and where its sealed chunks lie, in order.</summary>
public sealed record DataRow
{
    public required DataId Id { get; init; }

    /// <summary>Plaintext bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Version of the key-encryption key.</summary>
    public required int KeyVersion { get; init; }
    public required ImmutableArray<byte> WrappedKey { get; init; }
    public required ImmutableArray<SegmentRun> Runs { get; init; }

    /// <summary>Null: nothing but the key-encryption key.</summary>
    public DataNesting? Nesting { get; init; }

    /// <summary>The data id under which its chunks were sealed and its key was wrapped, where they were copied as they are; null: its own.</summary>
    public DataId? SealedAs { get; init; }

    /// <summary>What chunks and key name.</summary>
    public DataId SealedId => SealedAs ?? Id;

    /// <summary>The bucket that it was written for, which what it costs is put down to; null: not known. Versions of other buckets may share it.</summary>
    public BucketId? Bucket { get; init; }

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

/// <summary>A segment: its code and where its shards lie.</summary>
public sealed record SegmentRow
{
    public required SegmentId Id { get; init; }
    public required Geometry Geometry { get; init; }

    /// <summary>Sealed bytes of payload, without padding and parity.</summary>
    public required long PayloadLength { get; init; }

    /// <summary>Counts the changes of <see cref="Shards"/>; a change names the one it replaces (compare-and-swap).</summary>
    public int PlacementGeneration { get; init; }

    /// <summary>Store of each shard by index; <see cref="StoreId.None"/> where it is missing. Length k + m.</summary>
    public required ImmutableArray<StoreId> Shards { get; init; }

    /// <summary>Name of the placement policy that it was written under; empty: the default one. It is moved and repaired under the policy of this name as it is then.</summary>
    public string Policy { get; init; } = "";

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }

    /// <summary>All shards are placed: state `full`; otherwise `quorum`.</summary>
    public bool IsFull => !Shards.Contains(StoreId.None);
}

/// <summary>A store that this gateway places on, or has placed on.</summary>
public sealed record StoreRow
{
    public required StoreId Id { get; init; }
    public required string Location { get; init; }
    public StoreState State { get; init; }

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }
}

public enum StoreState : byte
{
    Active = 0,

    /// <summary>Takes no new shards; what it holds is moved away.</summary>
    Draining = 1,

    /// <summary>Removed or given up: nothing is expected of it any more.</summary>
    Removed = 2,
}
