using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

public sealed class SlowStoreTests
{
    private const int Size = 9 * 65_520 + 5;

    [Fact]
    public async Task Read_StoreHangs_DecodesFromOthersAndAvoidsIt()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var used = world.Used;
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        var slow = world.Stores.All[2];
        var held = slow.Hold(StoreOperations.Read);
        var read = world.GetAsync(version);
        await time.RunAsync(read, TimeSpan.FromMilliseconds(100));
        (await read).ShouldBe(bytes);
        time.GetUtcNow().ShouldBeLessThan(DateTimeOffset.UnixEpoch.AddSeconds(2));

        // Within its avoidance nobody asks it, and nobody waits.
        var calls = slow.Count(StoreOperations.Read);
        (await world.GetAsync(version)).ShouldBe(bytes);
        slow.Count(StoreOperations.Read).ShouldBe(calls);

        held.SetResult();
        while (world.Used != used) await Task.Delay(1);
        world.Repairs.Queued.ShouldBeEmpty("slow is not lost");
    }

    [Fact]
    public async Task Read_TwoStoresLostAndOneSlow_WaitsForTheSlowOne()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var bytes = ObjectWorld.Bytes(Size);
        var version = await world.PutAsync(bytes);
        world.Stores.All[0].Offline = true;
        world.Stores.Away[world.Stores.All[1].Id] = true;
        var held = world.Stores.All[2].Hold(StoreOperations.Read);
        var read = world.GetAsync(version);
        for (var i = 0; i < 10; i++)
        {
            await Task.Delay(1);
            time.Advance(TimeSpan.FromMilliseconds(100));
        }
        read.IsCompleted.ShouldBeFalse();
        held.SetResult();
        await time.RunAsync(read, TimeSpan.FromMilliseconds(100));
        (await read).ShouldBe(bytes);
    }

    [Fact]
    public async Task Read_TwoStoresLostAndOneHangs_IsUnavailableInTheEnd()
    {
        var time = new ManualTime();
        await using var world = new ObjectWorld(new Geometry(4, 2), time: time);
        var used = world.Used;
        var version = await world.PutAsync(ObjectWorld.Bytes(Size));
        world.Stores.All[0].Offline = true;
        world.Stores.All[1].Offline = true;
        var held = world.Stores.All[2].Hold(StoreOperations.Read);
        var read = world.GetAsync(version);
        await Should.ThrowAsync<ObjectUnavailableException>(() => time.RunAsync(read, TimeSpan.FromSeconds(5)));
        held.SetResult();
        while (world.Used != used) await Task.Delay(1);
    }
}
