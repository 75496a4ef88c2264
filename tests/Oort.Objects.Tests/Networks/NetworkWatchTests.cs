using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Networks;

/// <summary>What is said of networks before anything is lost, and how reads go around those that fail.</summary>
public sealed class NetworkWatchTests
{
    [Fact]
    public async Task Account_ThatWillNotLast_IsWarnedOfLongBefore_AndLoggedOnce()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        var log = new RecordedLog();
        world.Cluster.Logs = log;
        await world.RestartAsync();
        var until = world.Time.GetUtcNow() + TimeSpan.FromDays(100);
        world["far"].Account = new(12.5m, "coin\n<b>", until);

        (await LookAsync(world)).Warnings.ShouldBeEmpty();
        (await LookAsync(world)).Account.ShouldBe(new NetworkAccount(12.5m, "coinb", until));

        world.Time.Advance(TimeSpan.FromDays(60));
        var low = (await LookAsync(world)).Warnings.ShouldHaveSingleItem();
        (low.Trouble, low.IsUrgent).ShouldBe((NetworkTrouble.AccountLow, false));
        low.Text.ShouldContain("40 days");
        await LookAsync(world);
        log.Count("Pay in soon").ShouldBe(1);

        world.Time.Advance(TimeSpan.FromDays(30));
        var ending = (await LookAsync(world)).Warnings.ShouldHaveSingleItem();
        (ending.Trouble, ending.IsUrgent).ShouldBe((NetworkTrouble.AccountEnding, true));
        world.System.GetStatus().Warnings.ShouldContain(ending.Text);
        log.Count("Pay in now").ShouldBe(1);

        // Somebody pays: it is asked again after a while, and the warning goes.
        world["far"].Account = new(1_000, "coin", until + TimeSpan.FromDays(365));
        world.Time.Advance(TimeSpan.FromHours(2));
        (await LookAsync(world)).Warnings.ShouldBeEmpty();
        log.Count("AccountEnding no more").ShouldBe(1);
    }

    [Fact]
    public async Task Items_ThatDoNotGetOn_AreWarnedOf()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        await world.PutAsync(0);
        foreach (var (fault, trouble) in ((PeerFault, NetworkTrouble)[])[(PeerFault.OutOfFunds, NetworkTrouble.Funds), (PeerFault.RefusesCredentials, NetworkTrouble.Refused)])
        {
            world["far"].Fault = fault;
            world.Time.Advance(TimeSpan.FromMinutes(31));
            await world.System.StepNetworksAsync();
            var status = await LookAsync(world);
            status.Warnings.ShouldContain(warning => warning.Trouble == trouble && warning.Text.StartsWith("1 items for network far wait", StringComparison.Ordinal));
            status.OldestUnsealed.ShouldNotBeNull();
        }

        // It waits longer with each look, and is there at last.
        world.Time.Advance(TimeSpan.FromHours(5));
        (await LookAsync(world)).OldestUnsealed!.Value.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromHours(5));
        world["far"].Fault = PeerFault.None;
        await world.SettleAsync();
        var sealedNow = await LookAsync(world);
        (sealedNow.Warnings.Length, sealedNow.OldestUnsealed, sealedNow.Items[ItemState.Sealed]).ShouldBe((0, null, 1));
        sealedNow.Bytes.ShouldBeGreaterThan(NetworkWorld.ObjectSize / 2);
        sealedNow.Counts.StepsTaken.ShouldBeGreaterThan(3);
        sealedNow.Counts.StepsFailed.Select(one => one.Kind).ShouldBe([BackendErrorKind.Unauthorized, BackendErrorKind.Funds], ignoreOrder: true);

        world["far"].Lose((await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None))[0].Item.Receipt!.Transaction);
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.System.StepNetworksAsync();
        (await LookAsync(world)).Warnings.ShouldHaveSingleItem().Trouble.ShouldBe(NetworkTrouble.Lost);
    }

    [Theory]
    [InlineData(PeerFault.Unavailable)]
    [InlineData(PeerFault.Hangs)]
    public async Task Network_ThatDoesNotAnswer_IsWarnedOfAndHoldsUpNoOther(PeerFault fault)
    {
        await using var world = await NetworkWorld.StartAsync("2+2", new NetworkShare("far", 1), new NetworkShare("farther", 1));
        world["far"].Fault = fault;
        (await LookAsync(world)).Warnings.ShouldBeEmpty("It may pass.");
        world.Time.Advance(TimeSpan.FromHours(1));
        (await LookAsync(world)).Warnings.ShouldHaveSingleItem().Trouble.ShouldBe(NetworkTrouble.Silent);
        var other = world.System.GetStatus().Networks.Single(network => network.Name == "farther");
        (other.Warnings.Length, other.Account).ShouldBe((0, new NetworkAccount(100, "coin", null)));

        world["far"].Fault = PeerFault.None;
        world.Time.Advance(TimeSpan.FromHours(1));
        (await LookAsync(world)).Warnings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(PeerFault.Unavailable)]
    [InlineData(PeerFault.Hangs)]
    public async Task Network_WhoseReadsFail_IsLeftAloneForAWhile(PeerFault fault)
    {
        await using var world = await NetworkWorld.StartAsync("2+2", new NetworkShare("far", 1), new NetworkShare("farther", 1));
        // Nothing is kept: each read is one.
        world.Cluster.Options = world.Cluster.Options with { Objects = world.Cluster.Options.Objects with { HotCellBytes = 0 }, Networks = world.Cluster.Options.Networks with { CacheBytes = 0 } };
        await world.RestartAsync();
        await world.PutAsync(0);
        await world.SettleAsync();
        var segment = (await world.SegmentsAsync()).ShouldHaveSingleItem();
        world.Cluster.Stores.Single(store => store.Id == segment.Shards[0]).Offline = true;
        var asked = segment.Shards[2] == world.IdOf("far") ? "far" : "farther";
        var before = world[asked].ReadCount;
        world[asked].Fault = fault;

        await world.CheckAsync(1);
        var once = world[asked].ReadCount;
        once.ShouldBeGreaterThan(before, "It is the first that is asked.");
        for (var time = 0; time < 3; time++) await world.CheckAsync(1);
        world[asked].ReadCount.ShouldBe(once);
        (await LookAsync(world, asked)).Counts.ReadsFailed.ShouldBe(once - before);

        // It is asked again after a while, or where nothing else is left.
        world[asked].Fault = PeerFault.None;
        world[asked == "far" ? "farther" : "far"].Fault = PeerFault.Unavailable;
        await world.CheckAsync(1);
        world[asked].ReadCount.ShouldBeGreaterThan(once);
    }

    private static async Task<NetworkStatus> LookAsync(NetworkWorld world, string name = "far")
    {
        await world.System.WatchNetworksAsync();
        return world.System.GetStatus().Networks.Single(network => network.Name == name);
    }
}
