using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using Shouldly;

namespace Oort.Conformance.Drills;

/// <summary>Fills a gateway with what users leave behind: sizes from nothing to 100 MiB, odd keys, overwrites, deletes, versions, markers, multipart, lost races.</summary>
/// <param name="seed">All that happens follows from it, but the interleaving.</param>
internal sealed class World(int seed)
{
    public const string Plain = "drill-plain";
    public const string Versioned = "drill-versioned";

    private const int Writers = 16;
    private const int PartSize = 5 * 1024 * 1024;

    private static readonly string[] OddKeys = ["a//b", "./x/../y", "100%", "plus+space &=?#", "ünï", "😀/😀", "quote'\"<>", "trailing/", "\u0001control", "back\\slash"];

    /// <summary>SHA-256 of what must be the current object, by "bucket/key"; null where there must be none.</summary>
    public ConcurrentDictionary<string, string?> Expected { get; } = new();

    /// <summary>Makes about <paramref name="objects"/> writes.</summary>
    public async Task FillAsync(IAmazonS3 client, int objects)
    {
        await client.PutBucketAsync(Plain);
        await client.PutBucketAsync(Versioned);
        await client.PutBucketVersioningAsync(new PutBucketVersioningRequest { BucketName = Versioned, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } });
        await Parallel.ForEachAsync(Enumerable.Range(0, objects), new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (i, _) => await StepAsync(client, i, objects));
        await PutAsync(client, Plain, "hundred", Content(objects + 1, 100 * 1024 * 1024));
        await MultipartAsync(client, Versioned, "parts/big", objects + 2, parts: 3);
        await RaceAsync(client);
    }

    /// <summary>Reads every key back and compares it with what was acknowledged.</summary>
    public Task CheckAsync(IAmazonS3 reader) => Parallel.ForEachAsync(Expected, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (pair, _) =>
    {
        var slash = pair.Key.IndexOf('/', StringComparison.Ordinal);
        (await DigestAsync(reader, pair.Key[..slash], pair.Key[(slash + 1)..])).ShouldBe(pair.Value, pair.Key);
    });

    /// <summary>SHA-256 of the current object's bytes, or null when there is none.</summary>
    public static async Task<string?> DigestAsync(IAmazonS3 reader, string bucket, string key)
    {
        try
        {
            using var response = await reader.GetObjectAsync(bucket, key);
            return Convert.ToHexString(await SHA256.HashDataAsync(response.ResponseStream));
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public static byte[] Content(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    // Each i has its own key, except that every tenth overwrites or deletes within its own step: no two steps touch one key.
    private async Task StepAsync(IAmazonS3 client, int i, int objects)
    {
        var random = new Random(seed + i);
        var bucket = i % 3 == 0 ? Versioned : Plain;
        var key = i < OddKeys.Length * 2 ? $"odd/{i}/{OddKeys[i % OddKeys.Length]}" : $"dir{i % 40}/sub{i % 7}/object-{i}";
        await PutAsync(client, bucket, key, Content(seed + i, Size(random, i, objects)));
        if (i % 10 == 1) await PutAsync(client, bucket, key, Content(seed - i, random.Next(3000)));
        if (i % 10 == 2) await DeleteAsync(client, bucket, key);
        if (i % 100 == 3) await LoseConditionAsync(client, bucket, key);
        if (i % 50 == 5) await CopyAsync(client, bucket, key, $"copies/{i}");
        if (i % 500 == 7) await MultipartAsync(client, bucket, $"parts/{i}", i, parts: 2);
    }

    private static int Size(Random random, int i, int objects) => (i * 1000L / objects % 100) switch
    {
        0 => 0,
        < 90 => random.Next(1, 8 * 1024),
        < 98 => random.Next(8 * 1024, 300 * 1024),
        _ => random.Next(256 * 1024, 1536 * 1024),
    };

    public async Task PutAsync(IAmazonS3 client, string bucket, string key, byte[] content)
    {
        var request = new PutObjectRequest { BucketName = bucket, Key = key, InputStream = new MemoryStream(content), ContentType = "application/x-drill" };
        request.Metadata["length"] = content.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await client.PutObjectAsync(request);
        Expected[$"{bucket}/{key}"] = Convert.ToHexString(SHA256.HashData(content));
    }

    private async Task DeleteAsync(IAmazonS3 client, string bucket, string key)
    {
        await client.DeleteObjectAsync(bucket, key);
        Expected[$"{bucket}/{key}"] = null;
    }

    private async Task CopyAsync(IAmazonS3 client, string bucket, string key, string copy)
    {
        await client.CopyObjectAsync(bucket, key, bucket, copy);
        Expected[$"{bucket}/{copy}"] = Expected[$"{bucket}/{key}"];
    }

    private static async Task LoseConditionAsync(IAmazonS3 client, string bucket, string key)
    {
        var lost = await Should.ThrowAsync<AmazonS3Exception>(client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = "loser", IfNoneMatch = "*" }));
        lost.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
    }

    private async Task MultipartAsync(IAmazonS3 client, string bucket, string key, int partSeed, int parts)
    {
        var upload = await client.InitiateMultipartUploadAsync(bucket, key);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tags = new List<PartETag>();
        for (var number = 1; number <= parts; number++)
        {
            var content = Content(partSeed + number, number < parts ? PartSize : 1234);
            whole.AppendData(content);
            var done = await client.UploadPartAsync(new UploadPartRequest { BucketName = bucket, Key = key, UploadId = upload.UploadId, PartNumber = number, InputStream = new MemoryStream(content) });
            tags.Add(new PartETag(number, done.ETag));
        }

        await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload.UploadId, PartETags = tags });
        Expected[$"{bucket}/{key}"] = Convert.ToHexString(whole.GetHashAndReset());
    }

    // Many writers, one key, If-None-Match: *. Exactly one is acknowledged, and it is what is read.
    private async Task RaceAsync(IAmazonS3 client)
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var content = Encoding.UTF8.GetBytes($"racer {i}");
            try
            {
                await client.PutObjectAsync(new PutObjectRequest { BucketName = Plain, Key = "race", InputStream = new MemoryStream(content), IfNoneMatch = "*" });
                return Convert.ToHexString(SHA256.HashData(content));
            }
            catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
            {
                return null;
            }
        }));
        Expected[$"{Plain}/race"] = outcomes.Where(o => o is not null).ShouldHaveSingleItem();
    }
}
