using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>The power fails after every write and every sync there is: what was acknowledged is there, what was not is there whole or not at all.</summary>
public sealed class CrashTests
{
    private static readonly (CrashMode Mode, int Seed)[] s_crashes = [(CrashMode.Dropped, 0), (CrashMode.Kept, 0), (CrashMode.Torn, 1)];

    [Fact]
    public async Task Crash_AtEveryOperation_LosesNothingAcknowledged()
    {
        var disk = StoreFixture.NewDisk();
        var history = new CrashHistory(disk);
        await RunWorkloadAsync(disk, history);

        await CheckAllAsync(disk, history);
    }

    [Fact]
    public async Task Crash_AtEveryOperationOfASecondRun_LosesNothingAcknowledged()
    {
        // The second run begins on what a crash left in the middle of the first, so it begins with recovery.
        var first = StoreFixture.NewDisk();
        await RunWorkloadAsync(first, new CrashHistory(first));
        var disk = first.Crash(first.OperationCount * 2 / 3, CrashMode.Torn, seed: 9);
        var history = new CrashHistory(disk);
        await using (var store = StoreFixture.Open(disk.Crash(0, CrashMode.Kept)))
        {
            foreach (var (id, content) in await StoreFixture.ReadAllAsync(store))
                await history.RunAsync($"shard {id}", content, () => Task.CompletedTask);
            await history.RunAsync("blob keyring", await store.GetBlobAsync("keyring", CancellationToken.None), () => Task.CompletedTask);
        }

        await RunWorkloadAsync(disk, history, firstShard: 1000);

        await CheckAllAsync(disk, history, step: 3);
    }

    internal static async Task CheckAllAsync(RecordingDisk disk, CrashHistory history, LocalStoreOptions? options = null, int step = 1)
    {
        for (var count = 0; count <= disk.OperationCount; count += step)
        {
            foreach (var (mode, seed) in s_crashes)
                await CheckAsync(disk.Crash(count, mode, seed + count), history, count, $"crash after {count} of {disk.OperationCount}, {mode} {seed}", options);
        }
    }

    private static async Task CheckAsync(RecordingDisk crashed, CrashHistory history, int count, string crash, LocalStoreOptions? options)
    {
        Dictionary<ShardId, byte[]> found;
        await using (var store = StoreFixture.Open(crashed, options))
        {
            found = await StoreFixture.ReadAllAsync(store);
            foreach (var key in history.Keys)
                history.Check(key, await FindAsync(store, found, key), count, crash);

            // 1. What is visible is durable: a second power cut right after opening changes nothing.
            await using (var again = StoreFixture.Open(crashed.Crash(crashed.OperationCount, CrashMode.Dropped), options))
                Same(await StoreFixture.ReadAllAsync(again), found, crash + ", then again");

            // 2. It can be written to, and a new shard does not cover an old one.
            await store.PutAsync(TestBytes.Shard(99_999), TestBytes.Make(3000, 99), CancellationToken.None);
            found[TestBytes.Shard(99_999)] = TestBytes.Make(3000, 99);
        }

        await using (var again = StoreFixture.Open(crashed, options))
            Same(await StoreFixture.ReadAllAsync(again), found, crash + ", then reopened");
    }

    private static void Same(Dictionary<ShardId, byte[]> found, Dictionary<ShardId, byte[]> expected, string crash)
    {
        found.Keys.ShouldBe(expected.Keys, ignoreOrder: true, crash);
        foreach (var (id, content) in expected)
            found[id].AsSpan().SequenceEqual(content).ShouldBeTrue($"{crash}: {id}");
    }

    private static async Task<byte[]?> FindAsync(LocalStore store, Dictionary<ShardId, byte[]> shards, string key)
    {
        if (key.StartsWith("shard ", StringComparison.Ordinal))
            return shards.FirstOrDefault(pair => $"shard {pair.Key}" == key).Value;
        if (key.StartsWith("blob ", StringComparison.Ordinal))
            return await store.GetBlobAsync(key[5..], CancellationToken.None);

        // A log's tail may hold a part of an append that was not acknowledged; only what was is compared.
        var log = new byte[await store.LogLengthAsync(key[4..], CancellationToken.None)];
        await store.ReadLogAsync(key[4..], 0, log, CancellationToken.None);
        var whole = log.Length / LogRecordSize * LogRecordSize;
        while (whole > 0 && !log.AsSpan(0, whole).SequenceEqual(LogContent(whole / LogRecordSize)))
            whole -= LogRecordSize;
        return whole == 0 ? null : log[..whole];
    }

    private const int LogRecordSize = 700;

    private static byte[] LogContent(int records) => [.. Enumerable.Range(0, records).SelectMany(i => TestBytes.Make(LogRecordSize, 500 + i))];

    /// <summary>Small and long shards, one by one and at once, replaced, deleted and put again; blobs; a log. Over several volumes.</summary>
    internal static async Task RunWorkloadAsync(RecordingDisk disk, CrashHistory history, ulong firstShard = 1)
    {
        var none = CancellationToken.None;
        var store = StoreFixture.Open(disk);
        ShardId Shard(int i) => TestBytes.Shard(firstShard + (ulong)i);
        Task Put(int i, int length, int seed)
        {
            var content = TestBytes.Make(length, seed);
            return history.RunAsync($"shard {Shard(i)}", content, () => store.PutAsync(Shard(i), content, none).AsTask());
        }

        Task Delete(int i) => history.RunAsync($"shard {Shard(i)}", null, () => store.DeleteAsync(Shard(i), none).AsTask());

        await Put(0, 100, 1);
        await Put(1, 0, 2);
        await Task.WhenAll(Put(2, 1500, 3), Put(3, 6000, 4), Put(4, 1900, 5), Put(5, 20_000, 6));
        await Delete(0);
        await Put(2, 2500, 7);
        await history.RunAsync("blob keyring", TestBytes.Make(900, 8), () => store.PutBlobAsync("keyring", TestBytes.Make(900, 8), none).AsTask());
        await Task.WhenAll(Delete(3), Put(6, 9000, 9), Put(7, 300, 10), Put(0, 120, 11));

        // An extent that is never committed, and one whose commit comes after its volume is full.
        var abandoned = await store.BeginAsync(Shard(100), 5000, none);
        var late = await store.BeginAsync(Shard(8), 7000, none);
        await abandoned.WriteAsync(TestBytes.Make(2000, 12), none);
        await late.WriteAsync(TestBytes.Make(7000, 13), none);
        for (var i = 9; i < 13; i++)
            await Put(i, 12_000, i + 20);
        await history.RunAsync($"shard {Shard(8)}", TestBytes.Make(7000, 13), () => late.CommitAsync(none).AsTask());
        await abandoned.DisposeAsync();

        if (firstShard == 1)
        {
            for (var i = 0; i < 3; i++)
                await history.RunAsync("log journal/1/1", LogContent(i + 1), () => store.AppendLogAsync("journal/1/1", i * LogRecordSize, TestBytes.Make(LogRecordSize, 500 + i), none).AsTask());
        }

        await history.RunAsync("blob keyring", TestBytes.Make(50, 14), () => store.PutBlobAsync("keyring", TestBytes.Make(50, 14), none).AsTask());
        await Task.WhenAll(Delete(5), Delete(9), Put(7, 310, 15));
        await store.DisposeAsync();

        // A restart, and a little more.
        store = StoreFixture.Open(disk);
        await Task.WhenAll(Put(9, 600, 16), Put(20, 5000, 17));
        await Delete(20);
        await history.RunAsync("blob keyring", null, () => store.DeleteBlobAsync("keyring", none).AsTask());
        await store.DisposeAsync();
    }
}
