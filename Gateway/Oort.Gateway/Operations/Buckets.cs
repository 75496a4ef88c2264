using Oort.Gateway.Settings;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>HeadBucket, DeleteBucket, GetBucketLocation and ListBuckets.</summary>
internal static class Buckets
{
    public static async ValueTask HeadAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var headers = request.Http.Response.Headers;
        headers["x-amz-bucket-region"] = bucket.Region;
        headers["x-amz-access-point-alias"] = "false";
        // What goes there can be made unreadable, not deleted: whoever must know is told.
        if (context.Tiering.PermanentStoresOf(bucket.Id) is { IsEmpty: false } permanent) headers["x-oort-permanent-stores"] = string.Join(", ", permanent);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var outcome = await context.Metadata.DeleteBucketAsync(bucket.Id, cancellationToken);
        if (outcome == CommitOutcome.BucketNotEmpty) throw new S3Exception(S3Errors.BucketNotEmpty, null, ("BucketName", bucket.Name));
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        await StoredConfigurations.ForgetAsync(context.Metadata, bucket.Id, CancellationToken.None);
        Answers.Empty(request, 204);
    }

    public static async ValueTask GetLocationAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await S3Xml.WriteLocationAsync(Answers.Xml(request), bucket.Region, cancellationToken);
    }

    /// <summary>The caller's buckets by name.</summary>
    public static async ValueTask ListAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var prefix = request.Query("prefix") ?? "";
        var region = request.Query("bucket-region");
        var after = request.Query("continuation-token") is { Length: > 0 } token ? ContinuationToken.Decode(token) : "";
        var limit = request.Query("max-buckets") is { } text ? Arguments.Number(text, "max-buckets", 1, Limits.BucketPage) : Limits.BucketPage;
        var (buckets, isTruncated) = await FindAsync(context, request.Principal.OwnerId, prefix, region, after, limit, cancellationToken);

        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListBucketsResult(
                context.Owner(request, request.Principal.OwnerId),
                [.. buckets.Select(bucket => new ListedBucket(bucket.Name, bucket.Created, bucket.Region))],
                isTruncated ? ContinuationToken.Encode(buckets[^1].Name) : null,
                prefix.Length > 0 ? prefix : null),
            cancellationToken);
    }

    /// <summary>Reads pages until enough buckets of the region are found; one more than the limit tells whether there are more.</summary>
    private static async ValueTask<(List<BucketRow> Buckets, bool IsTruncated)> FindAsync(
        OperationContext context,
        string owner,
        string prefix,
        string? region,
        string after,
        int limit,
        CancellationToken cancellationToken)
    {
        var found = new List<BucketRow>();
        while (true)
        {
            var page = await context.Metadata.ListBucketsAsync(owner, prefix, after, limit + 1, cancellationToken);
            foreach (var bucket in page)
            {
                if (region is { Length: > 0 } && bucket.Region != region) continue;
                if (found.Count == limit) return (found, true);
                found.Add(bucket);
            }

            if (page.Length <= limit) return (found, false);
            after = page[^1].Name;
        }
    }
}
