using Microsoft.Extensions.Logging.Abstractions;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Repair;

/// <summary>Flipped bytes in the files of real stores: everything stays readable, the scrub mends it, and fsck finds nothing afterwards.</summary>
public sealed class DamageTests
{
    private static readonly int[] Sizes = [10, 5_000, 90_000, 400_000, 1_800_000];

    [Fact]
    public async Task Scrub_FlippedByteInEveryFileOfTwoStores_MendsAll()
    {
        var folder = Directory.CreateTempSubdirectory("oort-damage-");
        try
        {
            var data = Directory.CreateDirectory(Path.Combine(folder.FullName, "data")).FullName;
            var disks = Enumerable.Range(1, 6).Select(number => Path.Combine(folder.FullName, $"disk{number}")).ToList();
            await using (var system = await OpenAsync(data, disks))
            {
                var bucket = await system.CreateBucketAsync("bucket");
                foreach (var size in Sizes) await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size));
                await system.SnapshotAsync(CancellationToken.None);
                await system.PutAsync(bucket, "later", SystemActions.Content(1, 20));
            }

            var flipped = disks.Take(2).SelectMany(disk => Directory.GetFiles(disk, "*", SearchOption.AllDirectories)).Where(IsMendable).ToList();
            foreach (var file in flipped) Flip(file);
            flipped.ShouldContain(file => file.Contains("volumes", StringComparison.Ordinal));
            flipped.ShouldContain(file => file.Contains("journal", StringComparison.Ordinal));
            flipped.ShouldContain(file => file.Contains("keyring", StringComparison.Ordinal));
            flipped.ShouldContain(file => file.Contains("snapshot", StringComparison.Ordinal));

            await using (var system = await OpenAsync(data, disks))
            {
                foreach (var size in Sizes) (await system.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
                var report = await system.ScrubAsync(repair: true, null, CancellationToken.None);
                report.BadShards.ShouldBeGreaterThan(0);
                report.RepairedShards.ShouldBe(report.BadShards);
                report.RepairedCopies.ShouldBe(report.BadCopies);
                var second = await system.ScrubAsync(repair: false, null, CancellationToken.None);
                second.Findings.ShouldBeEmpty();
                second.BadCopies.ShouldBe(0);
                (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
            }

            // Two other disks go: what was mended carries the reads.
            foreach (var disk in disks.Skip(2).Take(2)) Directory.Delete(disk, recursive: true);
            await using var last = await OpenAsync(data, disks);
            foreach (var size in Sizes) (await last.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
            (await last.GetAsync("bucket", "later")).ShouldBe(SystemActions.Content(1, 20));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A store whose identity is damaged is not taken for another: the operator replaces it. An empty file has nothing to flip.</summary>
    private static bool IsMendable(string file) => Path.GetFileName(file) is not ("identity" or "lock") && new FileInfo(file).Length > 0;

    /// <summary>Flips a bit in the middle, and in a volume at ten places of the part that is in use.</summary>
    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var used = Math.Max(1, bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
        var places = path.Contains("volumes", StringComparison.Ordinal) ? 10 : 1;
        for (var place = 1; place <= places; place++) bytes[(int)((long)used * place / (places + 1))] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    private static async Task<ObjectSystem> OpenAsync(string data, List<string> disks)
    {
        var options = new ObjectSystemOptions { DataDirectory = data, RunWorkers = false, Stores = new() { ProbeInterval = TimeSpan.FromMilliseconds(100) }, Objects = new() { BufferBytes = 64 * 1024 * 1024 } };
        return await ObjectSystem.OpenAsync(options, [.. disks.Select(disk => new LocalEndpoint(disk))], new RootKey(SystemActions.Content(5, RootKey.Size)), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }
}
