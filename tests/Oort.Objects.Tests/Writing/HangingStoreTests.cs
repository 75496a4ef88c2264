using Oort.Backends;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Writing;

/// <summary>A store that hangs keeps the buffers it was handed: nothing else may move into them.</summary>
public sealed class HangingStoreTests
{
    private const int LargeSize = 30 * 65_520;

    [Theory]
    [InlineData(100)]
    [InlineData(LargeSize)]
    public async Task PutObject_StoreHangsAndUsesItsBuffersLater_FindsThemUnchanged(int size)
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var used = world.Used;
        var deaf = new DeafStore(world.Stores.All[3]) { HangsOnWrites = true };
        world.Stores.Replaced[deaf.Id] = deaf;
        var put = world.PutAsync(ObjectWorld.Bytes(size));
        await time.RunAsync(put, TimeSpan.FromMilliseconds(500));
        deaf.HeldCount.ShouldBe(1);
        world.Used.ShouldBeGreaterThan(used, "what the store still holds is not given to others");

        // Others work meanwhile, in other buffers.
        for (var i = 0; i < 10; i++) await world.PutAsync(ObjectWorld.Bytes(size, seed: i), $"key{i}");
        deaf.Release();
        while (world.Used != used) await Task.Delay(1);
        deaf.ChangedCount.ShouldBe(0);
        (await world.GetAsync(await put)).ShouldBe(ObjectWorld.Bytes(size));
    }

    [Fact]
    public async Task Read_StoreHangsAndWritesToItsBuffersLater_SpoilsNobodysBytes()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var used = world.Used;
        var version = await world.PutAsync(ObjectWorld.Bytes(LargeSize));
        var deaf = new DeafStore(world.Stores.All[2]) { HangsOnReads = true };
        world.Stores.Replaced[deaf.Id] = deaf;
        var read = world.GetAsync(version);
        await time.RunAsync(read, TimeSpan.FromMilliseconds(100));
        (await read).ShouldBe(ObjectWorld.Bytes(LargeSize));
        deaf.HeldCount.ShouldBeGreaterThan(0);
        world.Used.ShouldBeGreaterThan(used);

        for (var i = 0; i < 5; i++) (await world.GetAsync(version)).ShouldBe(ObjectWorld.Bytes(LargeSize));
        var late = world.GetAsync(version);
        deaf.Release();
        (await late).ShouldBe(ObjectWorld.Bytes(LargeSize));
        while (world.Used != used) await Task.Delay(1);
    }
}
