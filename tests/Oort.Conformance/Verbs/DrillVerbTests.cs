using System.Text.Json;
using Oort.Conformance.Drills;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Verbs;

/// <summary><c>oort drill</c> against a running gateway.</summary>
public sealed class DrillVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Drill_RunningGateway_ComparesAndTellsAndLeavesNothing()
    {
        await using var gateway = await GatewayProcess.StartAsync(_folder["data"], "--drill-every", "12h");
        using var client = S3Clients.Default(gateway);
        await client.PutBucketAsync("drilled");
        for (var i = 0; i < 20; i++) await new World(seed: 3).PutAsync(client, "drilled", $"object-{i}", World.Content(i, 1 + i * 10_000));

        var report = JsonDocument.Parse((await gateway.VerbAsync("drill", "--size", "1MiB", "--json")).ShouldSucceed().Output).RootElement;
        report.GetProperty("isClean").GetBoolean().ShouldBeTrue();
        report.GetProperty("compared").GetInt32().ShouldBe(20);
        report.GetProperty("readBytes").GetInt64().ShouldBe(1 << 20);
        (await gateway.VerbAsync("drill", "--objects", "5")).ShouldSucceed().Output.ShouldContain("5 compared");
        JsonDocument.Parse((await gateway.VerbAsync("status", "--json")).ShouldSucceed().Output).RootElement.GetProperty("drill").GetProperty("sampled").GetInt32().ShouldBe(5);
        Directory.Exists(_folder["data", "drill"]).ShouldBeFalse();

        // Without the keyrings nothing could be opened; the gateway itself goes on with what it has in memory, from which it may write them anew before the drill looks.
        var failed = await gateway.VerbAsync("drill");
        for (var attempt = 0; attempt < 10 && failed.ExitCode == 0; attempt++)
        {
            foreach (var keyring in Directory.GetFiles(_folder["data", "disks"], "keyring", SearchOption.AllDirectories)) File.Delete(keyring);
            failed = await gateway.VerbAsync("drill");
        }

        failed.ExitCode.ShouldBe(1, failed.Output + failed.Error);
        failed.Output.ShouldContain("Nothing could be recovered");
    }
}
