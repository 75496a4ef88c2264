using System.Text.Json;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort tier</c> and <c>oort bucket show|migrate</c>, as an operator uses them.</summary>
public sealed class TierVerbTests
{
    [Fact]
    public async Task Bucket_IsMigratedWhileItIsThere_AndShowsWhatNeverDeletes()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder["data"]);
        using var client = S3Clients.Default(gateway);
        await client.PutBucketAsync("bucket");
        for (var number = 0; number < 3; number++) await client.PutObjectAsync(new() { BucketName = "bucket", Key = $"key{number}", InputStream = new MemoryStream(new byte[100_000 * (number + 1)]) });
        (await CodesAsync(gateway, folder)).ShouldBe(["4+2"]);

        // Two disks of its own, by their paths.
        var disks = Enumerable.Range(1, 2).Select(number => Path.Combine(folder["data"], "disks", $"disk{number}")).ToArray();
        (await RunAsync(gateway, folder, "placement", "set", "pair", "--store", disks[0], "--store", disks[1])).ShouldSucceed();
        (await RunAsync(gateway, folder, "bucket", "migrate", "bucket", "--policy", "none-such")).ExitCode.ShouldNotBe(0);
        var shown = await JsonAsync(gateway, folder, "bucket", "migrate", "bucket", "--policy", "pair", "--wait");
        shown.GetProperty("pass").GetProperty("moved").GetInt64().ShouldBe(3);
        shown.TryGetProperty("migratingSince", out var since).ShouldBe(since.ValueKind == JsonValueKind.Null);
        (await CodesAsync(gateway, folder)).ShouldBe(["1+1"]);
        for (var number = 0; number < 3; number++)
        {
            using var answer = await client.GetObjectAsync("bucket", $"key{number}");
            answer.ContentLength.ShouldBe(100_000 * (number + 1));
        }

        // A network that never deletes is named beforehand. Adding it asks it for nothing.
        (await HeaderAsync(gateway)).ShouldNotContain("x-oort-permanent-stores");
        File.WriteAllText(folder["key"], new string('4', 64));
        (await RunAsync(gateway, folder, "backend", "add", "weave", "arweave", "--set", "bundler=http://127.0.0.1:9", "--set", "gateways=http://localhost:9", "--secret", "key=" + folder["key"])).ShouldSucceed();
        (await RunAsync(gateway, folder, "placement", "set", "ice", "--geometry", "2+1", "--network", "weave=1")).ShouldSucceed();
        (await RunAsync(gateway, folder, "tier", "set", "GLACIER", "ice")).ShouldSucceed();
        (await RunAsync(gateway, folder, "tier", "set", "ICE", "ice")).ShouldFailWith(1, "There is no storage class ICE");
        (await HeaderAsync(gateway)).ShouldNotContain("x-oort-permanent-stores", Case.Insensitive, "The bucket's own policy goes before the class's.");
        (await RunAsync(gateway, folder, "placement", "assign", "--none", "--bucket", "bucket")).ShouldSucceed();
        (await HeaderAsync(gateway)).ShouldContain("x-oort-permanent-stores: weave");
        shown = await JsonAsync(gateway, folder, "bucket", "show", "bucket");
        shown.GetProperty("permanentStores").EnumerateArray().Select(store => store.GetString()).ShouldBe(["weave"]);
        shown.GetProperty("places").EnumerateArray().Single(place => place.GetProperty("storageClass").GetString() == "GLACIER").GetProperty("policy").GetString().ShouldBe("ice");
        (await RunAsync(gateway, folder, "bucket", "show", "bucket")).ShouldSucceed().Output.ShouldContain("weave (never delete");

        var tiers = (await JsonAsync(gateway, folder, "tier", "list")).GetProperty("tiers").EnumerateArray().ToDictionary(tier => tier.GetProperty("storageClass").GetString()!);
        (tiers.Count, tiers["GLACIER"].GetProperty("isArchive").GetBoolean(), tiers["GLACIER_IR"].GetProperty("isArchive").GetBoolean()).ShouldBe((8, true, false));
        (await RunAsync(gateway, folder, "tier", "remove", "GLACIER")).ShouldFailWith(1, "is not drained");
        (await RunAsync(gateway, folder, "tier", "drain", "STANDARD", "--to", "GLACIER")).ShouldFailWith(1, "no storage class that can be given up");
        (await RunAsync(gateway, folder, "tier", "drain", "GLACIER")).ShouldSucceed().Output.ShouldContain("draining, to STANDARD");
        (await RunAsync(gateway, folder, "tier", "resume", "GLACIER")).ShouldSucceed();
    }

    private static async Task<string[]> CodesAsync(GatewayProcess gateway, TemporaryFolder folder)
    {
        var codes = new List<string>();
        for (var number = 0; number < 3; number++)
            codes.AddRange((await JsonAsync(gateway, folder, "object", "show", $"s3://bucket/key{number}")).GetProperty("segments").EnumerateArray().Select(segment => segment.GetProperty("geometry").GetString()!));
        return [.. codes.Distinct()];
    }

    private static async Task<string> HeaderAsync(GatewayProcess gateway) =>
        (await Tool.RunAsync("curl", ["-sS", "--head", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", $"{GatewayProcess.AccessKey}:{GatewayProcess.SecretKey}", $"{gateway.Endpoint}/bucket"])).ShouldSucceed().Output;
}
