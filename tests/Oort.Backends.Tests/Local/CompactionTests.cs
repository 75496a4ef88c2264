using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

public sealed class CompactionTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Compact_MostlyDeadVolumes_FreesThemAndKeepsWhatLives()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        await FillAsync(store);
        var before = VolumeBytes(disk);

        var result = await store.CompactAsync(None);

        result.VolumeCount.ShouldBeGreaterThan(2);
        await CheckAsync(store);

        // Tombstones that were carried along guard nothing any more once the old volumes are gone: it comes to rest soon.
        await store.CompactAsync(None);
        await store.CompactAsync(None);
        VolumeBytes(disk).ShouldBeLessThan(before / 2);
        (await store.CompactAsync(None)).ShouldBe(default);
        await CheckAsync(store);
    }

    [Fact]
    public async Task Compact_ThenRebuiltFromTheVolumes_HasNoDeletedShardBack()
    {
        var disk = StoreFixture.NewDisk();
        await using (var store = StoreFixture.Open(disk))
        {
            await FillAsync(store);
            await store.CompactAsync(None);
        }

        disk.Delete("index");

        await using var rebuilt = StoreFixture.Open(disk);
        await CheckAsync(rebuilt);
    }

    [Fact]
    public async Task Compact_AgainAndAgain_DropsTombstonesThatGuardNothing()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0UL; i < 60; i++)
                await store.PutAsync(TestBytes.Shard(i), TestBytes.Make(1900, 1), None);
            for (var i = 0UL; i < 60; i++)
                (await store.DeleteAsync(TestBytes.Shard(i), None)).ShouldBe(DeleteOutcome.Deleted);
            await store.CompactAsync(None);
        }

        await store.CompactAsync(None);
        await store.CompactAsync(None);

        // 300 shards came and went; what is left is the open volume, and little that waits for it.
        disk.Paths.Count(path => path.StartsWith("volumes/", StringComparison.Ordinal)).ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task Compact_WhileReadAndWritten_DisturbsNobody()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        await FillAsync(store);

        var reading = Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
                await CheckAsync(store);
        });
        var writing = Task.Run(async () =>
        {
            for (var i = 1000; i < 1100; i++)
            {
                await store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(i, i), None);
                if (i % 2 == 0)
                    await store.DeleteAsync(TestBytes.Shard((ulong)i), None);
            }
        });
        await store.CompactAsync(None);
        await Task.WhenAll(reading, writing);
        await store.CompactAsync(None);

        await CheckAsync(store);
        for (var i = 1001; i < 1100; i += 2)
            (await ReadAsync(store, TestBytes.Shard((ulong)i))).ShouldBe(TestBytes.Make(i, i));
    }

    [Fact]
    public async Task Compact_CrashAtEveryOperation_LosesNothing()
    {
        var disk = StoreFixture.NewDisk();
        var history = new CrashHistory(disk);
        await using (var store = StoreFixture.Open(disk))
        {
            Task Put(ulong i, int length, int seed) => history.RunAsync($"shard {TestBytes.Shard(i)}", TestBytes.Make(length, seed), () => store.PutAsync(TestBytes.Shard(i), TestBytes.Make(length, seed), None).AsTask());
            Task Delete(ulong i) => history.RunAsync($"shard {TestBytes.Shard(i)}", null, () => store.DeleteAsync(TestBytes.Shard(i), None).AsTask());

            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Put((ulong)i, 15_000 + i, i)));
            await Task.WhenAll(Enumerable.Range(8, 10).Select(i => Put((ulong)i, 100 * i, i)));
            await Task.WhenAll(Enumerable.Range(1, 5).Select(i => Delete((ulong)i)));
            await Task.WhenAll(Put(9, 77, 40), Delete(10), Delete(11), Delete(12));
            await store.CompactAsync(None);
            await Task.WhenAll(Delete(13), Delete(6), Delete(7), Put(2, 333, 41), Put(30, 50_000, 42));
            await store.CompactAsync(None);
        }

        disk.CopyOperations().Count(operation => operation.Kind == DiskOperationKind.Delete && operation.Path.StartsWith("volumes/", StringComparison.Ordinal)).ShouldBeGreaterThan(1);
        await CrashTests.CheckAllAsync(disk, history, step: 2);
    }

    [Fact]
    public async Task Compact_UnreadableGroupOfLiveShards_MovesThemByTheIndex()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        await FillAsync(store);
        var path = disk.Paths.First(p => p.StartsWith("volumes/", StringComparison.Ordinal));
        var bytes = disk.GetFile(path)!;
        for (var offset = 4096; offset < bytes.Length; offset += 4096)
            bytes[offset] ^= 0xff;
        disk.SetFile(path, bytes);

        await store.CompactAsync(None);

        disk.Paths.ShouldNotContain(path);
        (await StoreFixture.ReadAllAsync(store)).Count.ShouldBe(ExpectedCount);
    }

    private const int ShardCount = 120;
    private const int ExpectedCount = ShardCount / 6;

    /// <summary>Several volumes of small and long shards, five in six deleted.</summary>
    private static async Task FillAsync(LocalStore store)
    {
        for (var i = 0; i < ShardCount; i++)
            await store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(Length(i), i), None);
        for (var i = 0; i < ShardCount; i++)
        {
            if (i % 6 != 0)
                await store.DeleteAsync(TestBytes.Shard((ulong)i), None);
        }
    }

    private static int Length(int i) => i % 12 == 0 ? 20_000 + i : 500 + i;

    private static async Task CheckAsync(LocalStore store)
    {
        for (var i = 0; i < ShardCount; i++)
        {
            if (i % 6 == 0)
                (await ReadAsync(store, TestBytes.Shard((ulong)i))).ShouldBe(TestBytes.Make(Length(i), i));
            else
                (await store.StatAsync(TestBytes.Shard((ulong)i), None)).ShouldBeNull();
        }
    }

    private static async Task<byte[]> ReadAsync(LocalStore store, ShardId id)
    {
        var content = new byte[100_000];
        return content[..await store.ReadAsync(id, 0, content, None)];
    }

    private static long VolumeBytes(RecordingDisk disk) => disk.Paths.Where(path => path.StartsWith("volumes/", StringComparison.Ordinal)).Sum(path => (long)disk.GetFile(path)!.Length);
}
