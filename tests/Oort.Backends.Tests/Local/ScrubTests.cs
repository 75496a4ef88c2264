using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>What a store finds when it reads itself.</summary>
public sealed class ScrubTests
{
    private const string Volume = "volumes/00000001.vol";

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Scrub_NothingDamaged_SeesEachLiveShardOnce()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        // Some of them in extents, over several volumes; two replaced, one deleted.
        for (var i = 1; i <= 60; i++) await store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(i % 7 == 0 ? 9_000 : 300, i), None);
        await store.PutAsync(TestBytes.Shard(3), TestBytes.Make(400, 3), None);
        await store.PutAsync(TestBytes.Shard(7), TestBytes.Make(500, 7), None);
        await store.DeleteAsync(TestBytes.Shard(5), None);

        var seen = store.Scrub(7).ToList();

        seen.ShouldAllBe(one => one.IsWhole && store.IsStill(one));
        seen.Select(one => one.Id).ShouldBe(Enumerable.Range(1, 60).Where(i => i != 5).Select(i => TestBytes.Shard((ulong)i)), ignoreOrder: true);
        seen.Single(one => one.Id == TestBytes.Shard(3)).Length.ShouldBe(400);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(9_000)]
    public async Task Scrub_OneByteDiffers_FindsThatShardUntilItIsPutAgain(int length)
    {
        var disk = StoreFixture.NewDisk();
        var content = TestBytes.Make(length, 2);
        await using (var store = StoreFixture.Open(disk))
            for (var i = 1; i <= 3; i++) await store.PutAsync(TestBytes.Shard((ulong)i), i == 2 ? content : TestBytes.Make(length, i), None);
        var bytes = disk.GetFile(Volume)!;
        bytes[bytes.AsSpan().IndexOf(content) + length / 2] ^= 1;
        disk.SetFile(Volume, bytes);
        await using var damaged = StoreFixture.Open(disk);

        var bad = damaged.Scrub(0).Single(one => !one.IsWhole);

        (bad.Id, damaged.IsStill(bad)).ShouldBe((TestBytes.Shard(2), true));
        await damaged.PutAsync(bad.Id, content, None);
        damaged.IsStill(bad).ShouldBeFalse();
        damaged.Scrub(0).ShouldAllBe(one => one.IsWhole);
        await damaged.DeleteAsync(TestBytes.Shard(1), None);
        damaged.Scrub(0).Count().ShouldBe(2);
    }

    [Fact]
    public async Task Scrub_GroupIsDamagedAfterItWasLoaded_FindsItsShards()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        for (var i = 1; i <= 4; i++) await store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(300, i), None);
        var bytes = disk.GetFile(Volume)!;
        // The magic of the second group: groups begin at multiples of 4,096 behind the header.
        bytes[2 * 4096] ^= 1;
        disk.SetFile(Volume, bytes);

        store.Scrub(0).Where(one => !one.IsWhole).Select(one => one.Id).ShouldBe([TestBytes.Shard(2)]);
    }

    [Fact]
    public async Task Scrub_WhileVolumesAreCompacted_ReportsNothing()
    {
        var disk = StoreFixture.NewDisk();
        await using var store = StoreFixture.Open(disk);
        for (var i = 1; i <= 200; i++) await store.PutAsync(TestBytes.Shard((ulong)i), TestBytes.Make(1_500, i), None);
        var looked = 0;
        foreach (var one in store.Scrub(0))
        {
            one.IsWhole.ShouldBeTrue();
            if (looked++ == 5)
            {
                for (var i = 1; i <= 200; i += 2) await store.DeleteAsync(TestBytes.Shard((ulong)i), None);
                (await store.CompactAsync(None)).VolumeCount.ShouldBeGreaterThan(0);
            }
        }

        store.Scrub(0).Count().ShouldBe(100);
    }
}
