using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

/// <summary>The power fails while packs are emptied and segments dropped: on all stores at one instant, and the database loses everything since the start. Nothing that lives is lost.</summary>
public sealed class CollectionCrashTests
{
    private const int StoreCount = 3;
    private const int Count = 24;
    private const int CrashCount = 18;

    [Fact]
    public async Task PowerCut_AtAnyOperationOfACollection_LosesNothingThatLives()
    {
        var folder = Directory.CreateTempSubdirectory("oort-collect-");
        try
        {
            // 1. Packs of which each fourth object is left, and a large object that was deleted.
            var (disk, time) = (new RecordingDisk(), new ShiftedTime());
            var data = Directory.CreateDirectory(Path.Combine(folder.FullName, "data")).FullName;
            await using (var system = await OpenAsync(data, disk, time))
            {
                var bucket = await system.CreateBucketAsync("bucket");
                await system.PutTogetherAsync(bucket, Enumerable.Range(0, Count).Select(index => ($"key{index}", Content(index))));
                await system.PutAsync(bucket, "large", SystemActions.Content(99, 400_000));
                await system.DeleteAsync(bucket, "large");
                for (var index = 0; index < Count; index++)
                    if (index % 4 != 0) await system.DeleteAsync(bucket, $"key{index}");
            }

            // 2. The database as it is here is all that survives of it.
            var kept = CopyDirectory(data, Path.Combine(folder.FullName, "kept"));
            var from = disk.OperationCount;
            await using (var system = await OpenAsync(data, disk, time))
            {
                time.Advance(TimeSpan.FromHours(2));
                (await system.CollectAsync()).CompactedSegments.ShouldBeGreaterThan(0);
                time.Advance(TimeSpan.FromHours(2));
                (await system.CollectAsync()).DroppedSegments.ShouldBeGreaterThan(0);
            }

            // 3. Crashes, evenly over all operations, each in another way.
            var modes = Enum.GetValues<CrashMode>();
            for (var number = 0; number <= CrashCount; number++)
            {
                var count = from + (disk.OperationCount - from) * number / CrashCount;
                var mode = modes[number % modes.Length];
                var directory = CopyDirectory(kept, Path.Combine(folder.FullName, $"crash{number}"));
                await CheckAsync(directory, disk.Crash(count, mode, number), time, $"crash after operation {count} of {from} to {disk.OperationCount}, {mode} {number}");
                Directory.Delete(directory, recursive: true);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task CheckAsync(string directory, RecordingDisk crashed, ShiftedTime time, string crash)
    {
        await using var system = await OpenAsync(directory, crashed, time);
        await CheckContentAsync(system, crash);
        (await system.FsckAsync(repair: true, null, CancellationToken.None)).Findings.ShouldNotContain(finding => finding.Severity == FindingSeverity.Lost, crash);

        // The collection goes on, to its end, and so does the quarantine of what the crash left.
        time.Advance(TimeSpan.FromHours(2));
        await system.CollectAsync();
        time.Advance(TimeSpan.FromDays(8));
        await system.CollectAsync();
        await CheckContentAsync(system, crash);
        var last = await system.FsckAsync(repair: false, null, CancellationToken.None);
        last.IsClean.ShouldBeTrue(crash);
        last.Orphans.ShouldBe(0, crash);
        (await system.Metadata.ListSegmentUseAsync(0.5, default, 1_000, CancellationToken.None)).ShouldBeEmpty(crash);
    }

    private static async Task CheckContentAsync(ObjectSystem system, string crash)
    {
        for (var index = 0; index < Count; index += 4) (await system.GetAsync("bucket", $"key{index}")).ShouldBe(Content(index), crash);
        (await system.GetAsync("bucket", "large")).ShouldBeNull(crash);
    }

    private static byte[] Content(int index) => SystemActions.Content(index, 2_000 + index * 100);

    private static async Task<ObjectSystem> OpenAsync(string data, RecordingDisk disk, TimeProvider time)
    {
        var options = new ObjectSystemOptions
        {
            DataDirectory = data,
            RunWorkers = false,
            Stores = new() { ProbeInterval = TimeSpan.FromMinutes(1) },
            Objects = new() { BufferBytes = 64 * 1024 * 1024 },
        };
        IStoreEndpoint[] endpoints = [.. Enumerable.Range(1, StoreCount).Select(number => new FolderEndpoint(disk, $"disk{number}", new StoreId((UInt128)number)))];
        return await ObjectSystem.OpenAsync(options, endpoints, new RootKey(SystemActions.Content(5, RootKey.Size)), time, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static string CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        return to;
    }
}
