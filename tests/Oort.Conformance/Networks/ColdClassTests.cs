using Amazon.S3;
using Oort.Conformance.Harness;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Networks;

/// <summary>
/// Objects go by lifecycle to classes on three outside networks (two S3 clouds, which are gateways too, and a js-ipfs node), while the gateway is killed again and again; they come back
/// by restores, with each network lost in turn.
/// </summary>
public sealed class ColdClassTests : IAsyncLifetime
{
    private const int KillCount = 5;

    private static readonly ColdTier[] tiers =
    [
        new("GLACIER", "2+2", "one", "two", "home"),
        new("DEEP_ARCHIVE", "2+1", "two", "home"),
        new("GLACIER_IR", "2+1", "one", "home"),
    ];

    private readonly TemporaryFolder folder = new();
    private readonly Dictionary<string, GatewayProcess> clouds = [];
    private ColdGateway gateway = null!;
    private PeerProcess node = null!;

    public async ValueTask InitializeAsync()
    {
        node = await PeerProcess.StartAsync("ipfs", "ready", "node.mjs", folder["ipfs"]);
        foreach (var name in (string[])["one", "two"])
        {
            clouds[name] = await GatewayProcess.StartAsync(folder[name]);
            using var client = S3Clients.Default(clouds[name]);
            await client.PutBucketAsync("items");
        }

        gateway = await ColdGateway.StartAsync(folder, tiers);
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
        await AddNetworksAsync();
        await gateway.SetTiersAsync();

        // 1. Killed wherever it is: steps of items are taken every five seconds.
        var killCount = 0;
        await gateway.MoveAllAsync(async random =>
        {
            if (++killCount > KillCount) return false;
            await Task.Delay(random.Next(100, 7_000));
            return true;
        });

        await gateway.RestartAsync();
        await gateway.ShouldBeCountedOnceAsync(clouds.Count + 1);

        // 2. What is archived is refused, the rest is read.
        await gateway.ShouldBeArchivedAsync("GLACIER/0");
        (await gateway.AwsResultAsync("s3", "cp", "s3://bucket/DEEP_ARCHIVE/1", folder["out"])).ExitCode.ShouldNotBe(0);
        await CheckReadableAsync();

        // 3. Each network is lost, one after the other; the last one, which comes back at no address that is known, for good.
        var lost = 0;
        foreach (var name in (string[])["one", "two", "home"])
        {
            if (clouds.TryGetValue(name, out var cloud)) await cloud.KillAsync();
            else await node.DisposeAsync();
            await gateway.RestartAsync();
            foreach (var archive in (string[])["GLACIER", "DEEP_ARCHIVE"]) await gateway.RestoreAsync(archive, lost, isKilled: lost == 2);
            await CheckReadableAsync();
            if (cloud is not null) clouds[name] = await GatewayProcess.StartAsync(folder[name], "--listen", new Uri(cloud.Endpoint).Authority);
            lost++;
        }

        // 4. After its days it is archived again.
        await gateway.AwsAsync("s3api", "restore-object", "--bucket", "bucket", "--key", "GLACIER/0", "--restore-request", """{"Days":1}""");
        await gateway.UntilAsync("the restore of GLACIER/0 is over", async () => (await gateway.AwsResultAsync("s3api", "get-object", "--bucket", "bucket", "--key", "GLACIER/0", folder["out"])).Error.Contains("InvalidObjectState", StringComparison.Ordinal));
        await gateway.UntilAsync("its copy is gone", async () => (await gateway.HeadAsync("GLACIER/0")).Restore.Length == 0 && (await gateway.JsonAsync("tier", "list")).GetProperty("activity").GetProperty("expired").GetInt64() > 0);

        // 5. A class that is given up loses all that it has, and takes nothing new.
        (await gateway.VerbAsync("tier", "drain", "GLACIER_IR")).ShouldSucceed();
        (await gateway.AwsResultAsync("s3api", "put-object", "--bucket", "bucket", "--key", "late", "--storage-class", "GLACIER_IR")).Error.ShouldContain("InvalidStorageClass");
        await gateway.UntilAsync("nothing is left in GLACIER_IR", async () =>
        {
            for (var number = 0; number < ColdGateway.ObjectCount; number++)
                if ((await gateway.HeadAsync($"GLACIER_IR/{number}")).StorageClass != "STANDARD") return false;
            return true;
        });
        await CheckReadableAsync();
    }

    private async Task AddNetworksAsync()
    {
        File.WriteAllText(folder["aws-credentials"], $"[cloud]\naws_access_key_id = {GatewayProcess.AccessKey}\naws_secret_access_key = {GatewayProcess.SecretKey}\n");
        foreach (var (name, cloud) in clouds)
        {
            File.WriteAllText(folder["aws-config"], $"[profile cloud]\nendpoint_url = {cloud.Endpoint}\ns3 =\n  addressing_style = path\n");
            (await gateway.VerbAsync("backend", "add", name, "s3://items/shards", "--target-profile", "cloud")).ShouldSucceed();
        }

        File.WriteAllText(folder["aws-config"], "");
        (await gateway.VerbAsync("backend", "add", "home", "ipfs", "--set", $"node={node.Address.ToString().TrimEnd('/')}")).ShouldSucceed();
    }

    private async Task CheckReadableAsync()
    {
        for (var number = 0; number < ColdGateway.ObjectCount; number++) await gateway.CheckAsync("GLACIER_IR", number);
    }
}
