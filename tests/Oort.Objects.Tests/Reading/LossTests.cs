using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class LossTests
{
    private const int LargeSize = 4 * 65_520 * 2 + 100_001;
    private const int SmallSize = 5_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_AnyTwoStoresAway_ReturnsTheBytes(bool areFar) =>
        await ForEveryPairAsync(areFar, (world, store) => world.Stores.Away[store.Id] = true, (world, store) => world.Stores.Away.TryRemove(store.Id, out _));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_AnyTwoStoresFailing_ReturnsTheBytes(bool areFar) =>
        await ForEveryPairAsync(areFar, (_, store) => store.Offline = true, (_, store) => store.Offline = false);

    [Fact]
    public async Task Read_ThreeStoresAway_IsUnavailable()
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        var version = await world.PutAsync(ObjectWorld.Bytes(LargeSize));
        for (var i = 0; i < 3; i++) world.Stores.All[i].Offline = true;
        await Should.ThrowAsync<ObjectUnavailableException>(() => world.GetAsync(version));
        world.Pins.Count.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_ShardsMissing_QueuesTheirRepair(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(LargeSize);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        foreach (var shard in new byte[] { 0, 3 })
            await world.Stores.Find(segment.Shards[shard])!.DeleteAsync(new ShardId(segment.Id, shard), CancellationToken.None);
        (await world.GetAsync(version)).ShouldBe(bytes);
        world.Repairs.Queued.Select(queued => queued.BadShard).Order().ShouldBe([0, 3]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_ShardMovedAfterOpening_IsReadFromItsNewPlace(bool areFar)
    {
        await using var world = new ObjectWorld(new Geometry(2, 1));
        world.Stores.AreFar = areFar;
        var bytes = ObjectWorld.Bytes(LargeSize);
        var version = await world.PutAsync(bytes);
        var segment = world.Metadata.Segments.Single();
        await using var reader = await world.Layer.OpenAsync(version, CancellationToken.None);

        // Every shard moves to the next store while the reader knows the old places.
        var contents = new List<byte[]>();
        for (var i = 0; i < 3; i++) contents.Add(await world.Stores.Find(segment.Shards[i])!.ReadAsync(new ShardId(segment.Id, (byte)i)));
        for (var i = 0; i < 3; i++) await world.Stores.Find(segment.Shards[i])!.DeleteAsync(new ShardId(segment.Id, (byte)i), CancellationToken.None);
        var moved = segment.Shards.Skip(1).Append(segment.Shards[0]).ToArray();
        for (var i = 0; i < 3; i++) await world.Stores.Find(moved[i])!.PutAsync(new ShardId(segment.Id, (byte)i), contents[i], CancellationToken.None);
        (await world.Metadata.MoveSegmentAsync(segment.Id, 0, [.. moved], CancellationToken.None)).ShouldBe(CommitOutcome.Done);

        (await ObjectWorld.ReadAsync(reader, 0, version.Size)).ShouldBe(bytes);
        world.Repairs.Queued.ShouldBeEmpty();
    }

    [Fact]
    public async Task Open_DataDropped_SaysThatTheVersionIsGone()
    {
        await using var world = new ObjectWorld(new Geometry(1, 0));
        var version = await world.PutAsync(ObjectWorld.Bytes(10));
        world.Metadata.Drop(version);
        await Should.ThrowAsync<VersionGoneException>(async () => await world.Layer.OpenAsync(version, CancellationToken.None));
    }

    private static async Task ForEveryPairAsync(bool areFar, Action<ObjectWorld, FlakyStore> lose, Action<ObjectWorld, FlakyStore> find)
    {
        await using var world = new ObjectWorld(new Geometry(4, 2));
        world.Stores.AreFar = areFar;
        var (large, small) = (ObjectWorld.Bytes(LargeSize), ObjectWorld.Bytes(SmallSize));
        var (largeVersion, smallVersion) = (await world.PutAsync(large, "large"), await world.PutAsync(small, "small"));
        foreach (var first in world.Stores.All)
        {
            foreach (var second in world.Stores.All)
            {
                lose(world, first);
                lose(world, second);
                (await world.GetAsync(largeVersion)).AsSpan().SequenceEqual(large).ShouldBeTrue();
                (await world.GetAsync(smallVersion)).AsSpan().SequenceEqual(small).ShouldBeTrue();
                (await world.GetAsync(largeVersion, 70_000, 9)).ShouldBe(large.AsSpan(70_000, 9).ToArray());
                find(world, first);
                find(world, second);
            }
        }
        world.Repairs.Queued.ShouldBeEmpty("a store that is away has lost nothing");
    }
}
