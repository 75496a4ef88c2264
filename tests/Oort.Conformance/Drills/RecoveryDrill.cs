using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Drills;

/// <summary>The database is lost with everything else in the data directory; disks and phrase give it all back.</summary>
public sealed class RecoveryDrill
{
    private const int ObjectCount = 10_000;

    [Fact]
    public async Task Recover_DatabaseDeleted_EverythingAsItWas()
    {
        using var folder = new TemporaryFolder();
        string[] disks = [.. Enumerable.Range(1, 6).Select(i => folder[$"disk{i}"])];
        string[] diskFlags = [.. disks.SelectMany(d => (string[])["--disk", d])];
        string phrase;
        SortedDictionary<string, string> before;
        World world;
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"], diskFlags))
        {
            phrase = Phrase(gateway.Log);
            using var client = S3Clients.Default(gateway);
            world = new World(seed: 1);
            await world.FillAsync(client, ObjectCount);
            await world.CheckAsync(client);
            before = await WorldDump.TakeAsync(client);
            await gateway.KillAsync();
        }

        Directory.Delete(folder["data"], recursive: true);
        await File.WriteAllTextAsync(folder["phrase"], phrase);
        (await Tool.RunAsync(GatewayProcess.Executable, ["recover", "--phrase-file", folder["phrase"], "--data", folder["rebuilt"], .. diskFlags])).ShouldSucceed();

        await using (var gateway = await GatewayProcess.StartAsync(folder["rebuilt"], diskFlags))
        {
            using var client = S3Clients.Default(gateway);
            var after = await WorldDump.TakeAsync(client);
            WorldDump.Differences(before, after).ShouldBeEmpty();
            await world.CheckAsync(client);
            await client.PutObjectAsync(new() { BucketName = World.Plain, Key = "after", ContentBody = "written after the recovery" });
            (await gateway.TerminateAsync()).ShouldBe(0);
        }
    }

    /// <summary>The 24 words that the first start printed.</summary>
    public static string Phrase(string log)
    {
        var line = log.Split('\n').First(l => l.Contains("Recovery phrase:", StringComparison.Ordinal));
        var words = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        words.Split(' ').Length.ShouldBe(24, line);
        return words;
    }
}
