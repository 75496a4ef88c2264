using Oort.Checksums;

namespace Oort.S3;

/// <summary>An account as listings show it.</summary>
public readonly record struct S3Owner(string Id, string DisplayName);

public readonly record struct ListedBucket(string Name, DateTimeOffset Created, string? Region = null);

/// <summary>A restore as listings show it.</summary>
/// <param name="Expires">When it ends; null: it is under way.</param>
public readonly record struct ListedRestore(DateTimeOffset? Expires);

/// <param name="ETag">Without quotes.</param>
/// <param name="Owner">Null where the listing does not show it (V2 without fetch-owner).</param>
/// <param name="ChecksumAlgorithm">None where no checksum is stored.</param>
/// <param name="Restore">Null where it was not asked for, or there is none.</param>
public readonly record struct ListedObject(string Key, DateTimeOffset LastModified, string ETag, long Size, string StorageClass, S3Owner? Owner, ChecksumAlgorithm ChecksumAlgorithm, ChecksumType ChecksumType, ListedRestore? Restore = null);

/// <summary>A version or, where <paramref name="IsDeleteMarker"/>, a delete marker (whose ETag, size and class do not count).</summary>
public readonly record struct ListedVersion(string Key, string VersionId, bool IsLatest, bool IsDeleteMarker, DateTimeOffset LastModified, string ETag, long Size, string StorageClass, S3Owner Owner, ChecksumAlgorithm ChecksumAlgorithm, ChecksumType ChecksumType, ListedRestore? Restore = null);

/// <param name="ChecksumAlgorithm">None: the upload was created without one.</param>
public readonly record struct ListedUpload(string Key, string UploadId, S3Owner Initiator, S3Owner Owner, string StorageClass, DateTimeOffset Initiated, ChecksumAlgorithm ChecksumAlgorithm, ChecksumType ChecksumType);

/// <param name="Checksum">Base64; null where none is stored.</param>
public readonly record struct ListedPart(int PartNumber, DateTimeOffset LastModified, string ETag, long Size, ChecksumAlgorithm ChecksumAlgorithm, string? Checksum);

public sealed record ListBucketsResult(S3Owner Owner, IReadOnlyCollection<ListedBucket> Buckets, string? ContinuationToken, string? Prefix);

/// <summary>ListObjects (V1).</summary>
/// <param name="NextMarker">Null where it is not sent: only a truncated listing with a delimiter has one.</param>
public sealed record ListObjectsResult(string Name, string Prefix, string Marker, int MaxKeys, string? Delimiter, bool IsTruncated, string? NextMarker, IEnumerable<ListedObject> Contents, IEnumerable<string> CommonPrefixes, bool UrlEncoded);

public sealed record ListObjectsV2Result(string Name, string Prefix, string? StartAfter, string? ContinuationToken, string? NextContinuationToken, int KeyCount, int MaxKeys, string? Delimiter, bool IsTruncated, IEnumerable<ListedObject> Contents, IEnumerable<string> CommonPrefixes, bool UrlEncoded);

public sealed record ListVersionsResult(string Name, string Prefix, string KeyMarker, string VersionIdMarker, string? NextKeyMarker, string? NextVersionIdMarker, int MaxKeys, string? Delimiter, bool IsTruncated, IEnumerable<ListedVersion> Versions, IEnumerable<string> CommonPrefixes, bool UrlEncoded);

public sealed record ListUploadsResult(string Bucket, string Prefix, string KeyMarker, string UploadIdMarker, string? NextKeyMarker, string? NextUploadIdMarker, int MaxUploads, string? Delimiter, bool IsTruncated, IEnumerable<ListedUpload> Uploads, IEnumerable<string> CommonPrefixes, bool UrlEncoded);

public sealed record ListPartsResult(string Bucket, string Key, string UploadId, S3Owner Initiator, S3Owner Owner, string StorageClass, int PartNumberMarker, int NextPartNumberMarker, int MaxParts, bool IsTruncated, IEnumerable<ListedPart> Parts, ChecksumAlgorithm ChecksumAlgorithm, ChecksumType ChecksumType, bool UrlEncoded = false);

/// <summary>A checksum as answers show it.</summary>
/// <param name="Value">Base64; composite ones with "-N".</param>
/// <param name="Type">Null where the answer does not tell it.</param>
public readonly record struct ShownChecksum(ChecksumAlgorithm Algorithm, string Value, ChecksumType? Type);

public sealed record CopyResult(string ETag, DateTimeOffset LastModified, ShownChecksum? Checksum);

public sealed record CompleteResult(string Location, string Bucket, string Key, string ETag, ShownChecksum? Checksum);

/// <summary>One line of a DeleteObjects answer: deleted where <paramref name="Error"/> is null.</summary>
/// <param name="VersionId">As the client gave it.</param>
/// <param name="IsDeleteMarker">A marker was made, or the deleted version was one.</param>
/// <param name="DeleteMarkerVersionId">Version id of that marker.</param>
public readonly record struct DeleteResultEntry(string Key, string? VersionId, bool IsDeleteMarker = false, string? DeleteMarkerVersionId = null, S3Error? Error = null, string? Message = null);

/// <summary>The attributes asked for; null is left out.</summary>
public sealed record ObjectAttributesResult(string? ETag, ShownChecksum? Checksum, ObjectPartsResult? Parts, string? StorageClass, long? ObjectSize);

/// <param name="Parts">Null: only the count is known (no checksums are stored, so S3 lists no parts).</param>
public sealed record ObjectPartsResult(int TotalPartsCount, int PartNumberMarker, int NextPartNumberMarker, int MaxParts, bool IsTruncated, IEnumerable<ListedPart>? Parts);
