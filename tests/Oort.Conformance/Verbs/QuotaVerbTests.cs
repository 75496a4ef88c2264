using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort quota</c>, as an operator uses it, and what clients and a killed gateway make of quotas.</summary>
public sealed class QuotaVerbTests
{
    private const int ObjectSize = 1_000;

    [Fact]
    public async Task Quotas_OfABucketAndItsAccount_AreSetShownKeptAndTakenAway()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using var client = S3Clients.Default(gateway);
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Endpoint) };
        foreach (var bucket in (string[])["photos", "films"]) await client.PutBucketAsync(bucket);
        await PutAsync(client, "films", "first");
        (await RunAsync(gateway, folder, "quota", "set", "--bucket", "photos")).ShouldFailWith(1, "A quota limits bytes, objects, or both.");
        (await RunAsync(gateway, folder, "quota", "set", "--bucket", "photos", "--bytes", "much")).ShouldFailWith(2, "is no size such as 10GiB");
        (await RunAsync(gateway, folder, "quota", "set", "--bucket", "photos", "--objects", "-1")).ShouldFailWith(2, "is no number");
        (await RunAsync(gateway, folder, "quota", "set", "--bucket", "photos", "--objects", "9000000000000000000")).ShouldFailWith(1, "A limit goes from 0 to");
        (await RunAsync(gateway, folder, "quota", "set", "--bytes", "1GiB")).ShouldFailWith(2, "Give --bucket NAME or --account ID.");
        (await RunAsync(gateway, folder, "quota", "set", "--bucket", "none", "--bytes", "1GiB")).ShouldFailWith(1, "There is no bucket none");
        (await RunAsync(gateway, folder, "quota", "set", "--account", "no/body", "--bytes", "1GiB")).ShouldFailWith(1, "There is no account no/body");

        // A bucket's: 10 objects of a kilobyte.
        var set = await JsonAsync(gateway, folder, "quota", "set", "--bucket", "photos", "--bytes", "10KB", "--objects", "100");
        (set.GetProperty("bytesMax").GetInt64(), set.GetProperty("objectsMax").GetInt64(), set.GetProperty("state").GetString()).ShouldBe((10_000, 100, "ok"));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => TryPutAsync(client, "photos", $"key{i}")));
        outcomes.Count(done => done).ShouldBe(10);
        (await RunAsync(gateway, folder, "quota", "show", "--bucket", "photos")).ShouldSucceed().Output.ShouldContain("bucket photos  9.8 KiB  9.8 KiB  10       100      full");

        // An account's, over all of its buckets, by its number or its canonical id.
        var account = set.GetProperty("account").GetString()!;
        set = await JsonAsync(gateway, folder, "quota", "set", "--account", account, "--objects", "12");
        (set.GetProperty("buckets").GetInt64(), set.GetProperty("objects").GetInt64(), set.GetProperty("bytes").GetInt64()).ShouldBe((2, 11, 11_000));
        await PutAsync(client, "films", "second");
        (await TryPutAsync(client, "films", "third")).ShouldBeFalse();
        var usage = (await JsonAsync(gateway, folder, "quota", "show")).GetProperty("accounts").EnumerateArray().ShouldHaveSingleItem();
        (usage.GetProperty("account").GetString(), usage.GetProperty("objects").GetInt64(), usage.GetProperty("state").GetString()).ShouldBe((account, 12, "full"));
        var page = await http.GetStringAsync("/_oort/metrics");
        page.ShouldContain($"oort_account_used_bytes{{account=\"{account}\"}} 12000\n");
        page.ShouldContain($"oort_account_quota_objects{{account=\"{account}\"}} 12\n");
        page.ShouldNotContain("oort_account_quota_bytes{");

        (await RunAsync(gateway, folder, "quota", "remove", "--account", account)).ShouldSucceed().Output.ShouldContain("unlimited");
        (await RunAsync(gateway, folder, "quota", "remove", "--bucket", "photos")).ShouldSucceed();
        await PutAsync(client, "photos", "more");
        (await gateway.VerbAsync("fsck")).ShouldSucceed();
    }

    /// <summary>Whatever was answered before the kill counts, and whatever was not counts whole or not at all; never more than the quota.</summary>
    [Fact]
    public async Task Kill_AtTheEdgeOfAQuota_LeavesUsageAsTheListingHasIt()
    {
        using var folder = new TemporaryFolder();
        var answered = 0;
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"]))
        {
            using var client = S3Clients.WithoutRetries(gateway);
            await client.PutBucketAsync("edge");
            (await RunAsync(gateway, folder, "quota", "set", "--bucket", "edge", "--bytes", "400KB")).ShouldSucceed();
            var enough = new TaskCompletionSource();
            var writers = Enumerable.Range(0, 8).Select(async writer =>
            {
                try
                {
                    for (var i = 0; await TryPutAsync(client, "edge", $"{writer}-{i}"); i++)
                        if (Interlocked.Increment(ref answered) == 150) enough.SetResult();
                }
                catch (Exception e) when (e is HttpRequestException or AmazonS3Exception or IOException or WebException)
                {
                    // It was killed.
                }
            }).ToArray();
            await enough.Task;
            await gateway.KillAsync();
            await Task.WhenAll(writers);
        }

        await using var again = await GatewayProcess.StartAsync(folder["data"]);
        using var reader = S3Clients.Default(again);
        await ShouldUseAsync();
        for (var i = 0; await TryPutAsync(reader, "edge", $"again-{i}"); i++) answered++;
        (await ShouldUseAsync()).ShouldBe(400);
        (await again.VerbAsync("fsck")).ShouldSucceed();

        async Task<int> ShouldUseAsync()
        {
            var listed = (await reader.ListObjectsV2Async(new() { BucketName = "edge" })).S3Objects ?? [];
            var shown = await JsonAsync(again, folder, "quota", "show", "--bucket", "edge");
            (shown.GetProperty("objects").GetInt64(), shown.GetProperty("bytes").GetInt64()).ShouldBe((listed.Count, listed.Sum(entry => entry.Size ?? 0)));
            listed.Count.ShouldBeInRange(answered, 400);
            return listed.Count;
        }
    }

    private static Task<PutObjectResponse> PutAsync(AmazonS3Client client, string bucket, string key) => client.PutObjectAsync(new() { BucketName = bucket, Key = key, InputStream = new MemoryStream(new byte[ObjectSize]) });

    /// <returns>False: there is no room.</returns>
    private static async Task<bool> TryPutAsync(AmazonS3Client client, string bucket, string key)
    {
        try
        {
            await PutAsync(client, bucket, key);
            return true;
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "QuotaExceeded")
        {
            e.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            return false;
        }
    }
}
