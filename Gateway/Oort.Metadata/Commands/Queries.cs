using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata;

/// <summary>One page of a listing of current objects, in the order of the keys' UTF-8 bytes.</summary>
/// <param name="After">Keys after this one ("" for the start). When it ends with the delimiter and names a common prefix, that prefix is skipped whole.</param>
/// <param name="Limit">Keys and common prefixes together, 1 to 1,000; 0 answers an empty page that is not truncated.</param>
public sealed record ListObjectsQuery(BucketId Bucket, string Prefix, string Delimiter, string After, int Limit);

/// <summary>A current object as a listing shows it.</summary>
public sealed record ObjectEntry(string Key, long Size, string ETag, DateTimeOffset LastModified, string StorageClass, string OwnerId, Oort.Checksums.ChecksumAlgorithm ChecksumAlgorithm, Oort.Checksums.ChecksumType ChecksumType);

/// <param name="Last">The last key or common prefix of the page: what to go on after. Empty when the page is.</param>
public sealed record ListObjectsPage(ImmutableArray<ObjectEntry> Objects, ImmutableArray<string> CommonPrefixes, bool IsTruncated, string Last);

/// <summary>One page of all versions: keys in byte order, versions of a key newest first.</summary>
/// <param name="AfterVersionId">With <paramref name="AfterKey"/>: go on after this version of that key (text id or "null"); null: after all versions of it.</param>
public sealed record ListVersionsQuery(BucketId Bucket, string Prefix, string Delimiter, string AfterKey, string? AfterVersionId, int Limit);

/// <param name="Versions">Without extents.</param>
/// <param name="LastVersionId">What to go on after: always the internal id, of a null version too, so that the place is kept when that version is replaced or deleted. Null when the page ends with a common prefix.</param>
public sealed record ListVersionsPage(ImmutableArray<VersionRow> Versions, ImmutableArray<string> CommonPrefixes, bool IsTruncated, string LastKey, string? LastVersionId);

/// <summary>One page of uploads in progress: by key, then by upload id, which begins with the time of initiation (<see cref="UploadId.Create"/>).</summary>
public sealed record ListUploadsQuery(BucketId Bucket, string Prefix, string Delimiter, string AfterKey, UploadId? AfterUpload, int Limit);

public sealed record ListUploadsPage(ImmutableArray<UploadRow> Uploads, ImmutableArray<string> CommonPrefixes, bool IsTruncated, string LastKey, UploadId? LastUpload);

/// <param name="Parts">By part number; without extents.</param>
public sealed record ListPartsPage(ImmutableArray<PartRow> Parts, bool IsTruncated);

/// <summary>A data id with the segments its runs lie in, by id.</summary>
public sealed record DataLocation(DataRow Data, ImmutableDictionary<SegmentId, SegmentRow> Segments);

/// <summary>A version with where its data lies, of one instant.</summary>
/// <param name="Data">In order of the extents, each data id once; data that is gone is left out. Default (not there) for a version of more than
/// <see cref="MetadataLimits.FoundDataMax"/> extents: the caller asks <see cref="IMetadataStore.LocateAsync"/> for what it needs.</param>
public sealed record FoundVersion(VersionRow Version, ImmutableArray<DataLocation> Data)
{
    /// <summary>About what it takes in memory, with the strings and rows that belong to it.</summary>
    internal int EstimatedBytes { get; } = Estimate(Version, Data);

    private static int Estimate(VersionRow version, ImmutableArray<DataLocation> data)
    {
        const int rowSize = 640; // The row, its strings but for the key, an extent, and its places in dictionaries.
        const int pairSize = 200;
        const int locationSize = 900; // A data row with key and run, and the segment's row with its stores.
        var attributes = version.Attributes;
        var size = rowSize + 2 * version.Key.Length + (attributes.Headers.Count + attributes.UserMetadata.Count + attributes.Extensions.Count) * pairSize;
        foreach (var (name, value) in attributes.UserMetadata) size += 2 * (name.Length + value.Length);
        foreach (var (name, value) in attributes.Headers) size += 2 * (name.Length + value.Length);
        foreach (var (name, value) in attributes.Extensions) size += 2 * name.Length + value.Length;
        size += version.Extents.Length * pairSize + version.UnknownFields.Length + attributes.UnknownFields.Length;
        return size + (data.IsDefault ? 0 : data.Sum(location => locationSize + location.Data.Runs.Length * pairSize));
    }
}

/// <summary>Totals that operators ask for.</summary>
public sealed record MetadataTotals(long Buckets, long Objects, long Versions, long Uploads, long LogicalBytes, long Segments, long SegmentsNotFull, long PayloadBytes, long LiveBytes);
