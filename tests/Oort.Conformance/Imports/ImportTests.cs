using System.Globalization;
using System.Text;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Imports;

/// <summary>A bucket moves from one service to another while clients use it. The source is another gateway, which is an S3 service like any.</summary>
public sealed class ImportTests
{
    private const int PartSize = 5 * 1024 * 1024;

    /// <summary>"Zürich" as an RFC 2047 word, since the SDK sends headers in ASCII only.</summary>
    private const string Zurich = "=?UTF-8?B?WsO8cmljaA==?=";

    [Fact]
    public async Task Import_WhileClientsReadWriteAndDelete_BringsEverythingOnceAndBringsNothingBack()
    {
        using var folder = new TemporaryFolder();
        await using var sourceGateway = await GatewayProcess.StartAsync(folder["source"]);
        await using var gateway = await GatewayProcess.StartAsync(folder["data"], "--allow-local-sources");
        using var source = S3Clients.Default(sourceGateway);
        using var client = S3Clients.Default(gateway);
        await FillAsync(source);
        WriteProfile(folder, sourceGateway);

        // Nothing is copied yet, and everything can be used.
        (await RunAsync(gateway, folder, "bucket", "import", "--from", "s3://old", "--source-profile", "old", "--lazy", "new")).ShouldSucceed();
        (await ListAsync(client, "new")).ShouldBe(await ListAsync(source, "old"));
        (await client.ListObjectsV2Async(new() { BucketName = "new", Delimiter = "/" })).CommonPrefixes.ShouldBe(["a/", "many/"]);
        var head = await client.GetObjectMetadataAsync("new", "a/with everything ä+%");
        head.ContentLength.ShouldBe(300_000);
        (await OwnHeaderAsync(client, "a/with everything ä+%", "x-oort-durability")).ShouldBe("source");
        await ShouldBeSameAsync(source, client, "a/with everything ä+%");
        (await OwnHeaderAsync(client, "a/with everything ä+%", "x-oort-durability")).ShouldBe("full");
        (await client.GetObjectTaggingAsync(new() { BucketName = "new", Key = "tagged" })).Tagging.Single().Value.ShouldBe("v w");
        await client.CopyObjectAsync("new", "empty", "new", "copy of empty");
        (await Should.ThrowAsync<AmazonS3Exception>(client.GetObjectAsync("new", "none"))).ErrorCode.ShouldBe("NoSuchKey");

        // What is written and deleted here counts.
        (await Should.ThrowAsync<AmazonS3Exception>(client.PutObjectAsync(new() { BucketName = "new", Key = "many/001", ContentBody = "x", IfNoneMatch = "*" }))).StatusCode.ShouldBe(System.Net.HttpStatusCode.PreconditionFailed);
        await client.PutObjectAsync(new() { BucketName = "new", Key = "many/002", ContentBody = "written here" });
        await client.DeleteObjectAsync("new", "many/003");
        (await Should.ThrowAsync<AmazonS3Exception>(client.GetObjectAsync("new", "many/003"))).ErrorCode.ShouldBe("NoSuchKey");
        (await ListAsync(client, "new")).ShouldNotContain("many/003");

        // A version that has come and is deleted by its id was the key's only one: that is no reason to fetch it again, neither now nor with all the others.
        foreach (var key in (string[])["many/004", "many/006"]) (await ReadTextAsync(client, key)).ShouldBe($"object {int.Parse(key[^3..], CultureInfo.InvariantCulture)}");
        (await client.DeleteObjectAsync(new() { BucketName = "new", Key = "many/004", VersionId = "null" })).DeleteMarker.ShouldNotBe("true");
        await client.DeleteObjectsAsync(new() { BucketName = "new", Objects = [new() { Key = "many/006", VersionId = "null" }] });
        foreach (var key in (string[])["many/004", "many/006"])
        {
            (await Should.ThrowAsync<AmazonS3Exception>(client.GetObjectAsync("new", key))).ErrorCode.ShouldBe("NoSuchKey");
            (await ListAsync(client, "new")).ShouldNotContain(key);
        }

        // A large one is passed through at once, by range too.
        var ranged = await client.GetObjectAsync(new() { BucketName = "new", Key = "in parts, large", ByteRange = new ByteRange(PartSize - 5, PartSize + 4) });
        (await ReadAsync(ranged)).ShouldBe(Bytes(7 * PartSize)[(PartSize - 5)..(PartSize + 5)]);

        // Then all of it comes.
        (await RunAsync(gateway, folder, "import", "resume", "new")).ShouldSucceed();
        var import = await UntilCopiedAsync(gateway, folder, "new");
        import.GetProperty("progress").GetProperty("failed").GetInt64().ShouldBe(0);
        import.GetProperty("progress").GetProperty("unverified").GetInt64().ShouldBe(0);
        import.GetProperty("progress").GetProperty("kept").GetInt64().ShouldBe(4);
        import.ToString().ShouldNotContain(GatewayProcess.SecretKey);

        // What the source cannot be asked for any more is unknown, and not "not there".
        await sourceGateway.KillAsync();
        using var hasty = S3Clients.WithoutRetries(gateway);
        (await Should.ThrowAsync<AmazonS3Exception>(hasty.GetObjectAsync("new", "none"))).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
        (await Should.ThrowAsync<AmazonS3Exception>(hasty.ListObjectsV2Async(new() { BucketName = "new" }))).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
        (await ReadTextAsync(hasty, "many/016")).ShouldBe("object 16");

        (await RunAsync(gateway, folder, "import", "end", "new")).ShouldSucceed();
        (await JsonAsync(gateway, folder, "import", "list")).GetProperty("imports").GetArrayLength().ShouldBe(0);
        var keys = await ListAsync(client, "new");
        foreach (var key in (string[])["many/003", "many/004", "many/006"]) keys.ShouldNotContain(key);
        keys.Count.ShouldBe(24);
        (await ReadTextAsync(client, "many/002")).ShouldBe("written here");
        (await ReadTextAsync(client, "many/017")).ShouldBe("object 17");
        (await client.GetObjectMetadataAsync("new", "in parts, large")).ETag.ShouldEndWith("-7\"");
        (await client.GetObjectMetadataAsync("new", "in unequal parts")).ETag.ShouldEndWith("-3\"");
        var kept = await client.GetObjectMetadataAsync("new", "a/with everything ä+%");
        kept.Headers.CacheControl.ShouldBe("no-store");
        (await OwnHeaderAsync(client, "a/with everything ä+%", "x-oort-source-last-modified")).ShouldEndWith("Z");
        (await OwnHeaderAsync(client, "many/002", "x-oort-source-last-modified")).ShouldBe("");
        (await Should.ThrowAsync<AmazonS3Exception>(client.GetObjectAsync("new", "none"))).ErrorCode.ShouldBe("NoSuchKey");
        gateway.Log.ShouldNotContain(GatewayProcess.SecretKey);
    }

    [Fact]
    public async Task Import_WhoseGatewayIsKilled_GoesOnAfterTheRestart_AndALaterPassBringsWhatChanged()
    {
        using var folder = new TemporaryFolder();
        await using var sourceGateway = await GatewayProcess.StartAsync(folder["source"]);
        using var source = S3Clients.Default(sourceGateway);
        await source.PutBucketAsync("old");
        await Parallel.ForEachAsync(Enumerable.Range(0, 60), async (i, _) => await PutAsync(source, $"k{i:D2}", Bytes(100_000 + i)));
        WriteProfile(folder, sourceGateway);
        string[] import = ["bucket", "import", "--from", "s3://old/k", "--source-profile", "old", "--concurrency", "2", "new"];

        var first = await GatewayProcess.StartAsync(folder["data"], "--allow-local-sources");
        (await RunAsync(first, folder, [.. import, "--detach", "--bandwidth", "1500"])).ShouldSucceed();
        while ((await JsonAsync(first, folder, "import", "show", "new")).GetProperty("progress").GetProperty("copied").GetInt64() == 0) await Task.Yield();
        await first.KillAsync();
        await first.DisposeAsync();

        await using var second = await GatewayProcess.StartAsync(folder["data"], "--allow-local-sources");
        using var client = S3Clients.Default(second);
        var done = await UntilCopiedAsync(second, folder, "new");
        done.GetProperty("progress").GetProperty("failed").GetInt64().ShouldBe(0);
        for (var i = 0; i < 60; i++) await ShouldBeSameAsync(source, client, $"k{i:D2}");

        await PutAsync(source, "k07", Bytes(50));
        await PutAsync(source, "k99", Bytes(60));
        await client.PutObjectAsync(new() { BucketName = "new", Key = "k08", ContentBody = "written here" });
        await PutAsync(source, "k08", Bytes(70));
        var again = (await JsonAsync(second, folder, import)).GetProperty("progress");
        again.GetProperty("copied").GetInt64().ShouldBe(2);
        again.GetProperty("kept").GetInt64().ShouldBe(1);
        again.GetProperty("present").GetInt64().ShouldBe(58);
        await ShouldBeSameAsync(source, client, "k07");
        await ShouldBeSameAsync(source, client, "k99");
        (await ReadTextAsync(client, "k08")).ShouldBe("written here");
    }

    [Fact]
    public async Task Import_FromWhereItMayNotOrCannot_IsRefusedWithTheReason()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        WriteProfile(folder, gateway);
        (await RunAsync(gateway, folder, "bucket", "import", "--from", "s3://old", "--source-profile", "old", "new")).ShouldFailWith(1, "the operator has not allowed such endpoints");
        (await RunAsync(gateway, folder, "bucket", "import", "--from", "s3://old", "--source-profile", "none", "new")).ShouldFailWith(2, "There is no profile \"none\"");
        (await RunAsync(gateway, folder, "bucket", "import", "--from", "old", "--source-profile", "old", "new")).ShouldFailWith(2, "not of the form s3://BUCKET");
        (await RunAsync(gateway, folder, "import", "show", "new")).ShouldFailWith(1, "is not being imported");
        (await JsonAsync(gateway, folder, "import", "list")).GetProperty("imports").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Export_ToADirectoryAndToAService_IsTheSame_AndCopiesNothingTwice()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        await using var other = await GatewayProcess.StartAsync(folder["other"]);
        using var client = S3Clients.Default(gateway);
        using var target = S3Clients.Default(other);
        await FillAsync(client);
        await client.PutObjectAsync(new() { BucketName = "old", Key = "../out//of/./here%", ContentBody = "inside" });
        await target.PutBucketAsync("backup");
        WriteProfile(folder, other);

        var report = await JsonAsync(gateway, folder, "bucket", "export", "old", "--to", folder["files"]);
        report.GetProperty("copied").GetInt64().ShouldBe(27);
        (await File.ReadAllTextAsync(folder["files", "many", "005"])).ShouldBe("object 5");
        (await File.ReadAllTextAsync(folder["files", "%2E.", "out", "%", "of", "%2E", "here%25"])).ShouldBe("inside");
        new FileInfo(folder["files", "in parts, large"]).Length.ShouldBe(7 * PartSize);
        (await File.ReadAllLinesAsync(folder["files", ".oort-export.jsonl"])).Length.ShouldBe(27);
        await client.PutObjectAsync(new() { BucketName = "old", Key = "many/005", ContentBody = "changed!" });
        (await JsonAsync(gateway, folder, "bucket", "export", "old", "--to", folder["files"])).GetProperty("copied").GetInt64().ShouldBe(1);
        (await File.ReadAllTextAsync(folder["files", "many", "005"])).ShouldBe("changed!");

        string[] toService = ["bucket", "export", "old", "--to", "s3://backup/p/", "--target-profile", "old"];
        (await JsonAsync(gateway, folder, toService)).GetProperty("copied").GetInt64().ShouldBe(27);
        (await JsonAsync(gateway, folder, toService)).GetProperty("present").GetInt64().ShouldBe(27);
        var here = await client.ListObjectsV2Async(new() { BucketName = "old" });
        var there = await target.ListObjectsV2Async(new() { BucketName = "backup" });
        there.S3Objects.Select(o => (o.Key, o.ETag, o.Size)).ShouldBe(here.S3Objects.Select(o => ("p/" + o.Key, o.ETag, o.Size)));
        (await target.GetObjectMetadataAsync("backup", "p/a/with everything ä+%")).Metadata["x-amz-meta-name"].ShouldBe(Zurich);

        (await JsonAsync(gateway, folder, "bucket", "export", "old", "--prefix", "many/", "--to", "s3://backup/plain/", "--target-profile", "old", "--target-plain")).GetProperty("copied").GetInt64().ShouldBe(20);
        (await target.ListObjectsV2Async(new() { BucketName = "backup", Prefix = "plain/" })).S3Objects.Select(o => o.ETag).ShouldBe(here.S3Objects.Where(o => o.Key.StartsWith("many/", StringComparison.Ordinal)).Select(o => o.ETag));
        (await RunAsync(gateway, folder, "bucket", "export", "old", "--to", "s3://none", "--target-profile", "old")).ShouldFailWith(1, "NoSuchBucket");
    }

    /// <summary>26 objects of every kind in the bucket "old".</summary>
    private static async Task FillAsync(AmazonS3Client client)
    {
        await client.PutBucketAsync("old");
        var everything = new PutObjectRequest { BucketName = "old", Key = "a/with everything ä+%", InputStream = new MemoryStream(Bytes(300_000)), ContentType = "text/x-own" };
        everything.Headers.CacheControl = "no-store";
        everything.Metadata["name"] = Zurich;
        await client.PutObjectAsync(everything);
        await client.PutObjectAsync(new() { BucketName = "old", Key = "tagged", ContentBody = "t", TagSet = [new() { Key = "k", Value = "v w" }] });
        await client.PutObjectAsync(new() { BucketName = "old", Key = "empty", ContentBody = "" });
        for (var i = 0; i < 20; i++) await client.PutObjectAsync(new() { BucketName = "old", Key = $"many/{i:D3}", ContentBody = $"object {i}" });
        await UploadAsync(client, "in parts, large", Enumerable.Repeat(PartSize, 7));
        await UploadAsync(client, "in unequal parts", [PartSize + 1000, PartSize, 10]);
        await client.PutObjectAsync(new() { BucketName = "old", Key = "z", InputStream = new MemoryStream(Bytes(5_000_000)) });
    }

    private static async Task UploadAsync(AmazonS3Client client, string key, IEnumerable<int> sizes)
    {
        var bytes = Bytes(sizes.Sum());
        var upload = await client.InitiateMultipartUploadAsync("old", key);
        var parts = new List<PartETag>();
        var offset = 0;
        foreach (var size in sizes)
        {
            var part = await client.UploadPartAsync(new() { BucketName = "old", Key = key, UploadId = upload.UploadId, PartNumber = parts.Count + 1, PartSize = size, InputStream = new MemoryStream(bytes, offset, size) });
            parts.Add(new(part));
            offset += size;
        }

        await client.CompleteMultipartUploadAsync(new() { BucketName = "old", Key = key, UploadId = upload.UploadId, PartETags = parts });
    }

    private static Task<PutObjectResponse> PutAsync(AmazonS3Client client, string key, byte[] bytes) => client.PutObjectAsync(new() { BucketName = "old", Key = key, InputStream = new MemoryStream(bytes) });

    private static async Task ShouldBeSameAsync(AmazonS3Client source, AmazonS3Client client, string key)
    {
        using var there = await source.GetObjectAsync("old", key);
        using var here = await client.GetObjectAsync("new", key);
        here.ETag.ShouldBe(there.ETag);
        here.Headers.ContentType.ShouldBe(there.Headers.ContentType);
        here.Metadata.Keys.Select(name => (name, here.Metadata[name])).ShouldBe(there.Metadata.Keys.Select(name => (name, there.Metadata[name])));
        var (expected, actual) = (await ReadAsync(there), await ReadAsync(here));
        actual.AsSpan().SequenceEqual(expected).ShouldBeTrue(key);
    }

    /// <summary>A header that the SDK does not show.</summary>
    private static async Task<string> OwnHeaderAsync(AmazonS3Client client, string key, string name)
    {
        var url = await client.GetPreSignedURLAsync(new() { BucketName = "new", Key = key, Verb = HttpVerb.HEAD, Protocol = Protocol.HTTP, Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(10) });
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Head, url);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return response.Headers.TryGetValues(name, out var values) ? values.Single() : "";
    }

    private static async Task<List<string>> ListAsync(AmazonS3Client client, string bucket)
    {
        // Small pages, so that the seams are seen.
        var keys = new List<string>();
        var request = new ListObjectsV2Request { BucketName = bucket, MaxKeys = 7 };
        do
        {
            var page = await client.ListObjectsV2Async(request);
            keys.AddRange((page.S3Objects ?? []).Select(o => o.Key));
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
        return keys;
    }

    private static async Task<JsonElement> UntilCopiedAsync(GatewayProcess gateway, TemporaryFolder folder, string bucket)
    {
        while (true)
        {
            var import = await JsonAsync(gateway, folder, "import", "show", bucket);
            if (import.GetProperty("state").GetString() == "copied") return import;
        }
    }

    private static void WriteProfile(TemporaryFolder folder, GatewayProcess service)
    {
        File.WriteAllText(folder["aws-credentials"], $"[old]\naws_access_key_id = {GatewayProcess.AccessKey}\naws_secret_access_key = {GatewayProcess.SecretKey}\n");
        File.WriteAllText(folder["aws-config"], $"[profile old]\nendpoint_url = {service.Endpoint}\ns3 =\n  addressing_style = path\n");
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAsync(GetObjectResponse response)
    {
        var body = new MemoryStream();
        await response.ResponseStream.CopyToAsync(body);
        return body.ToArray();
    }

    private static async Task<string> ReadTextAsync(AmazonS3Client client, string key)
    {
        using var response = await client.GetObjectAsync("new", key);
        return Encoding.UTF8.GetString(await ReadAsync(response));
    }
}
