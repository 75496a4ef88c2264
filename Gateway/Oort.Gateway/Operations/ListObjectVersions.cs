using Oort.Checksums;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>ListObjectVersions: keys in byte order, of each the versions and delete markers, newest first.</summary>
internal static class ListObjectVersions
{
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var names = new ListingNames(request);
        var limit = Arguments.PageSize(request, "max-keys");
        var keyMarker = request.Query("key-marker") ?? "";
        var versionMarker = request.Query("version-id-marker") ?? "";
        CheckMarkers(keyMarker, versionMarker);

        var query = new ListVersionsQuery(bucket.Id, names.Prefix, names.Delimiter, keyMarker, versionMarker.Length > 0 ? versionMarker : null, limit);
        DateTimeOffset? restoresAt = ListedRestores.AreWanted(request) ? context.Time.GetUtcNow() : null;
        var page = await context.Metadata.ListVersionsAsync(query, cancellationToken);
        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListVersionsResult(
                bucket.Name,
                names.Prefix,
                keyMarker,
                versionMarker,
                page.IsTruncated ? page.LastKey : null,
                page.IsTruncated ? page.LastVersionId : null,
                limit,
                names.ShownDelimiter,
                page.IsTruncated,
                page.Versions.Select(version => Show(context, request, bucket, version, restoresAt)),
                page.CommonPrefixes,
                names.IsUrlEncoded),
            cancellationToken);
    }

    /// <param name="restoresAt">When restores are to be looked at; null: they are not shown.</param>
    private static ListedVersion Show(OperationContext context, S3Request request, BucketRow bucket, VersionRow version, DateTimeOffset? restoresAt) => new(
        version.Key,
        version.IdText,
        version.IsLatest,
        version.IsDeleteMarker,
        version.LastModified,
        version.ETag,
        version.Size,
        version.StorageClass,
        context.OwnerIn(request, bucket, version.OwnerId),
        version.Attributes.Checksum?.Algorithm ?? ChecksumAlgorithm.None,
        version.Attributes.Checksum?.Type ?? ChecksumType.FullObject,
        restoresAt is { } now ? ListedRestores.Of(version, now) : null);

    private static void CheckMarkers(string key, string versionId)
    {
        if (versionId.Length == 0) return;
        if (key.Length == 0) throw Arguments.Invalid("version-id-marker", versionId, "A version-id marker cannot be specified without a key marker.");
        if (versionId != VersionId.NullText && !VersionId.TryParse(versionId, out _))
            throw Arguments.Invalid("version-id-marker", versionId, "Invalid version id specified");
    }
}
