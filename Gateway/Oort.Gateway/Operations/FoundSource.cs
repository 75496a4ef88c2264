using System.Globalization;
using Oort.Gateway.Access;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What CopyObject and UploadPartCopy read from: x-amz-copy-source and the conditions on it.</summary>
/// <param name="Bucket">The source's bucket.</param>
/// <param name="Version">Never a delete marker.</param>
/// <param name="IsVersionNamed">The request named the version.</param>
internal sealed record FoundSource(BucketRow Bucket, VersionRow Version, bool IsVersionNamed)
{
    public static async ValueTask<FoundSource> FindAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var header = CopySourceHeader.Parse(request.Header("x-amz-copy-source") ?? "");
        OperationContext.CheckVersionId(header.VersionId);
        var bucket = await context.FindBucketAsync(request, header.Bucket, "x-amz-source-expected-bucket-owner", cancellationToken);
        var version = await context.Metadata.FindVersionAsync(bucket.Id, header.Key, header.VersionId, cancellationToken);
        context.Gate.EnsureObject(request, bucket, RequiredRights.ToRead(bucket.Name, header.Key, header.VersionId), version);
        context.Gate.EnsurePays(request, bucket);
        if (version is { IsDeleteMarker: true } && header.VersionId is not null)
            throw new S3Exception(S3Errors.InvalidRequest, "The source of a copy request may not specifically refer to a delete marker by version id.");
        if (version is null or { IsDeleteMarker: true })
        {
            throw header.VersionId is null
                ? new S3Exception(S3Errors.NoSuchKey, null, ("Key", header.Key))
                : new S3Exception(S3Errors.NoSuchVersion, null, ("Key", header.Key), ("VersionId", header.VersionId));
        }

        Conditions.CheckCopySource(request, version);
        ArchivedObjects.CheckSource(context, version);
        return new(bucket, version, header.VersionId is not null);
    }

    /// <summary>All of it.</summary>
    /// <exception cref="S3Exception">InvalidRequest: more than one copy may move.</exception>
    public CopySource Whole()
    {
        if (Version.Size <= Limits.SinglePut) return new(Version, 0, Version.Size);
        throw new S3Exception(
            S3Errors.InvalidRequest,
            $"The specified copy source is larger than the maximum allowable size for a copy source: {Limits.SinglePut.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>x-amz-copy-source-version-id, where the source's bucket has versions.</summary>
    public void WriteVersionId(S3Request request)
    {
        if (Bucket.Versioning != VersioningState.Unversioned) request.Http.Response.Headers["x-amz-copy-source-version-id"] = Version.IdText;
    }
}
