using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Networks;

/// <summary>Shards of a gateway on an outside S3 cloud, by the operator's verbs. The cloud is another gateway, which is an S3 service like any.</summary>
public sealed partial class OutsideNetworkTests
{
    private const int Count = 4;

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Shards_GoToACloud_AreReadFromThere_SurviveKills_AndComeBackWhenItIsDrained()
    {
        using var folder = new TemporaryFolder();
        await using var cloud = await GatewayProcess.StartAsync(folder["cloud"]);
        using var outside = S3Clients.Default(cloud);
        await outside.PutBucketAsync("attic");
        File.WriteAllText(folder["aws-credentials"], $"[cloud]\naws_access_key_id = {GatewayProcess.AccessKey}\naws_secret_access_key = {GatewayProcess.SecretKey}\n");
        File.WriteAllText(folder["aws-config"], $"[profile cloud]\nendpoint_url = {cloud.Endpoint}\ns3 =\n  addressing_style = path\n");

        var gateway = await GatewayProcess.StartAsync(folder["data"]);
        try
        {
            using (var client = S3Clients.Default(gateway)) await client.PutBucketAsync("bucket");
            (await RunAsync(gateway, folder, "backend", "add", "attic", "s3://attic/items", "--target-profile", "none")).ExitCode.ShouldNotBe(0);
            (await RunAsync(gateway, folder, "backend", "add", "attic", "s3://attic/items", "--target-profile", "cloud", "--operator", "a company", "--country", "IE")).ShouldSucceed();
            (await RunAsync(gateway, folder, "backend", "add", "attic", "s3://attic/items", "--target-profile", "cloud")).Error.ShouldContain("already");
            (await RunAsync(gateway, folder, "backend", "test", "attic")).ShouldSucceed();
            (await RunAsync(gateway, folder, "placement", "set", "cold", "--geometry", "4+2")).ShouldSucceed();
            (await RunAsync(gateway, folder, "placement", "assign", "cold", "--bucket", "bucket")).ShouldSucceed();
            using (var client = S3Clients.Default(gateway))
                for (var number = 0; number < Count - 1; number++) await client.PutObjectAsync(new() { BucketName = "bucket", Key = $"key{number}", InputStream = new MemoryStream(Content(number)) });

            (await RunAsync(gateway, folder, "placement", "set", "cold", "--geometry", "4+2", "--network", "attic=3")).ShouldSucceed();
            // Killed while shards are on their way: it goes on, and sends nothing twice.
            await gateway.KillAsync();
            gateway = await GatewayProcess.StartAsync(folder["data"]);
            await UntilAsync(gateway, folder, "every object has three shards there", async () => await CountOutsideAsync(gateway, folder) == 3 * (Count - 1));

            // What comes later goes, too, and does not wait for the next look at everything.
            using (var client = S3Clients.Default(gateway)) await client.PutObjectAsync(new() { BucketName = "bucket", Key = "key3", InputStream = new MemoryStream(Content(3)) });
            await UntilAsync(gateway, folder, "the new object has three shards there", async () => await CountOutsideAsync(gateway, folder) == 3 * Count);
            (await outside.ListObjectsV2Async(new() { BucketName = "attic" })).S3Objects.Count.ShouldBe(3 * Count);
            var shown = await JsonAsync(gateway, folder, "backend", "list");
            shown.ToString().ShouldNotContain(GatewayProcess.SecretKey);
            shown.GetProperty("networks")[0].GetProperty("items").GetProperty("Sealed").GetInt32().ShouldBe(3 * Count);

            // Two disks are lost: three shards here and three there are left of six, less two.
            foreach (var disk in (string[])["disk1", "disk2"]) Directory.Move(Path.Combine(folder["data"], "disks", disk), folder["lost-" + disk]);
            await gateway.KillAsync();
            gateway = await GatewayProcess.StartAsync(folder["data"]);
            using (var client = S3Clients.Default(gateway))
                for (var number = 0; number < Count; number++) (await HashAsync(client, $"key{number}")).ShouldBe(Convert.ToHexString(SHA256.HashData(Content(number))));
            await UntilAsync(gateway, folder, "the metrics have the network", async () =>
            {
                using var http = new HttpClient { BaseAddress = new Uri(gateway.Endpoint) };
                var page = await http.GetStringAsync("/_oort/metrics");
                return page.Contains("oort_network_answers{network=\"attic\"} 1\n", StringComparison.Ordinal) && page.Contains($"oort_network_items{{network=\"attic\",state=\"sealed\"}} {3 * Count}\n", StringComparison.Ordinal)
                    && ReadBytes().Match(page) is { Success: true } read && long.Parse(read.Groups[1].ValueSpan, CultureInfo.InvariantCulture) > 0;
            });
            await gateway.KillAsync();
            foreach (var disk in (string[])["disk1", "disk2"])
            {
                if (Directory.Exists(Path.Combine(folder["data"], "disks", disk))) Directory.Delete(Path.Combine(folder["data"], "disks", disk), recursive: true);
                Directory.Move(folder["lost-" + disk], Path.Combine(folder["data"], "disks", disk));
            }

            gateway = await GatewayProcess.StartAsync(folder["data"]);
            (await RunAsync(gateway, folder, "backend", "remove", "attic")).Error.ShouldContain("drain it first");
            (await RunAsync(gateway, folder, "backend", "drain", "attic")).ShouldSucceed();
            await UntilAsync(gateway, folder, "nothing is left there", async () => (await RunAsync(gateway, folder, "backend", "remove", "attic")).ExitCode == 0);
            (await outside.ListObjectsV2Async(new() { BucketName = "attic" })).S3Objects.ShouldBeNull();
            (await CountOutsideAsync(gateway, folder)).ShouldBe(0);
            using (var client = S3Clients.Default(gateway))
                for (var number = 0; number < Count; number++) (await HashAsync(client, $"key{number}")).ShouldBe(Convert.ToHexString(SHA256.HashData(Content(number))));
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    [GeneratedRegex("oort_network_read_bytes_total\\{network=\"attic\"\\} ([0-9]+)\n")]
    private static partial Regex ReadBytes();

    private static async Task<int> CountOutsideAsync(GatewayProcess gateway, TemporaryFolder folder)
    {
        var count = 0;
        for (var number = 0; number < Count; number++)
        {
            var result = await RunAsync(gateway, folder, "object", "show", $"s3://bucket/key{number}", "--json");
            if (result.Error.Contains("There is no", StringComparison.Ordinal)) continue;
            var shown = JsonSerializer.Deserialize<JsonElement>(result.ShouldSucceed().Output);
            count += shown.GetProperty("segments").EnumerateArray().Sum(segment => segment.GetProperty("shards").EnumerateArray().Count(shard => shard.GetProperty("health").GetString() == "outside"));
        }

        return count;
    }

    private static async Task UntilAsync(GatewayProcess gateway, TemporaryFolder folder, string what, Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > patience) throw new ShouldAssertException($"Not within {patience.TotalMinutes} minutes: {what}. {(await RunAsync(gateway, folder, "backend", "list")).Output}");
            await Task.Delay(500);
        }
    }

    private static async Task<string> HashAsync(Amazon.S3.AmazonS3Client client, string key)
    {
        using var answer = await client.GetObjectAsync("bucket", key);
        return Convert.ToHexString(await SHA256.HashDataAsync(answer.ResponseStream));
    }

    private static byte[] Content(int number)
    {
        var bytes = new byte[1_000_000 + number];
        new Random(number).NextBytes(bytes);
        return bytes;
    }
}
