using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Caching;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Caching;

/// <summary>Objects that are read through a cache on disk; nothing is kept in memory.</summary>
public sealed class CachedReadTests
{
    private const int Size = 21 * 65_520 + 1_000;

    /// <summary>Five full stripes and a short one.</summary>
    private const int CellCount = 24;

    [Fact]
    public async Task Read_TheThirdTime_AsksNoStore()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await using var world = Far(folder, cache);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        await WarmAsync(world, cache, version, bytes);
        var before = Reads(world);
        (await world.GetAsync(version)).ShouldBe(bytes);
        (await world.GetAsync(version, 70_000, 900_000)).ShouldBe(bytes[70_000..970_000]);
        (await world.GetAsync(version, Size - 5, 5)).ShouldBe(bytes[^5..]);
        Reads(world).ShouldBe(before);
        cache.Status.Hits.ShouldBeGreaterThanOrEqualTo(CellCount + 14);

        foreach (var store in world.Stores.All) store.Offline = true;
        foreach (var store in world.Stores.All) world.Stores.Away[store.Id] = true;
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    [Fact]
    public async Task Read_Once_WritesNothing()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await using var world = Far(folder, cache);
        var version = await world.PutAsync(ObjectWorld.Bytes(Size));
        await world.GetAsync(version);
        cache.Status.Misses.ShouldBeGreaterThanOrEqualTo(CellCount);
        await cache.KeepAsync(1);
        cache.Status.Written.ShouldBe(1);
    }

    [Fact]
    public async Task Read_OwnDisks_WritesNothingUnlessAskedFor()
    {
        foreach (var isAskedFor in new[] { false, true })
        {
            using var folder = new TestCache();
            using var claim = CacheClaim.Take(new() { Directory = folder.Disk.Directory, SizeMax = folder.SizeMax, FileSize = 256 * 1024, IncludesOwnDisks = isAskedFor, Disk = folder.Disk });
            await using var cache = CellCache.Open(claim, folder.Cluster, folder.Buffers, ThreadProvider.System, folder.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            await using var world = Far(folder, cache, isOwn: true);
            var bytes = ObjectWorld.Bytes(Size);
            var version = await world.PutAsync(bytes);
            for (var i = 0; i < 3; i++) (await world.GetAsync(version)).ShouldBe(bytes);
            if (isAskedFor) await CacheActions.UntilAsync(() => cache.Status.Written >= CellCount);
            else await cache.KeepAsync(1);
            (cache.Status.Written > 1).ShouldBe(isAskedFor);
            (cache.Status.Misses > 0).ShouldBe(isAskedFor);
        }
    }

    [Fact]
    public async Task Read_SomeCellsDamagedOrGone_GivesTheBytesAndBlamesNoStore()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await using var world = Far(folder, cache);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        await WarmAsync(world, cache, version, bytes);
        foreach (var file in folder.Files)
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (var at = 40_000L; at < stream.Length; at += 150_000)
            {
                stream.Position = at;
                stream.WriteByte((byte)(stream.ReadByte() ^ 0x55));
            }
        }
        (await world.GetAsync(version)).ShouldBe(bytes);
        (await world.GetAsync(version)).ShouldBe(bytes);
        cache.Status.Bad.ShouldBeGreaterThan(0);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    [Fact]
    public async Task Read_KeptCellIsALiesOfItsStore_IsReadFromTheOthersAndDropped()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await using var world = Far(folder, cache);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        await WarmAsync(world, cache, version, bytes);
        var segment = world.Metadata.Segments.Single();
        // Its checksum fits: only the chunk's own authentication shows it.
        var lie = ObjectWorld.Bytes(65_536, 99);
        cache.Drop(new CellName(segment.Id, 1, 2));
        cache.Keep(new CellName(segment.Id, 1, 2), lie);
        await CacheActions.UntilAsync(() => cache.Has(new CellName(segment.Id, 1, 2)));
        (await world.GetAsync(version)).ShouldBe(bytes);
        cache.Has(new CellName(segment.Id, 1, 2)).ShouldBeFalse();
        world.Repairs.Queued.ShouldBeEmpty();
        (await world.GetAsync(version)).ShouldBe(bytes);
    }

    [Fact]
    public async Task Read_CacheDiskBreaks_FailsNothing()
    {
        using var folder = new TestCache();
        await using var cache = folder.Open();
        await using var world = Far(folder, cache);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        await WarmAsync(world, cache, version, bytes);
        folder.Disk.FailsReads = folder.Disk.IsBroken = true;
        for (var i = 0; i < 3; i++) (await world.GetAsync(version)).ShouldBe(bytes);
        await CacheActions.UntilAsync(() => cache.Status.Fault.Length > 0);
        (await world.GetAsync(version)).ShouldBe(bytes);
    }

    /// <summary>Reads until all of it is kept.</summary>
    private static async Task WarmAsync(ObjectWorld world, CellCache cache, Oort.Metadata.VersionRow version, byte[] bytes)
    {
        for (var i = 0; i < 2; i++) (await world.GetAsync(version)).ShouldBe(bytes);
        await CacheActions.UntilAsync(() => cache.Status.Written >= CellCount);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    private static ObjectWorld Far(TestCache folder, CellCache cache, bool isOwn = false)
    {
        var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { Buffers = folder.Buffers, HotCellBytes = 0, CellCache = cache });
        world.Stores.AreFar = true;
        foreach (var store in isOwn ? [] : world.Stores.All) store.Traits = new() { Kind = "node", Machine = "elsewhere" };
        return world;
    }

    private static int Reads(ObjectWorld world) => world.Stores.All.Sum(store => store.Count(StoreOperations.Read));
}
