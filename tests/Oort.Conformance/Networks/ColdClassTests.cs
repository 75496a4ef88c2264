using System.Security.Cryptography;
using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;
using static Oort.Conformance.Harness.Verb;

namespace Oort.Conformance.Networks;

/// <summary>
/// Objects go by lifecycle to classes on three outside networks (two S3 clouds, which are gateways too, and a js-ipfs node), while the gateway is killed again and again; they come back
/// by restores, with each network lost in turn. Days last two seconds. Driven with the aws cli.
/// </summary>
public sealed class ColdClassTests : IAsyncLifetime
{
    private const int KillCount = 5;

    private static readonly TimeSpan dayLength = TimeSpan.FromSeconds(2);

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(6);

    /// <summary>Class, code, and how many shards each network gets. Where one is lost, k shards are left; without any network fewer than k.</summary>
    private static readonly (string Class, string Geometry, string[] Networks)[] tiers =
    [
        ("GLACIER", "2+2", ["one=1", "two=1", "home=1"]),
        ("DEEP_ARCHIVE", "2+1", ["two=1", "home=1"]),
        ("GLACIER_IR", "2+1", ["one=1", "home=1"]),
    ];

    private static readonly int[] sizes = [5_000, 700_000, 12_000_000];

    private readonly TemporaryFolder folder = new();
    private readonly int seed = Environment.TickCount;
    private readonly Dictionary<string, GatewayProcess> clouds = [];
    private GatewayProcess gateway = null!;
    private PeerProcess node = null!;

    public async ValueTask InitializeAsync()
    {
        node = await PeerProcess.StartAsync("ready", "node.mjs", folder["ipfs"]);
        foreach (var name in (string[])["one", "two"])
        {
            clouds[name] = await GatewayProcess.StartAsync(folder[name]);
            using var client = S3Clients.Default(clouds[name]);
            await client.PutBucketAsync("items");
        }

        gateway = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        foreach (var cloud in clouds.Values) await cloud.DisposeAsync();
        await node.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Objects_GoToEachColdClass_SurviveKills_AndComeBackWithAnyNetworkLost()
    {
        await SetUpAsync();

        // 1. Put, then rules, with the aws cli.
        foreach (var (name, _, _) in tiers)
        {
            for (var number = 0; number < sizes.Length; number++)
                await AwsAsync("s3", "cp", "--only-show-errors", "--metadata", $"number={number}", WriteFile(name, number), $"s3://bucket/{name}/{number}");
        }

        var before = await HeadsAsync();
        var rules = new { Rules = tiers.Select(tier => new { ID = tier.Class, Status = "Enabled", Filter = new { And = new { Prefix = tier.Class + "/", ObjectSizeGreaterThan = 1 } }, Transitions = new[] { new { Days = 0, StorageClass = tier.Class } } }) };
        File.WriteAllText(folder["rules.json"], JsonSerializer.Serialize(rules));
        await AwsAsync("s3api", "put-bucket-lifecycle-configuration", "--bucket", "bucket", "--lifecycle-configuration", "file://" + folder["rules.json"]);

        // 2. Killed wherever it is.
        var random = new Random(seed);
        for (var kill = 0; kill < KillCount; kill++)
        {
            await Task.Delay(random.Next(100, 3_000));
            await RestartAsync();
        }

        await UntilAsync("every object is in its class, and on its networks", async () =>
        {
            foreach (var (name, _, networks) in tiers)
                for (var number = 0; number < sizes.Length; number++)
                    if (!await IsOutsideAsync($"{name}/{number}", name, networks.Length)) return false;
            return true;
        });
        var after = await HeadsAsync();
        foreach (var (key, head) in before) after[key].ShouldBe(head with { StorageClass = key.Split('/')[0] }, key);

        // 3. What is archived is refused, the rest is read.
        (await AwsResultAsync("s3api", "get-object", "--bucket", "bucket", "--key", "GLACIER/0", folder["out"])).Error.ShouldContain("InvalidObjectState");
        (await AwsResultAsync("s3", "cp", "s3://bucket/DEEP_ARCHIVE/1", folder["out"])).ExitCode.ShouldNotBe(0);
        for (var number = 0; number < sizes.Length; number++) await CheckAsync("GLACIER_IR", number);

        // 4. Each network is lost, one after the other; the last one, which comes back at no address that is known, for good.
        var lost = 0;
        foreach (var name in (string[])["one", "two", "home"])
        {
            if (clouds.TryGetValue(name, out var cloud)) await cloud.KillAsync();
            else await node.DisposeAsync();
            await RestartAsync();
            foreach (var archive in (string[])["GLACIER", "DEEP_ARCHIVE"])
            {
                await AwsAsync("s3api", "restore-object", "--bucket", "bucket", "--key", $"{archive}/{lost}", "--restore-request", """{"Days":300,"GlacierJobParameters":{"Tier":"Standard"}}""");
                if (lost == 2) await RestartAsync();
                await UntilAsync($"{archive}/{lost} is restored", async () => (await HeadAsync($"{archive}/{lost}")).Restore.Contains("ongoing-request=\"false\"", StringComparison.Ordinal));
                await CheckAsync(archive, lost);
            }

            for (var number = 0; number < sizes.Length; number++) await CheckAsync("GLACIER_IR", number);
            if (cloud is not null) clouds[name] = await GatewayProcess.StartAsync(folder[name], "--listen", new Uri(cloud.Endpoint).Authority);
            lost++;
        }

        // 5. After its days it is archived again.
        await AwsAsync("s3api", "restore-object", "--bucket", "bucket", "--key", "GLACIER/0", "--restore-request", """{"Days":1}""");
        await UntilAsync("the restore of GLACIER/0 is over", async () => (await AwsResultAsync("s3api", "get-object", "--bucket", "bucket", "--key", "GLACIER/0", folder["out"])).Error.Contains("InvalidObjectState", StringComparison.Ordinal));
        await UntilAsync("its copy is gone", async () => (await HeadAsync("GLACIER/0")).Restore.Length == 0 && (await JsonAsync(gateway, folder, "tier", "list")).GetProperty("activity").GetProperty("expired").GetInt64() > 0);

        // 6. A class that is given up loses all that it has, and takes nothing new.
        (await RunAsync(gateway, folder, "tier", "drain", "GLACIER_IR")).ShouldSucceed();
        (await AwsResultAsync("s3api", "put-object", "--bucket", "bucket", "--key", "late", "--storage-class", "GLACIER_IR")).Error.ShouldContain("InvalidStorageClass");
        await UntilAsync("nothing is left in GLACIER_IR", async () =>
        {
            for (var number = 0; number < sizes.Length; number++)
                if (await ClassOfAsync($"GLACIER_IR/{number}") != "STANDARD") return false;
            return true;
        });
        for (var number = 0; number < sizes.Length; number++) await CheckAsync("GLACIER_IR", number);
    }

    private Task<GatewayProcess> StartAsync() => GatewayProcess.StartAsync(folder["data"], "--day-length", $"{dayLength.TotalSeconds}s");

    private async Task RestartAsync()
    {
        await gateway.KillAsync();
        gateway = await StartAsync();
    }

    private async Task SetUpAsync()
    {
        File.WriteAllText(folder["aws-credentials"], $"[cloud]\naws_access_key_id = {GatewayProcess.AccessKey}\naws_secret_access_key = {GatewayProcess.SecretKey}\n");
        await AwsAsync("s3api", "create-bucket", "--bucket", "bucket");
        foreach (var (name, cloud) in clouds)
        {
            File.WriteAllText(folder["aws-config"], $"[profile cloud]\nendpoint_url = {cloud.Endpoint}\ns3 =\n  addressing_style = path\n");
            (await RunAsync(gateway, folder, "backend", "add", name, "s3://items/shards", "--target-profile", "cloud")).ShouldSucceed();
        }

        File.WriteAllText(folder["aws-config"], "");
        (await RunAsync(gateway, folder, "backend", "add", "home", "ipfs", "--set", $"node={node.Address.ToString().TrimEnd('/')}")).ShouldSucceed();
        foreach (var (name, geometry, networks) in tiers)
        {
            var policy = name.Replace('_', '-').ToLowerInvariant();
            (await RunAsync(gateway, folder, ["placement", "set", policy, "--geometry", geometry, .. networks.SelectMany(network => (string[])["--network", network])])).ShouldSucceed();
            (await RunAsync(gateway, folder, "tier", "set", name, policy)).ShouldSucceed();
        }
    }

    private Task<Tool.Result> AwsResultAsync(params string[] arguments) => Tool.RunAsync("aws", [.. arguments, "--endpoint-url", gateway.Endpoint], gateway.ClientEnvironment(folder.FullPath), folder.FullPath);

    private async Task AwsAsync(params string[] arguments) => (await AwsResultAsync(arguments)).ShouldSucceed();

    private async Task CheckAsync(string name, int number)
    {
        await AwsAsync("s3", "cp", "--only-show-errors", $"s3://bucket/{name}/{number}", folder["out"]);
        Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(folder["out"]))).ShouldBe(Convert.ToHexString(SHA256.HashData(Content(name, number))), $"{name}/{number}, seed {seed}");
    }

    private async Task<bool> IsOutsideAsync(string key, string name, int networks)
    {
        var shown = await JsonAsync(gateway, folder, "object", "show", $"s3://bucket/{key}");
        return shown.GetProperty("storageClass").GetString() == name
            && shown.GetProperty("segments").EnumerateArray().All(segment => segment.GetProperty("shards").EnumerateArray().Count(shard => shard.GetProperty("health").GetString() == "outside") == networks);
    }

    private async Task<string> ClassOfAsync(string key) => (await HeadAsync(key)).StorageClass;

    private async Task<Dictionary<string, Head>> HeadsAsync()
    {
        var heads = new Dictionary<string, Head>();
        foreach (var (name, _, _) in tiers)
            for (var number = 0; number < sizes.Length; number++) heads.Add($"{name}/{number}", await HeadAsync($"{name}/{number}"));
        return heads;
    }

    private async Task<Head> HeadAsync(string key)
    {
        using var client = S3Clients.Default(gateway);
        var answer = await client.GetObjectMetadataAsync("bucket", key);
        var restore = answer.RestoreInProgress == true ? "ongoing-request=\"true\"" : answer.RestoreExpiration is not null ? "ongoing-request=\"false\"" : "";
        return new(answer.ETag, answer.LastModified?.ToUniversalTime(), answer.ContentLength, answer.Metadata["number"], answer.StorageClass?.Value ?? "STANDARD", restore);
    }

    private async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > patience)
                throw new ShouldAssertException($"Not within {patience.TotalMinutes} minutes (seed {seed}): {what}. {(await RunAsync(gateway, folder, "backend", "list")).Output}\n{(await RunAsync(gateway, folder, "tier", "list")).Output}\n{gateway.Log}");
            await Task.Delay(500);
        }
    }

    private string WriteFile(string name, int number)
    {
        File.WriteAllBytes(folder["in"], Content(name, number));
        return folder["in"];
    }

    private static byte[] Content(string name, int number)
    {
        var bytes = new byte[sizes[number]];
        new Random(number + name.Length * 100).NextBytes(bytes);
        return bytes;
    }

    /// <summary>What must stay as it is, and what moves change.</summary>
    private sealed record Head(string ETag, DateTime? LastModified, long Length, string Number, string StorageClass, string Restore);
}
