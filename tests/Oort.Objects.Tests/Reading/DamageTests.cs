using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class DamageTests
{
    private const int Size = 4 * 65_520 + 3 * 65_520 + 1_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_BitFlippedInAnyShard_ReturnsTheBytesAndBlamesIt(bool areFar)
    {
        // What is kept of far stores would hide what becomes of them.
        await using var world = new ObjectWorld(new Geometry(4, 2), new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024, HotCellBytes = areFar ? 0 : 32 * 1024 * 1024 });
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        var layout = new ShardLayout(segment.Geometry, segment.PayloadLength);
        for (byte shard = 0; shard < 6; shard++)
        {
            var store = world.Stores.Find(segment.Shards[shard])!;
            foreach (var offset in new[] { 0, layout.CellOffset(0), layout.CellOffset(0) + 40_000, layout.CellOffset(1), layout.TableOffset - 1, layout.EntryOffset(0), layout.EntryOffset(1) + 23 })
            {
                await store.FlipAsync(new ShardId(segment.Id, shard), offset);
                world.Repairs.Queued.Clear();
                (await world.GetAsync(version)).AsSpan().SequenceEqual(bytes).ShouldBeTrue($"shard {shard} offset {offset}");
                // What a read does not need (parity, headers, tables, the padding at the end of the last data cell) it does not look at; scrubbing does.
                var isRead = shard < 4 && offset >= layout.CellOffset(0) && offset < layout.TableOffset && !(shard == 3 && offset == layout.TableOffset - 1);
                world.Repairs.Queued.Select(queued => (queued.BadShard, queued.Reason)).ShouldBe(isRead ? [(shard, RepairReason.BadShard)] : []);
                await store.FlipAsync(new ShardId(segment.Id, shard), offset);
            }
        }
    }

    [Fact]
    public async Task Read_TwoShardsLieEverywhere_ReturnsTheBytes()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var (large, small) = (ObjectWorld.Bytes(Size), ObjectWorld.Bytes(777));
        var (largeVersion, smallVersion) = (await world.PutAsync(large, "large"), await world.PutAsync(small, "small"));
        world.Stores.All[1].Inject(StoreOperations.Read, FaultMode.FlipBit, times: int.MaxValue);
        world.Stores.All[4].Inject(StoreOperations.Read, FaultMode.FlipBit, times: int.MaxValue);
        (await world.GetAsync(largeVersion)).AsSpan().SequenceEqual(large).ShouldBeTrue();
        (await world.GetAsync(smallVersion)).AsSpan().SequenceEqual(small).ShouldBeTrue();
        foreach (var (segment, badShard, _) in world.Repairs.Queued)
            world.Metadata.Segments.Single(row => row.Id == segment).Shards[badShard].ShouldBeOneOf(world.Stores.All[1].Id, world.Stores.All[4].Id);
    }

    [Fact]
    public async Task Read_ThreeShardsLie_IsUnavailableAndNothingWrongLeaves()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var version = await world.PutAsync(ObjectWorld.Bytes(Size));
        for (var i = 0; i < 3; i++) world.Stores.All[i].Inject(StoreOperations.Read, FaultMode.FlipBit, times: int.MaxValue);
        await Should.ThrowAsync<ObjectUnavailableException>(() => world.GetAsync(version));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_ShardsCutOff_ReturnsTheBytesAndBlamesThem(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        await world.Stores.Find(segment.Shards[0])!.TruncateAsync(new ShardId(segment.Id, 0), 0);
        await world.Stores.Find(segment.Shards[2])!.TruncateAsync(new ShardId(segment.Id, 2), 100_000);
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.Select(queued => queued.BadShard).Order().ShouldBe([0, 2]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_ShardsOfAnotherSegmentInPlace_ReturnsTheBytes(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(300_000);
        var version = await world.PutAsync(bytes, "a");
        await world.PutAsync(ObjectWorld.Bytes(300_000, seed: 2), "b");
        var (mine, other) = (world.Metadata.Segments[0], world.Metadata.Segments[1]);
        var wrong = await world.Stores.Find(other.Shards[1])!.ReadAsync(new ShardId(other.Id, 1));
        await world.Stores.Find(mine.Shards[1])!.PutAsync(new ShardId(mine.Id, 1), wrong, CancellationToken.None);
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.Single().BadShard.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_NoParityAndBitFlipped_IsUnavailable(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(1, 0));
        world.Stores.AreFar = areFar;
        var version = await world.PutAsync(ObjectWorld.Bytes(1000));
        await world.Stores.All[0].FlipAsync(new ShardId(world.Metadata.Segments.Single().Id, 0), ShardHeader.Size + 5);
        await Should.ThrowAsync<ObjectUnavailableException>(() => world.GetAsync(version));
    }
}
