using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Recovery;

/// <summary>The power fails while objects are put: on all stores at one instant, and the database loses everything since the start. What was acknowledged is there; the rest is whole or absent.</summary>
public sealed class CrashTests
{
    private const int StoreCount = 3;
    private const int CrashCount = 24;

    private static readonly (string Key, int Size)[] puts = [("a", 100), ("b", 300_000), ("a", 5_000), ("c", 0), ("d", 40_000)];

    [Fact]
    public async Task PowerCut_AtAnyOperationOfAllStores_LosesNothingAcknowledged()
    {
        var folder = Directory.CreateTempSubdirectory("oort-crash-");
        try
        {
            // 1. A system with nothing in it; its database as it is here is all that survives of it.
            var disk = new RecordingDisk();
            var data = Directory.CreateDirectory(Path.Combine(folder.FullName, "data")).FullName;
            BucketRow bucket;
            await using (var system = await OpenAsync(data, disk)) bucket = await system.CreateBucketAsync("bucket");
            var kept = CopyDirectory(data, Path.Combine(folder.FullName, "kept"));

            // 2. Puts, with the operation at which each began and was acknowledged.
            var history = new List<(string Key, byte[] Content, int Begun, int Acknowledged)>();
            var from = disk.OperationCount;
            await using (var system = await OpenAsync(data, disk))
            {
                foreach (var (key, size) in puts)
                {
                    var (content, begun) = (SystemActions.Content(size + 1, size), disk.OperationCount);
                    (await system.PutAsync(bucket, key, content)).Outcome.ShouldBe(CommitOutcome.Done);
                    history.Add((key, content, begun, disk.OperationCount));
                }
            }

            // 3. Crashes, evenly over all operations, each in another way.
            var modes = Enum.GetValues<CrashMode>();
            for (var number = 0; number <= CrashCount; number++)
            {
                var count = from + (disk.OperationCount - from) * number / CrashCount;
                var mode = modes[number % modes.Length];
                var directory = CopyDirectory(kept, Path.Combine(folder.FullName, $"crash{number}"));
                await CheckAsync(directory, disk.Crash(count, mode, number), history, count, $"crash after operation {count} of {disk.OperationCount}, {mode} {number}");
                Directory.Delete(directory, recursive: true);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task CheckAsync(string directory, RecordingDisk crashed, List<(string Key, byte[] Content, int Begun, int Acknowledged)> history, int count, string crash)
    {
        await using var system = await OpenAsync(directory, crashed);
        foreach (var puts in history.GroupBy(put => put.Key))
        {
            var acknowledged = puts.Where(put => put.Acknowledged <= count).Select(put => put.Content).LastOrDefault();
            var possible = puts.Where(put => put.Begun <= count && put.Acknowledged > count).Select(put => put.Content).Append(acknowledged).ToList();
            var found = await system.GetAsync("bucket", puts.Key);
            possible.Any(content => content is null ? found is null : found is not null && found.AsSpan().SequenceEqual(content)).ShouldBeTrue($"{puts.Key} is {(found is null ? "absent" : $"{found.Length} bytes")}: {crash}");
        }

        // It goes on from there.
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None)).ShouldNotBeNull(crash);
        (await system.PutAsync(bucket, "after", [9])).Outcome.ShouldBe(CommitOutcome.Done, crash);
        (await system.GetAsync("bucket", "after")).ShouldBe([9], crash);
        (await system.FsckAsync(repair: true, null, CancellationToken.None)).Findings.ShouldNotContain(finding => finding.Severity == FindingSeverity.Lost, crash);
    }

    private static async Task<ObjectSystem> OpenAsync(string data, RecordingDisk disk)
    {
        var options = new ObjectSystemOptions
        {
            DataDirectory = data,
            RunWorkers = false,
            Stores = new() { ProbeInterval = TimeSpan.FromMinutes(1) },
            Objects = new() { BufferBytes = 64 * 1024 * 1024 },
        };
        IStoreEndpoint[] endpoints = [.. Enumerable.Range(1, StoreCount).Select(number => new FolderEndpoint(disk, $"disk{number}", new StoreId((UInt128)number)))];
        return await ObjectSystem.OpenAsync(options, endpoints, new RootKey(SystemActions.Content(5, RootKey.Size)), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static string CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        return to;
    }
}
