using System.Security.Cryptography;
using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Shouldly;

namespace Oort.Conformance.Networks;

/// <summary>A storage class on outside networks.</summary>
/// <param name="Class">Also the folder of the objects that go there.</param>
/// <param name="Geometry">Where one network is lost, enough shards are left; without any too few.</param>
/// <param name="Networks">Each gets one shard of a segment.</param>
internal sealed record ColdTier(string Class, string Geometry, params string[] Networks);

/// <summary>A gateway whose objects go to classes on outside networks and come back, while it is killed again and again. Days last two seconds. Driven with the aws cli and the operator's verbs.</summary>
internal sealed class ColdGateway : IAsyncDisposable
{
    /// <summary>Objects of each class. Of different lengths, so that there are packs, one segment with short shards, and one of many stripes.</summary>
    public const int ObjectCount = 3;

    private static readonly int[] sizes = [5_000, 700_000, 12_000_000];

    private static readonly TimeSpan dayLength = TimeSpan.FromSeconds(2);

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(6);

    private readonly TemporaryFolder folder;
    private readonly ColdTier[] tiers;
    private GatewayProcess process = null!;

    private ColdGateway(TemporaryFolder folder, ColdTier[] tiers) => (this.folder, this.tiers) = (folder, tiers);

    /// <summary>Of all that is random; named by every failure.</summary>
    public int Seed { get; } = Environment.TickCount;

    public static async Task<ColdGateway> StartAsync(TemporaryFolder folder, params ColdTier[] tiers)
    {
        var gateway = new ColdGateway(folder, tiers);
        gateway.process = await gateway.StartProcessAsync();
        await gateway.AwsAsync("s3api", "create-bucket", "--bucket", "bucket");
        return gateway;
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    /// <summary>SIGKILL, before this returns.</summary>
    /// <returns>Ends when the process has.</returns>
    public Task KillAsync() => process.KillAsync();

    public async Task RestartAsync()
    {
        await process.KillAsync();
        process = await StartProcessAsync();
    }

    public Task<Tool.Result> AwsResultAsync(params string[] arguments) => Tool.RunAsync("aws", [.. arguments, "--endpoint-url", process.Endpoint], process.ClientEnvironment(folder.FullPath), folder.FullPath);

    public async Task AwsAsync(params string[] arguments) => (await AwsResultAsync(arguments)).ShouldSucceed();

    public Task<Tool.Result> VerbAsync(params string[] arguments) => Verb.RunAsync(process, folder, arguments);

    public Task<JsonElement> JsonAsync(params string[] arguments) => Verb.JsonAsync(process, folder, arguments);

    /// <summary>Gives each class its policy. The networks are there.</summary>
    public async Task SetTiersAsync()
    {
        foreach (var (name, geometry, networks) in tiers)
        {
            var policy = name.Replace('_', '-').ToLowerInvariant();
            (await VerbAsync(["placement", "set", policy, "--geometry", geometry, .. networks.SelectMany(network => (string[])["--network", network + "=1"])])).ShouldSucceed();
            (await VerbAsync("tier", "set", name, policy)).ShouldSucceed();
        }
    }

    /// <summary>Puts objects for each class, and has lifecycle rules bring them there, while the gateway is killed wherever it is; ends when all are there and nothing else of them has changed.</summary>
    /// <param name="untilKill">What ends when it is to be killed, or has been; false: it is left alone from now on.</param>
    public async Task MoveAllAsync(Func<Random, Task<bool>> untilKill)
    {
        foreach (var tier in tiers)
        {
            for (var number = 0; number < ObjectCount; number++)
            {
                File.WriteAllBytes(folder["in"], Content(tier.Class, number));
                await AwsAsync("s3", "cp", "--only-show-errors", "--metadata", $"number={number}", folder["in"], $"s3://bucket/{tier.Class}/{number}");
            }
        }

        var before = await HeadsAsync();
        var rules = new { Rules = tiers.Select(tier => new { ID = tier.Class, Status = "Enabled", Filter = new { And = new { Prefix = tier.Class + "/", ObjectSizeGreaterThan = 1 } }, Transitions = new[] { new { Days = 0, StorageClass = tier.Class } } }) };
        File.WriteAllText(folder["rules.json"], JsonSerializer.Serialize(rules));
        await AwsAsync("s3api", "put-bucket-lifecycle-configuration", "--bucket", "bucket", "--lifecycle-configuration", "file://" + folder["rules.json"]);

        var random = new Random(Seed);
        while (await untilKill(random)) await RestartAsync();
        await UntilAsync("every object is in its class, and on its networks", async () =>
        {
            // What networks are paid is counted while items are on their way, too.
            await JsonAsync("cost", "--now");
            foreach (var tier in tiers)
                for (var number = 0; number < ObjectCount; number++)
                    if (!await IsOutsideAsync(tier, number)) return false;
            return true;
        });
        var after = await HeadsAsync();
        foreach (var (key, head) in before) after[key].ShouldBe(head with { StorageClass = key.Split('/')[0] }, key);
    }

    /// <summary>Whenever it was counted and killed: what is on networks, or was and is deleted, was put once.</summary>
    public async Task ShouldBeCountedOnceAsync(int networkCount)
    {
        var cost = await JsonAsync("cost", "--now");
        cost.GetProperty("stocks").GetArrayLength().ShouldBe(networkCount);
        var counts = cost.GetProperty("lines").EnumerateArray().ToDictionary(line => $"{line.GetProperty("network")} {line.GetProperty("kind")}", line => line.GetProperty("count").GetDouble());
        cost.GetProperty("stocks").EnumerateArray().ToDictionary(stock => stock.GetProperty("network").ToString(), stock => stock.GetProperty("items").GetDouble() + counts.GetValueOrDefault(stock.GetProperty("network") + " deleted"))
            .ShouldBe(counts.Where(pair => pair.Key.EndsWith(" put", StringComparison.Ordinal)).ToDictionary(pair => pair.Key.Split(' ')[0], pair => pair.Value), ignoreOrder: true, $"seed {Seed}");
    }

    /// <summary>Restores an archived object for longer than the test lasts, and reads it.</summary>
    /// <param name="isKilled">Whether the gateway is killed in between.</param>
    public async Task RestoreAsync(string archive, int number, bool isKilled = false)
    {
        var key = $"{archive}/{number}";
        await AwsAsync("s3api", "restore-object", "--bucket", "bucket", "--key", key, "--restore-request", """{"Days":300,"GlacierJobParameters":{"Tier":"Standard"}}""");
        if (isKilled) await RestartAsync();
        await UntilAsync($"{key} is restored", async () => (await HeadAsync(key)).Restore.Contains("ongoing-request=\"false\"", StringComparison.Ordinal));
        await CheckAsync(archive, number);
    }

    /// <summary>Reads an object and compares each byte.</summary>
    public async Task CheckAsync(string name, int number)
    {
        await AwsAsync("s3", "cp", "--only-show-errors", $"s3://bucket/{name}/{number}", folder["out"]);
        Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(folder["out"]))).ShouldBe(Convert.ToHexString(SHA256.HashData(Content(name, number))), $"{name}/{number}, seed {Seed}");
    }

    public async Task ShouldBeArchivedAsync(string key) => (await AwsResultAsync("s3api", "get-object", "--bucket", "bucket", "--key", key, folder["out"])).Error.ShouldContain("InvalidObjectState");

    public async Task<ColdHead> HeadAsync(string key)
    {
        using var client = S3Clients.Default(process);
        var answer = await client.GetObjectMetadataAsync("bucket", key);
        var restore = answer.RestoreInProgress == true ? "ongoing-request=\"true\"" : answer.RestoreExpiration is not null ? "ongoing-request=\"false\"" : "";
        return new(answer.ETag, answer.LastModified?.ToUniversalTime(), answer.ContentLength, answer.Metadata["number"], answer.StorageClass?.Value ?? "STANDARD", restore);
    }

    /// <summary>Segments of a class; each has one shard on each of its networks.</summary>
    public async Task<int> CountSegmentsAsync(ColdTier tier)
    {
        var segments = new HashSet<string>();
        for (var number = 0; number < ObjectCount; number++)
            foreach (var segment in (await JsonAsync("object", "show", $"s3://bucket/{tier.Class}/{number}")).GetProperty("segments").EnumerateArray()) segments.Add(segment.GetProperty("id").GetString()!);
        return segments.Count;
    }

    public async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > patience)
                throw new ShouldAssertException($"Not within {patience.TotalMinutes} minutes (seed {Seed}): {what}. {(await VerbAsync("backend", "list")).Output}\n{(await VerbAsync("tier", "list")).Output}\n{process.Log}");
            await Task.Delay(500);
        }
    }

    private Task<GatewayProcess> StartProcessAsync() => GatewayProcess.StartAsync(folder["data"], "--day-length", $"{dayLength.TotalSeconds}s");

    private async Task<bool> IsOutsideAsync(ColdTier tier, int number)
    {
        var shown = await JsonAsync("object", "show", $"s3://bucket/{tier.Class}/{number}");
        return shown.GetProperty("storageClass").GetString() == tier.Class
            && shown.GetProperty("segments").EnumerateArray().All(segment => segment.GetProperty("shards").EnumerateArray().Count(shard => shard.GetProperty("health").GetString() == "outside") == tier.Networks.Length);
    }

    private async Task<Dictionary<string, ColdHead>> HeadsAsync()
    {
        var heads = new Dictionary<string, ColdHead>();
        foreach (var tier in tiers)
            for (var number = 0; number < ObjectCount; number++) heads.Add($"{tier.Class}/{number}", await HeadAsync($"{tier.Class}/{number}"));
        return heads;
    }

    private static byte[] Content(string name, int number)
    {
        var bytes = new byte[sizes[number]];
        new Random(number + name.Length * 100).NextBytes(bytes);
        return bytes;
    }
}

/// <summary>What must stay as it is, and what moves change.</summary>
internal sealed record ColdHead(string ETag, DateTime? LastModified, long Length, string Number, string StorageClass, string Restore);
