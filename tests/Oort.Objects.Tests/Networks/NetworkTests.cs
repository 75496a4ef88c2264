using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Networks;

/// <summary>Shards on their way to outside networks and back, through networks that fail and gateways that start anew.</summary>
public sealed class NetworkTests
{
    private const int Count = 5;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shards_GoToTheNetworksOfTheirPolicy_AreReadFromThereAndPaidOnce(bool restarts)
    {
        await using var world = await NetworkWorld.StartAsync("4+2", new NetworkShare("far", 2), new NetworkShare("farther", 1));
        for (var number = 0; number < Count; number++) await world.PutAsync(number);

        // Sent, and not sealed: everything is on hot stores still.
        await world.SendAsync();
        world["far"].PaymentCount.ShouldBe(2 * Count);
        (await world.HotCountAsync()).ShouldBe(6 * Count);
        (await world.SegmentsAsync()).ShouldAllBe(segment => segment.Shards.All(store => store != world.IdOf("far") && store != world.IdOf("farther")));

        await world.SettleAsync(restarts);

        var (far, farther) = (world.IdOf("far"), world.IdOf("farther"));
        foreach (var segment in await world.SegmentsAsync()) segment.Shards[3..].ShouldBe([farther, far, far]);
        // What was to be deleted is forgotten by a gateway that starts anew; the search for orphans finds it.
        if (restarts) await world.CollectOrphansAsync();
        (await world.HotCountAsync()).ShouldBe(3 * Count);
        (world["far"].PaymentCount, world["farther"].PaymentCount).ShouldBe((2 * Count, Count));
        await world.CheckAsync(Count);
        (await world.System.FsckAsync(true, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();

        // Any two of the six may go: a network, or stores that hold data.
        world["far"].Fault = PeerFault.Unavailable;
        await world.CheckAsync(Count);
        world["far"].Fault = PeerFault.None;
        world["farther"].Fault = PeerFault.WrongBytes;
        await world.CheckAsync(Count);
        world["farther"].Fault = PeerFault.None;
        foreach (var store in world.Cluster.Stores)
        {
            store.Offline = true;
            await world.CheckAsync(Count);
            store.Offline = false;
        }
    }

    [Fact]
    public async Task Item_ThatANetworkLoses_IsRebuiltOnAHotStoreAndGoesThereAgain()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        await world.PutAsync(0);
        await world.SettleAsync();
        var item = (await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None)).ShouldHaveSingleItem();
        item.Item.State.ShouldBe(ItemState.Sealed);

        world["far"].Lose(item.Item.Receipt!.Transaction);
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.System.StepNetworksAsync();
        (await world.System.Metadata.FindItemAsync(item.Store, item.Item.Id, CancellationToken.None))!.Item.State.ShouldBe(ItemState.FailedFinal);
        await world.System.DrainRepairsAsync();

        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards.ShouldAllBe(store => store != StoreId.None && store != item.Store);
        (await world.HotCountAsync()).ShouldBe(3);
        await world.SettleAsync();
        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards[2].ShouldBe(item.Store);
        world["far"].PaymentCount.ShouldBe(2);
        (await world.ItemCountAsync()).ShouldBe(1);
        await world.CheckAsync(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_ThatIsDeleted_LeavesNothingOnTheNetwork(bool isSealed)
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        await world.PutAsync(0);
        await world.SendAsync();
        if (isSealed) await world.SettleAsync();
        world["far"].ItemCount.ShouldBe(1);

        await world.DeleteAsync(0);
        await world.SettleAsync();

        world["far"].ItemCount.ShouldBe(0);
        (await world.ItemCountAsync()).ShouldBe(0);
        (await world.HotCountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task ShortShards_AreBundled_AndTheBundleStaysUntilTheLastIsDeleted()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", 1 << 22, new NetworkShare("far", 1));
        for (var number = 0; number < Count; number++) await world.PutAsync(number);
        await world.System.StepNetworksAsync();
        world["far"].PaymentCount.ShouldBe(0, "It waits for more.");
        await world.System.WatchNetworksAsync();
        Waiting().Shards.ShouldBe(Count);
        Waiting().Bytes.ShouldBeInRange(Count, Count << 22);
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.SettleAsync();
        Waiting().ShouldBe((0, 0));

        world["far"].PaymentCount.ShouldBe(1);
        (await world.SegmentsAsync()).ShouldAllBe(segment => segment.Shards[2] == world.IdOf("far"));
        (await world.HotCountAsync()).ShouldBe(2 * Count);
        foreach (var store in world.Cluster.Stores.Take(1)) store.Offline = true;
        await world.CheckAsync(Count);
        foreach (var store in world.Cluster.Stores.Take(1)) store.Offline = false;
        for (var number = 1; number < Count; number++) await world.DeleteAsync(number);
        await world.SettleAsync();
        world["far"].ItemCount.ShouldBe(1);
        await world.CheckAsync(1);
        await world.DeleteAsync(0);
        await world.SettleAsync();
        world["far"].ItemCount.ShouldBe(0);

        (int Shards, long Bytes) Waiting() => world.System.GetStatus().Networks.Single().Counts.Waiting;
    }

    [Fact]
    public async Task Network_ThatIsDrained_GivesEverythingBackAndCanBeRemoved()
    {
        await using var world = await NetworkWorld.StartAsync("4+2", new NetworkShare("far", 2));
        for (var number = 0; number < Count; number++) await world.PutAsync(number);
        await world.SettleAsync();
        (await Should.ThrowAsync<NetworkException>(async () => await world.System.RemoveNetworkAsync("far", CancellationToken.None))).Message.ShouldContain("drain it first");

        await world.System.DrainNetworkAsync("far", isDraining: true, CancellationToken.None);
        (await Should.ThrowAsync<NetworkException>(async () => await world.System.RemoveNetworkAsync("far", CancellationToken.None))).Message.ShouldContain("still holds shards");
        await world.System.DrainRepairsAsync();
        await world.SettleAsync();

        world["far"].ItemCount.ShouldBe(0);
        await world.System.RemoveNetworkAsync("far", CancellationToken.None);
        world.System.GetNetworks().ShouldBeEmpty();
        (await world.HotCountAsync()).ShouldBe(6 * Count);
        await world.CheckAsync(Count);
    }

    [Fact]
    public async Task Network_ThatCannotPayOrAnswer_KeepsTheHotCopies()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        await world.PutAsync(0);
        foreach (var fault in (PeerFault[])[PeerFault.OutOfFunds, PeerFault.Unavailable, PeerFault.RefusesCredentials, PeerFault.LosesAnswers])
        {
            world["far"].Fault = fault;
            await world.SettleAsync();
            (await world.HotCountAsync()).ShouldBe(3);
            (await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None)).ShouldHaveSingleItem().Item.Reason.ShouldNotBeEmpty();
        }

        world["far"].Fault = PeerFault.None;
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.SettleAsync();
        (await world.HotCountAsync()).ShouldBe(2);
        world["far"].PaymentCount.ShouldBe(1, "What was lost was the answer.");
        await world.CheckAsync(1);
    }

    [Fact]
    public async Task Segment_OfWhichOneNetworkHasItsPart_StaysHotUntilTheOtherHasItsPartToo()
    {
        await using var world = await NetworkWorld.StartAsync("2+2", new NetworkShare("far", 1), new NetworkShare("farther", 1));
        world["farther"].Fault = PeerFault.Unavailable;
        await world.PutAsync(0);
        await world.SettleAsync();

        (await world.System.Metadata.ListItemsAsync(world.IdOf("far"), null, 10, CancellationToken.None)).ShouldHaveSingleItem().Item.State.ShouldBe(ItemState.Sealed);
        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards.ShouldNotContain(world.IdOf("far"));
        (await world.HotCountAsync()).ShouldBe(4);

        world["farther"].Fault = PeerFault.None;
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.SettleAsync();
        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards[2..].ShouldBe([world.IdOf("farther"), world.IdOf("far")]);
        (await world.HotCountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task Recovery_FromStoresAlone_FindsWhatIsOnNetworksToo()
    {
        await using var world = await NetworkWorld.StartAsync("4+2", new NetworkShare("far", 3));
        for (var number = 0; number < Count; number++) await world.PutAsync(number);
        await world.SettleAsync();

        var report = await world.RecoverAsync();

        (report.Findings.Length, report.UnreadableSegments).ShouldBe((0, 0));
        await world.CheckAsync(Count);
        await world.SettleAsync();
        world["far"].PaymentCount.ShouldBe(3 * Count);
    }

    [Fact]
    public async Task Item_WhoseStepsEndInABug_HoldsUpNoOther()
    {
        await using var world = await NetworkWorld.StartAsync("2+2", new NetworkShare("far", 1), new NetworkShare("farther", 1));
        world["far"].Bug = new InvalidOperationException("a bug");
        await world.PutAsync(0);
        await world.SettleAsync();

        (await world.System.Metadata.ListItemsAsync(world.IdOf("farther"), null, 10, CancellationToken.None)).ShouldHaveSingleItem().Item.State.ShouldBe(ItemState.Sealed);
        var item = (await world.System.Metadata.ListItemsAsync(world.IdOf("far"), null, 10, CancellationToken.None)).ShouldHaveSingleItem().Item;
        (item.State, item.Reason).ShouldBe((ItemState.Retrying, "Something unforeseen happened; the log has more."));
        world["far"].Bug = null;
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.SettleAsync();
        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards[2..].ShouldBe([world.IdOf("farther"), world.IdOf("far")]);
    }

    [Fact]
    public async Task Shard_ThatIsDamagedWhereItIs_IsMendedBeforeItGoes()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        await world.PutAsync(0);
        var segment = (await world.SegmentsAsync()).ShouldHaveSingleItem();
        var store = world.Cluster.Stores.Single(one => one.Id == segment.Shards[2]).Inner;
        var shard = new ShardId(segment.Id, 2);
        var bytes = new byte[(int)(await store.StatAsync(shard, CancellationToken.None))!.Value];
        await store.ReadAsync(shard, 0, bytes, CancellationToken.None);
        bytes[bytes.Length / 2] ^= 1;
        await store.PutAsync(shard, bytes, CancellationToken.None);

        await world.System.StepNetworksAsync();
        (await world.ItemCountAsync()).ShouldBe(0);
        await world.System.DrainRepairsAsync();
        await world.SettleAsync();

        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards[2].ShouldBe(world.IdOf("far"));
        await world.CheckAsync(1);
    }

    [Fact]
    public async Task Scrub_ReadsFromANetwork_OnlyWhereStoresDoNotSuffice()
    {
        await using var world = await NetworkWorld.StartAsync("4+2", new NetworkShare("far", 2));
        await world.PutAsync(0);
        await world.SettleAsync();
        var before = world["far"].ReadCount;

        var scrub = await world.System.ScrubAsync(repair: true, null, CancellationToken.None);
        (scrub.Segments, scrub.BadShards, scrub.Findings.Length).ShouldBe((1, 0, 0));
        world["far"].ReadCount.ShouldBe(before);

        // Three stores are left of the four that hold shards: the fourth is rebuilt from what the network has.
        var segment = (await world.SegmentsAsync()).ShouldHaveSingleItem();
        var shard = new ShardId(segment.Id, 0);
        await world.Cluster.Stores.Single(store => store.Id == segment.Shards[0]).Inner.DeleteAsync(shard, CancellationToken.None);
        scrub = await world.System.ScrubAsync(repair: true, null, CancellationToken.None);
        (scrub.BadShards, scrub.RepairedShards).ShouldBe((1, 1));
        world["far"].ReadCount.ShouldBeGreaterThan(before);
        before = world["far"].ReadCount;

        // What rows say of the network is believed, and no more than that.
        var item = (await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None))[0];
        await world.System.Metadata.UpdateItemAsync(item.Store, item.Revision, item.Item with { State = ItemState.FailedFinal, ResumeState = ItemState.FailedFinal }, CancellationToken.None);
        scrub = await world.System.ScrubAsync(repair: true, null, CancellationToken.None);
        (scrub.BadShards, scrub.RepairedShards).ShouldBe((1, 1));
        world["far"].ReadCount.ShouldBe(before);
        (await world.SegmentsAsync()).ShouldHaveSingleItem().Shards.Count(store => store == world.IdOf("far")).ShouldBe(1);
        await world.CheckAsync(1);
    }

    [Fact]
    public async Task Secret_OfANetwork_IsNowhereInTheClear()
    {
        await using var world = await NetworkWorld.StartAsync("2+1", new NetworkShare("far", 1));
        var setting = (await world.System.Metadata.GetSettingAsync(NetworkDocument.SettingName, CancellationToken.None))!;
        var secret = System.Text.Encoding.UTF8.GetBytes(world["far"].Secret);
        setting.AsSpan().IndexOf(secret).ShouldBe(-1);
        System.Text.Encoding.UTF8.GetString(setting).ShouldNotContain(Convert.ToBase64String(secret)[..16]);
        (await Should.ThrowAsync<NetworkException>(async () => await world.System.AddNetworkAsync(NetworkWorld.Define("far"), secret, CancellationToken.None))).Message.ShouldContain("already");
    }
}
