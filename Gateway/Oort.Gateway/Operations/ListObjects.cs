using System.Collections.Frozen;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>ListObjects and ListObjectsV2: current objects in the order of their keys' UTF-8 bytes, a page at a time.</summary>
internal static class ListObjects
{
    public static async ValueTask HandleV1Async(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var names = new ListingNames(request);
        var limit = Arguments.PageSize(request, "max-keys");
        var marker = request.Query("marker") ?? "";
        var page = await context.ListObjectsAsync(bucket, new(bucket.Id, names.Prefix, names.Delimiter, marker, limit), cancellationToken);
        var restores = await FindRestoresAsync(context, request, bucket, page, cancellationToken);

        // Without a delimiter the last key is the next marker, and S3 leaves it to the client (S3 API: ListObjects, "NextMarker").
        var nextMarker = page.IsTruncated && names.ShownDelimiter is not null ? page.Last : null;
        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListObjectsResult(
                bucket.Name,
                names.Prefix,
                marker,
                limit,
                names.ShownDelimiter,
                page.IsTruncated,
                nextMarker,
                page.Objects.Select(entry => Show(entry, context.OwnerIn(request, bucket, entry.OwnerId), restores)),
                page.CommonPrefixes,
                names.IsUrlEncoded),
            cancellationToken);
    }

    public static async ValueTask HandleV2Async(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var names = new ListingNames(request);
        var limit = Arguments.PageSize(request, "max-keys");
        var startAfter = request.Query("start-after");
        var token = request.Query("continuation-token");
        var after = token is null or "" ? startAfter ?? "" : ContinuationToken.Decode(token);
        var withOwner = string.Equals(request.Query("fetch-owner"), "true", StringComparison.OrdinalIgnoreCase);
        var page = await context.ListObjectsAsync(bucket, new(bucket.Id, names.Prefix, names.Delimiter, after, limit), cancellationToken);
        var restores = await FindRestoresAsync(context, request, bucket, page, cancellationToken);

        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListObjectsV2Result(
                bucket.Name,
                names.Prefix,
                startAfter,
                token,
                page.IsTruncated ? ContinuationToken.Encode(page.Last) : null,
                page.Objects.Length + page.CommonPrefixes.Length,
                limit,
                names.ShownDelimiter,
                page.IsTruncated,
                page.Objects.Select(entry => Show(entry, withOwner ? context.OwnerIn(request, bucket, entry.OwnerId) : null, restores)),
                page.CommonPrefixes,
                names.IsUrlEncoded),
            cancellationToken);
    }

    /// <returns>Empty where it was not asked for.</returns>
    private static ValueTask<FrozenDictionary<string, ListedRestore>> FindRestoresAsync(OperationContext context, S3Request request, BucketRow bucket, ListObjectsPage page, CancellationToken cancellationToken) =>
        ListedRestores.AreWanted(request) ? ListedRestores.FindAsync(context, bucket, page.Objects, cancellationToken) : new(FrozenDictionary<string, ListedRestore>.Empty);

    private static ListedObject Show(ObjectEntry entry, S3Owner? owner, FrozenDictionary<string, ListedRestore> restores) => new(
        entry.Key,
        entry.LastModified,
        entry.ETag,
        entry.Size,
        entry.StorageClass,
        owner,
        entry.ChecksumAlgorithm,
        entry.ChecksumType,
        restores.TryGetValue(entry.Key, out var restore) ? restore : null);
}
