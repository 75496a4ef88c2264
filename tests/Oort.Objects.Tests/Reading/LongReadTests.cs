using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

/// <summary>Reads of several stripes in one go, from stores that have to be waited for.</summary>
public sealed class LongReadTests
{
    private const int Chunk = 65_520;

    /// <summary>At 4+2: the first stripe, the other three of its run, and two whole runs.</summary>
    private const int Size = 3 * 16 * Chunk;

    private static readonly ObjectLayerOptions NothingKept = new() { BufferBytes = 64 * 1024 * 1024, HotCellBytes = 0, ReadRunBytes = 1024 * 1024 };

    [Fact]
    public async Task Read_Long_AsksEachStoreOnceForARun()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        (await world.GetAsync(version)).ShouldBe(bytes);
        Reads(world).ShouldBe(4 * 4);
        // From the middle of a stripe of the first run: its rest, the two stripes behind it, the other runs.
        (await world.GetAsync(version, 6 * Chunk, Size - 6 * Chunk)).ShouldBe(bytes.AsSpan(6 * Chunk).ToArray());
        Reads(world).ShouldBe(4 * 4 + 2 + 3 * 4);
    }

    [Theory]
    [InlineData("node", 9, 7)]
    [InlineData("node", 10, 4)]
    [InlineData("node", 30, 3)]
    [InlineData(StoreTraits.OwnMachine, 30, 7)]
    public async Task Read_StoresFarAway_AsksForLongerRuns(string machine, double latency, int runs)
    {
        // Of twelve stripes, by two, four and eight: the first, its run's rest, and the other runs.
        await using var world = Far(new Geometry(4, 2), NothingKept with { ReadRunBytes = 512 * 1024 });
        world.Stores.Latency = latency;
        foreach (var store in world.Stores.All) store.Traits = store.Traits with { Machine = machine };
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        (await world.GetAsync(version)).ShouldBe(bytes);
        Reads(world).ShouldBe(4 * runs);
    }

    [Fact]
    public async Task Read_StoresAreWaitedFor_HasTheNextRunOnTheWay()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var held = world.Stores.All.Select(store => store.Hold(StoreOperations.Read)).ToArray();
        var read = world.GetAsync(version);
        // The first stripe, and the rest of its run; nothing has come yet.
        while (Reads(world) < 4 + 4) await Task.Delay(1);
        foreach (var gate in held) gate.SetResult();
        (await read).ShouldBe(bytes);
        Reads(world).ShouldBe(4 * 4);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(5, 3)]
    public async Task Read_AnyRangeOfAnySize_IsThatOfTheBytes(int dataShards, int parityShards)
    {
        // Segments of 23 chunks end in the middle of runs and of stripes.
        await using var world = Far(new Geometry(dataShards, parityShards), NothingKept with { SegmentChunks = 23, ReadRunBytes = 6 * ShardLayout.FullCellSize });
        foreach (var size in new[] { 23 * Chunk, 23 * Chunk + 1, 46 * Chunk - 1, 60 * Chunk + 777, 9 * Chunk, 12 * Chunk + 64 })
        {
            var bytes = ObjectWorld.Bytes(size);
            var version = await world.PutAsync(bytes);
            (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"{size} bytes");
            var any = from offset in Gen.Choose(0, size) from length in Gen.Choose(0, size) select (offset, Math.Min(length, size - offset));
            Prop.ForAll(any.ToArbitrary(), range => world.GetAsync(version, range.offset, range.Item2).GetAwaiter().GetResult().AsSpan().SequenceEqual(bytes.AsSpan(range.offset, range.Item2)))
                .Check(Config.QuickThrowOnFailure.WithMaxTest(30));
        }
    }

    [Fact]
    public async Task Read_Thrice_KeepsEachCellOfARunInItsPlace()
    {
        await using var world = Far(new Geometry(4, 2), NothingKept with { HotCellBytes = 8 * 1024 * 1024 });
        var bytes = ObjectWorld.Bytes(16 * Chunk * 2 + 9_000);
        var version = await world.PutAsync(bytes);
        for (var i = 0; i < 2; i++) (await world.GetAsync(version)).ShouldBe(bytes);
        var before = Reads(world);
        (await world.GetAsync(version)).ShouldBe(bytes);
        Reads(world).ShouldBe(before);
    }

    [Fact]
    public async Task Read_TwoAtOnce_ReadTheStoresOnce()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var held = world.Stores.All.Select(store => store.Hold(StoreOperations.Read)).ToArray();
        var (first, second) = (world.GetAsync(version), world.GetAsync(version));
        while (world.Layer.HotCells.Joined < 1) await Task.Delay(1);
        foreach (var gate in held) gate.SetResult();
        (await first).ShouldBe(bytes);
        (await second).ShouldBe(bytes);
        // What one has read before the other asks is read again.
        Reads(world).ShouldBeLessThanOrEqualTo(4 * 4 + 3 * 4);
    }

    [Fact]
    public async Task Read_BitFlippedInAnyCellOfARun_ReturnsTheBytesAndBlamesItAlone()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        var layout = new ShardLayout(segment.Geometry, segment.PayloadLength);
        for (byte shard = 0; shard < 4; shard++)
        {
            var store = world.Stores.Find(segment.Shards[shard])!;
            foreach (var stripe in new[] { 1, 2, 3, 4, 7, 11 })
            {
                await store.FlipAsync(new ShardId(segment.Id, shard), layout.CellOffset(stripe) + 40_000);
                world.Repairs.Queued.Clear();
                (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"shard {shard} stripe {stripe}");
                world.Repairs.Queued.Select(queued => (queued.BadShard, queued.Reason)).ShouldBe([(shard, RepairReason.BadShard)]);
                await store.FlipAsync(new ShardId(segment.Id, shard), layout.CellOffset(stripe) + 40_000);
            }
        }
    }

    [Fact]
    public async Task Read_ShardEndsInTheMiddleOfARun_ReturnsTheBytesAndBlamesIt()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        await world.Stores.Find(segment.Shards[1])!.TruncateAsync(new ShardId(segment.Id, 1), 6 * ShardLayout.FullCellSize + 5);
        await world.Stores.Find(segment.Shards[3])!.DeleteAsync(new ShardId(segment.Id, 3), CancellationToken.None);
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.Select(queued => queued.BadShard).Order().ShouldBe([1, 3]);
    }

    [Fact]
    public async Task Read_StoreHangsInTheMiddle_DecodesFromOthersAndAvoidsIt()
    {
        var time = new ManualTime();
        await using var world = Far(new Geometry(4, 2), time: time);
        var used = world.Used;
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        var slow = world.Stores.All.Single(store => store.Id == segment.Shards[2]);
        await using var reader = await world.Layer.OpenAsync(version, CancellationToken.None);
        (await ObjectWorld.ReadAsync(reader, 0, 4 * Chunk)).ShouldBe(bytes.AsSpan(0, 4 * Chunk).ToArray());
        var held = slow.Hold(StoreOperations.Read);
        var read = ObjectWorld.ReadAsync(reader, 16 * Chunk, 32 * Chunk);
        await time.RunAsync(read, TimeSpan.FromMilliseconds(100));
        (await read).ShouldBe(bytes.AsSpan(16 * Chunk).ToArray());
        time.GetUtcNow().ShouldBeLessThan(DateTimeOffset.UnixEpoch.AddSeconds(2));
        held.SetResult();
        while (world.Used != used) await Task.Delay(1);
        world.Repairs.Queued.ShouldBeEmpty("slow is not lost");
    }

    [Fact]
    public async Task Read_MemoryIsShort_GoesStripeByStripe()
    {
        await using var world = Far(new Geometry(4, 2));
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        world.Layer.Buffers.TryRent((int)NothingKept.BufferBytes / 2, out var others).ShouldBeTrue();
        var used = world.Used;
        (await world.GetAsync(version)).ShouldBe(bytes);
        Reads(world).ShouldBe(Size / Chunk);
        world.Used.ShouldBe(used);
        others.Dispose();
    }

    [Fact]
    public async Task Read_ClientIsSlow_GoesStripeByStripe()
    {
        var time = new ManualTime();
        await using var world = Far(new Geometry(4, 2), time: time);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        await using var reader = await world.Layer.OpenAsync(version, CancellationToken.None);
        var producing = Task.Run(async () =>
        {
            await reader.CopyToAsync(0, Size, pipe.Writer, CancellationToken.None);
            await pipe.Writer.CompleteAsync();
        }, TestContext.Current.CancellationToken);
        using var received = new MemoryStream();
        while (received.Length < Size)
        {
            var read = await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken);
            foreach (var memory in read.Buffer) received.Write(memory.Span);
            // The writer waits for this, so its flush has taken that long.
            time.Advance(TimeSpan.FromSeconds(2));
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }
        await producing;
        received.ToArray().ShouldBe(bytes);
        Reads(world).ShouldBe(Size / Chunk);
    }

    [Fact]
    public async Task Read_ClientGoesInTheMiddleOfARun_GivesEverythingBack()
    {
        await using var world = Far(new Geometry(4, 2));
        var version = await world.PutAsync(ObjectWorld.Bytes(Size));
        var used = world.Used;
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var reader = await world.Layer.OpenAsync(version, CancellationToken.None);
        var producing = Task.Run(() => reader.CopyToAsync(0, Size, pipe.Writer, CancellationToken.None).AsTask(), TestContext.Current.CancellationToken);
        for (var received = 0L; received < 6 * Chunk;)
        {
            var read = await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken);
            received += read.Buffer.Length;
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }
        await pipe.Reader.CompleteAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => producing);
        await reader.DisposeAsync();
        while (world.Used != used) await Task.Delay(1);
        world.Pins.Count.ShouldBe(0);
    }

    private static ObjectWorld Far(Geometry geometry, ObjectLayerOptions? options = null, TimeProvider? time = null)
    {
        var world = new ObjectWorld(geometry, options ?? NothingKept, time);
        world.Stores.AreFar = true;
        return world;
    }

    private static int Reads(ObjectWorld world) => world.Stores.All.Sum(store => store.Count(StoreOperations.Read));
}
