using Oort.Checksums;

namespace Oort.S3;

public readonly record struct S3Tag(string Key, string Value);

/// <summary>Body of CreateBucket.</summary>
/// <param name="LocationConstraint">Null where it is not given.</param>
/// <param name="BucketType">Of directory buckets ("Directory"); null otherwise.</param>
/// <param name="Tags">Tags to create the bucket with.</param>
public sealed record CreateBucketDocument(string? LocationConstraint, string? BucketType, IReadOnlyList<S3Tag> Tags);

/// <param name="ETag">Condition: only delete while it is the object's (as sent, perhaps quoted, perhaps "*"); null for none.</param>
/// <param name="LastModifiedTime">As sent; S3 supports it on directory buckets only.</param>
/// <param name="Size">As sent; S3 supports it on directory buckets only.</param>
public readonly record struct DeleteEntry(string Key, string? VersionId, string? ETag, string? LastModifiedTime, string? Size);

/// <summary>Body of DeleteObjects: 1 to 1,000 entries.</summary>
public sealed record DeleteDocument(IReadOnlyList<DeleteEntry> Objects, bool Quiet);

/// <param name="ETag">Without quotes.</param>
/// <param name="Checksums">As sent (base64, not yet decoded).</param>
public readonly record struct CompletedPart(int PartNumber, string ETag, IReadOnlyList<(ChecksumAlgorithm Algorithm, string Value)> Checksums);

/// <summary>Body of CompleteMultipartUpload: 1 to 10,000 parts, in the order sent.</summary>
public sealed record CompleteMultipartDocument(IReadOnlyList<CompletedPart> Parts);

/// <summary>Body of PutBucketVersioning.</summary>
/// <param name="Status">"Enabled" or "Suspended"; null where it is not given.</param>
/// <param name="MfaDelete">"Enabled" or "Disabled"; null where it is not given.</param>
public sealed record VersioningDocument(string? Status, string? MfaDelete);
