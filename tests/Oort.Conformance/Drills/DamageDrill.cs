using System.Text.Json;
using Amazon.S3;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Drills;

/// <summary>Two of six disks are wiped while it serves and across SIGKILL, and bytes are flipped in every file the disks hold.</summary>
public sealed class DamageDrill
{
    private const int ObjectCount = 400;

    [Fact]
    public async Task Damage_TwoDisksWipedAndBytesFlipped_EveryReadRightAndAllRepaired()
    {
        using var folder = new TemporaryFolder();
        string[] disks = [.. Enumerable.Range(1, 6).Select(i => folder[$"disk{i}"])];
        string[] flags = [.. disks.SelectMany(d => (string[])["--disk", d])];
        World world;
        await using (var gateway = await GatewayProcess.StartAsync(folder["data"], flags))
        {
            using var client = S3Clients.Default(gateway);
            world = new World(seed: 77);
            await world.FillAsync(client, ObjectCount);

            Wipe(disks[1]);
            Wipe(disks[4]);
            await world.CheckAsync(client);
            await gateway.KillAsync();
        }

        await using (var gateway = await GatewayProcess.StartAsync(folder["data"], flags))
        {
            using var client = S3Clients.Default(gateway);
            await world.CheckAsync(client);
            await OortAsync(gateway, folder, "disk", "replace", disks[1], disks[1]);
            await OortAsync(gateway, folder, "disk", "replace", disks[4], disks[4]);
            await RepairedAsync(gateway, folder);
            await OortAsync(gateway, folder, "fsck");
            await world.PutAsync(client, World.Plain, "after-replace", World.Content(5, 500_000));
            await gateway.KillAsync();
        }

        // Two disks at a time: a code with two parity shards promises no more for one stripe.
        for (var pair = 0; pair < disks.Length; pair += 2)
        {
            var flipped = FlipAByteInEveryFile(disks[pair], seed: pair) + FlipAByteInEveryFile(disks[pair + 1], seed: pair + 1);
            flipped.ShouldBeGreaterThan(6);
            await using var gateway = await GatewayProcess.StartAsync(folder["data"], flags);
            using var client = S3Clients.Default(gateway);
            await world.CheckAsync(client);
            await OortAsync(gateway, folder, "scrub");
            await RepairedAsync(gateway, folder);
            await OortAsync(gateway, folder, "fsck");
            (await gateway.TerminateAsync()).ShouldBe(0, gateway.Log);
        }
    }

    private static void Wipe(string disk)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                foreach (var folder in Directory.EnumerateDirectories(disk)) Directory.Delete(folder, recursive: true);
                foreach (var file in Directory.EnumerateFiles(disk)) File.Delete(file);
                return;
            }
            catch (IOException) when (attempt < 100)
            {
                // The gateway is still writing to it: a file came into a folder that was just emptied.
            }
        }
    }

    /// <summary>Count of files changed: every file with a byte in it, at a place that depends on the seed.</summary>
    private static int FlipAByteInEveryFile(string disk, int seed)
    {
        var random = new Random(seed);
        var count = 0;
        foreach (var path in Directory.EnumerateFiles(disk, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            if (file.Length == 0) continue;
            file.Position = random.NextInt64(file.Length);
            var value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ (1 << random.Next(8))));
            count++;
        }

        return count;
    }

    /// <summary>Waits until every segment, and every copy of journal and keyring, is whole on its disks again.</summary>
    private static async Task RepairedAsync(GatewayProcess gateway, TemporaryFolder folder)
    {
        // Takes seconds; the limit is for a repair that stands still, on however busy a machine.
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var output = (await OortAsync(gateway, folder, "status", "--json")).Output;
            var status = JsonSerializer.Deserialize<JsonElement>(output);
            var repair = status.GetProperty("repair");
            if (status.GetProperty("totals").GetProperty("segmentsNotFull").GetInt64() == 0 && repair.GetProperty("queued").GetInt64() == 0 && !repair.GetProperty("copiesPending").GetBoolean()) return;
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromMinutes(5), $"{output}\n{gateway.Log}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<Tool.Result> OortAsync(GatewayProcess gateway, TemporaryFolder folder, params string[] arguments)
    {
        var result = await Verb.RunAsync(gateway, folder, arguments);
        result.ExitCode.ShouldBe(0, $"oort {string.Join(' ', arguments)}\n{result.Output}\n{result.Error}\ngateway:\n{gateway.Log}");
        return result;
    }
}
