using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class HotObjectTests
{
    private const int Size = 5 * 65_520 + 1_000;

    [Fact]
    public async Task Read_Thrice_AsksTheStoresTwice()
    {
        await using var world = Far();
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var counts = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            var before = Reads(world);
            (await world.GetAsync(version)).ShouldBe(bytes);
            counts.Add(Reads(world) - before);
        }
        counts.ShouldBe([8, 8, 0, 0]);
        (await world.GetAsync(version, 70_000, 9)).ShouldBe(bytes.AsSpan(70_000, 9).ToArray());
        world.Layer.HotCells.Hits.ShouldBe(2 * 8 + 1);
        (Reads(world) - counts.Sum()).ShouldBe(0);
    }

    [Fact]
    public async Task Read_ObjectsOfOneCell_AreReadByTheSecondOne()
    {
        await using var world = Far();
        var all = Enumerable.Range(0, 40).Select(i => ObjectWorld.Bytes(2_000, i)).ToArray();
        var puts = all.Select((bytes, i) => world.PutAsync(bytes, $"key{i}")).ToArray();
        var versions = await Task.WhenAll(puts);
        var cellCount = world.Metadata.Segments.Sum(segment => new ShardLayout(segment.Geometry, segment.PayloadLength).StripeCount * segment.Geometry.DataShards);
        for (var i = 0; i < all.Length; i++) (await world.GetAsync(versions[i])).ShouldBe(all[i]);
        // Each cell at most once for what was needed of it and once whole; an object that lies in two of them may read one a second time.
        Reads(world).ShouldBeLessThanOrEqualTo(3 * cellCount);
        var before = Reads(world);
        for (var i = 0; i < all.Length; i++) (await world.GetAsync(versions[i])).ShouldBe(all[i]);
        for (var i = 0; i < all.Length; i++) (await world.GetAsync(versions[i])).ShouldBe(all[i]);
        (Reads(world) - before).ShouldBeLessThanOrEqualTo(cellCount);
    }

    [Fact]
    public async Task Read_ManyAtOnce_ReadTheStoresOnce()
    {
        await using var world = Far();
        var bytes = ObjectWorld.Bytes(1_000);
        var version = await world.PutAsync(bytes);
        var before = world.Used;
        var held = world.Stores.All.Select(store => store.Hold(StoreOperations.Read)).ToArray();
        var reads = Enumerable.Range(0, 20).Select(_ => world.GetAsync(version)).ToArray();
        while (world.Layer.HotCells.Joined < 19) await Task.Delay(1);
        (world.Used - before).ShouldBe(4096);
        foreach (var gate in held) gate.SetResult();
        foreach (var read in reads) (await read).ShouldBe(bytes);
        var layout = new ShardLayout(world.Metadata.Segments[0].Geometry, world.Metadata.Segments[0].PayloadLength);
        Reads(world).ShouldBeLessThanOrEqualTo(layout.Geometry.DataShards);
        world.Used.ShouldBe(before);
    }

    [Fact]
    public async Task Read_OverwrittenWhileKept_GivesTheNewBytesAndTheOldVersionTheOld()
    {
        await using var world = Far();
        var (old, young) = (ObjectWorld.Bytes(Size), ObjectWorld.Bytes(Size, seed: 2));
        var oldVersion = await world.PutAsync(old);
        for (var i = 0; i < 3; i++) await world.GetAsync(oldVersion);
        var version = await world.PutAsync(young);
        for (var i = 0; i < 3; i++) (await world.GetAsync(version)).ShouldBe(young);
        (await world.GetAsync(oldVersion)).ShouldBe(old);
        world.Metadata.Drop(oldVersion);
        await Should.ThrowAsync<VersionGoneException>(() => world.GetAsync(oldVersion));
    }

    [Fact]
    public async Task Read_StoresLostOrShardsMovedWhileKept_GivesTheBytes()
    {
        await using var world = Far();
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        for (var i = 0; i < 3; i++) await world.GetAsync(version);
        var segment = world.Metadata.Segments.Single();
        (await world.Metadata.MoveSegmentAsync(segment.Id, 0, [.. segment.Shards.Reverse()], CancellationToken.None)).ShouldBe(CommitOutcome.Done);
        foreach (var store in world.Stores.All) store.Offline = true;
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    [Fact]
    public async Task Read_KeptCellIsNotWhatWasSealed_IsDroppedAndTheShardBlamed()
    {
        await using var world = Far();
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        var layout = new ShardLayout(segment.Geometry, segment.PayloadLength);
        var shard = new ShardId(segment.Id, 1);
        await world.Stores.Find(segment.Shards[1])!.FlipAsync(shard, layout.CellOffset(0) + 5);
        for (var i = 0; i < 3; i++)
        {
            world.Repairs.Queued.Clear();
            (await world.GetAsync(version)).ShouldBe(bytes);
            world.Repairs.Queued.Select(queued => queued.BadShard).ShouldBe([1]);
        }

        // Mended: nothing of the lie is left.
        await world.Stores.Find(segment.Shards[1])!.FlipAsync(shard, layout.CellOffset(0) + 5);
        world.Repairs.Queued.Clear();
        for (var i = 0; i < 3; i++) (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    [Fact]
    public async Task Read_Scan_DoesNotPushOutWhatIsHot()
    {
        await using var world = Far(budgetMebibytes: 48);
        var hot = ObjectWorld.Bytes(Size);
        var hotVersion = await world.PutAsync(hot, "hot");
        var scanned = ObjectWorld.Bytes(12 * 1024 * 1024);
        var scannedVersion = await world.PutAsync(scanned, "scanned");
        for (var i = 0; i < 3; i++) await world.GetAsync(hotVersion);
        var kept = world.Layer.HotCells.Bytes;
        (await world.GetAsync(scannedVersion)).AsSpan().SequenceEqual(scanned).ShouldBeTrue();
        world.Layer.HotCells.Bytes.ShouldBe(kept);
        var before = Reads(world);
        (await world.GetAsync(hotVersion)).ShouldBe(hot);
        Reads(world).ShouldBe(before);

        // And what is asked for twice stays within the bound.
        for (var i = 0; i < 2; i++) await world.GetAsync(scannedVersion);
        world.Layer.HotCells.Bytes.ShouldBeInRange(1, 48 * 1024 * 1024 / 8);
    }

    [Fact]
    public async Task Read_ClientStopsTakingKeptBytes_HoldsNoMoreThanAReadAhead()
    {
        await using var world = Far();
        var version = await world.PutAsync(ObjectWorld.Bytes(20 * 65_520));
        for (var i = 0; i < 2; i++) await world.GetAsync(version);
        var before = world.Used;
        await using (var reader = await world.Layer.OpenAsync(version, CancellationToken.None))
        {
            var client = new Pipe(new PipeOptions(pauseWriterThreshold: 300_000, resumeWriterThreshold: 150_000));
            using var cancellation = new CancellationTokenSource();
            var read = reader.CopyToAsync(0, version.Size, client.Writer, cancellation.Token).AsTask();
            await client.Reader.ReadAsync();
            (world.Used - before).ShouldBeLessThanOrEqualTo(2 * 4 * 65_536);
            await cancellation.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => read);
        }
        while (world.Used != before) await Task.Delay(1);
    }

    private static ObjectWorld Far(int budgetMebibytes = 64)
    {
        var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = budgetMebibytes * 1024L * 1024 });
        world.Stores.AreFar = true;
        return world;
    }

    private static int Reads(ObjectWorld world) => world.Stores.All.Sum(store => store.Count(StoreOperations.Read));
}
