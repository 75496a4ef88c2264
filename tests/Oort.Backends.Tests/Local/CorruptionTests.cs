using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>A small store's files with bytes flipped (all of identity and index, each seventh or eleventh of a volume, which touches every field and region) and cut: what the pages in docs/formats promise, and never a wrong shard under a right id from the store's own doing.</summary>
public sealed class CorruptionTests
{
    private static readonly Dictionary<ShardId, byte[]> s_shards = new()
    {
        [TestBytes.Shard(1)] = TestBytes.Make(40, 1),
        [TestBytes.Shard(2)] = TestBytes.Make(0, 2),
        [TestBytes.Shard(3)] = TestBytes.Make(3000, 3),
        [TestBytes.Shard(4)] = TestBytes.Make(70, 4),
        [TestBytes.Shard(6)] = TestBytes.Make(50, 6),
    };

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Identity_AnyByteOfBothRecordsFlippedOrCut_IsRefused()
    {
        var disk = StoreFixture.NewDisk();
        var identity = disk.GetFile("identity")!;
        for (var i = 0; i < StoreIdentity.Size; i++)
        {
            disk.SetFile("identity", Flip(Flip(identity, i), StoreIdentity.Size + i));
            Should.Throw<BackendException>(() => StoreFixture.Open(disk)).Kind.ShouldBe(BackendErrorKind.Permanent, $"byte {i}");
        }

        for (var length = 0; length < identity.Length; length++)
        {
            disk.SetFile("identity", identity[..length]);
            Should.Throw<BackendException>(() => StoreFixture.Open(disk)).Kind.ShouldBe(BackendErrorKind.Permanent, $"length {length}");
        }

        disk.SetFile("identity", [.. identity, 0]);
        Should.Throw<BackendException>(() => StoreFixture.Open(disk)).Kind.ShouldBe(BackendErrorKind.Permanent);
        disk.SetFile("identity", identity);
        await StoreFixture.Open(disk).DisposeAsync();
    }

    [Fact]
    public async Task Index_AnyByteFlippedOrCut_IsRebuilt()
    {
        var disk = await FilledAsync();
        var index = disk.GetFile("index")!;
        foreach (var damaged in Enumerable.Range(0, index.Length).Select(i => Flip(index, i)).Concat(Enumerable.Range(0, index.Length / 7).Select(i => index[..(i * 7)])))
        {
            var copy = disk.Crash(disk.OperationCount, CrashMode.Kept);
            copy.SetFile("index", damaged);
            await using var store = StoreFixture.Open(copy);
            Same(await StoreFixture.ReadAllAsync(store));
            store.Damage.ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData(true, 11)]
    [InlineData(false, 7)]
    public async Task Volume_ByteFlipped_HurtsOnlyWhatItBelongsTo(bool withIndex, int step)
    {
        var disk = await FilledAsync();
        var path = VolumeFormat.FileName(1);
        var volume = disk.GetFile(path)!;
        foreach (var i in Enumerable.Range(0, volume.Length).Where(i => volume[i] != 0 && i % step == 0))
        {
            var copy = disk.Crash(disk.OperationCount, CrashMode.Kept);
            copy.SetFile(path, Flip(volume, i));
            if (!withIndex)
                copy.Delete("index");
            await using var store = StoreFixture.Open(copy);
            CheckHurt(await StoreFixture.ReadAllAsync(store), $"byte {i}", withIndex);
            await store.PutAsync(TestBytes.Shard(50), TestBytes.Make(10, 50), None);
        }
    }

    [Fact]
    public async Task Volume_CutAnywhere_KeepsWhatIsBeforeTheCut()
    {
        var disk = await FilledAsync();
        var path = VolumeFormat.FileName(1);
        var volume = disk.GetFile(path)!;
        for (var length = 0; length < volume.Length; length += 509)
        {
            foreach (var withIndex in new[] { true, false })
            {
                var copy = disk.Crash(disk.OperationCount, CrashMode.Kept);
                copy.SetFile(path, volume[..length]);
                if (!withIndex)
                    copy.Delete("index");
                await using var store = StoreFixture.Open(copy);
                var found = await StoreFixture.ReadAllAsync(store);
                foreach (var (id, content) in found.Where(pair => pair.Key != TestBytes.Shard(5)))
                    content.ShouldBe(s_shards[id], $"length {length}");
                if (withIndex)
                    found.Count.ShouldBe(s_shards.Count - (int)store.LostShardCount, $"length {length}");
                await store.PutAsync(TestBytes.Shard(50), TestBytes.Make(10, 50), None);
            }
        }
    }

    [Fact]
    public async Task Volume_Missing_LosesItsShardsAndNoOthers()
    {
        var disk = StoreFixture.NewDisk();
        await using (var store = StoreFixture.Open(disk))
        {
            for (var i = 0UL; i < 60; i++)
                await store.PutAsync(TestBytes.Shard(i), TestBytes.Make(1900, (int)i), None);
        }

        disk.Delete(VolumeFormat.FileName(2));

        await using var reopened = StoreFixture.Open(disk);
        var found = await StoreFixture.ReadAllAsync(reopened);
        reopened.LostShardCount.ShouldBeGreaterThan(0);
        (found.Count + reopened.LostShardCount).ShouldBe(60);
        foreach (var (id, content) in found)
            content.ShouldBe(TestBytes.Make(1900, (int)id.Segment.Counter));
        (await reopened.StatAsync(TestBytes.Shard(59), None)).ShouldBe(1900);
    }

    /// <summary>One volume: small shards, an extent, a deleted shard, and a group at the end.</summary>
    private static async Task<RecordingDisk> FilledAsync()
    {
        var disk = StoreFixture.NewDisk();
        await using (var store = StoreFixture.Open(disk))
        {
            foreach (var i in new ulong[] { 1, 2, 3, 4 })
                await store.PutAsync(TestBytes.Shard(i), s_shards[TestBytes.Shard(i)], None);
            await store.PutAsync(TestBytes.Shard(5), TestBytes.Make(60, 5), None);
            await store.DeleteAsync(TestBytes.Shard(5), None);
            await store.PutAsync(TestBytes.Shard(6), s_shards[TestBytes.Shard(6)], None);
        }

        // A disk of its own, without the operations before.
        return disk.Crash(disk.OperationCount, CrashMode.Dropped);
    }

    /// <summary>One flipped byte costs at most one group's shards, or changes one byte of one shard, or (the tombstone's group) brings one deleted shard back.</summary>
    private static void CheckHurt(Dictionary<ShardId, byte[]> found, string where, bool withIndex)
    {
        var hurt = s_shards.Count(pair => !found.TryGetValue(pair.Key, out var content) || !content.AsSpan().SequenceEqual(pair.Value));
        hurt.ShouldBeLessThanOrEqualTo(1, where);
        foreach (var (id, content) in found.Where(pair => s_shards.ContainsKey(pair.Key)))
        {
            content.Length.ShouldBe(s_shards[id].Length, where);
            content.Zip(s_shards[id]).Count(pair => pair.First != pair.Second).ShouldBeLessThanOrEqualTo(1, where);
        }

        foreach (var (id, content) in found.Where(pair => !s_shards.ContainsKey(pair.Key)))
        {
            withIndex.ShouldBeFalse(where);
            (id, hurt).ShouldBe((TestBytes.Shard(5), 0), where);
            content.ShouldBe(TestBytes.Make(60, 5), where);
        }

        if (withIndex)
            found.Count.ShouldBe(s_shards.Count, where);
    }

    private static void Same(Dictionary<ShardId, byte[]> found)
    {
        found.Count.ShouldBe(s_shards.Count);
        foreach (var (id, content) in s_shards)
            found[id].ShouldBe(content);
    }

    private static byte[] Flip(byte[] bytes, int index)
    {
        var copy = (byte[])bytes.Clone();
        copy[index] ^= 0x10;
        return copy;
    }
}
