using System.Globalization;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;

namespace Oort.Conformance.Harness;

/// <summary>Everything that clients can see of a gateway's buckets, one line a version, with the digest of its bytes.</summary>
internal static class WorldDump
{
    private const int ReadersMax = 8;

    /// <summary>Lines by "bucket/key@version", comparable between two moments.</summary>
    public static async Task<SortedDictionary<string, string>> TakeAsync(IAmazonS3 client)
    {
        var world = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var bucket in (await client.ListBucketsAsync()).Buckets ?? [])
        {
            var versioning = (await client.GetBucketVersioningAsync(bucket.BucketName)).VersioningConfig.Status?.Value;
            world[$"{bucket.BucketName}/"] = string.Create(CultureInfo.InvariantCulture, $"{bucket.CreationDate?.ToUniversalTime():O} {versioning}");
            await Parallel.ForEachAsync(await VersionsAsync(client, bucket.BucketName), new ParallelOptions { MaxDegreeOfParallelism = ReadersMax }, async (version, _) =>
            {
                var line = await DescribeAsync(client, bucket.BucketName, version);
                lock (world) world[$"{bucket.BucketName}/{version.Key}@{version.VersionId}"] = line;
            });
        }

        return world;
    }

    /// <summary>Entries that are not the same in both, at most ten, for a test's message.</summary>
    public static string Differences(SortedDictionary<string, string> before, SortedDictionary<string, string> after) =>
        string.Join('\n', before.Keys.Union(after.Keys)
            .Where(k => before.GetValueOrDefault(k) != after.GetValueOrDefault(k))
            .Take(10)
            .Select(k => $"{k}\n  before: {before.GetValueOrDefault(k, "absent")}\n  after:  {after.GetValueOrDefault(k, "absent")}"));

    public static async Task<List<S3ObjectVersion>> VersionsAsync(IAmazonS3 client, string bucket)
    {
        var versions = new List<S3ObjectVersion>();
        var request = new ListVersionsRequest { BucketName = bucket };
        ListVersionsResponse page;
        do
        {
            page = await client.ListVersionsAsync(request);
            versions.AddRange(page.Versions ?? []);
            request.KeyMarker = page.NextKeyMarker;
            request.VersionIdMarker = page.NextVersionIdMarker;
        }
        while (page.IsTruncated == true);
        return versions;
    }

    private static async Task<string> DescribeAsync(IAmazonS3 client, string bucket, S3ObjectVersion version)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{version.LastModified?.ToUniversalTime():O} latest={version.IsLatest} marker={version.IsDeleteMarker}");
        if (version.IsDeleteMarker == true) return line;
        using var response = await client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = version.Key, VersionId = version.VersionId });
        var digest = Convert.ToHexString(await SHA256.HashDataAsync(response.ResponseStream));
        var metadata = string.Join(',', response.Metadata.Keys.Order(StringComparer.Ordinal).Select(k => $"{k}={response.Metadata[k]}"));
        return string.Create(CultureInfo.InvariantCulture, $"{line} size={version.Size}/{response.ContentLength} etag={version.ETag}/{response.ETag} type={response.Headers.ContentType} {metadata} {digest}");
    }
}
