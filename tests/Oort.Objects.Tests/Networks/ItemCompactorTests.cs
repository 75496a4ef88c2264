using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Networks;

/// <summary>Bundles of which much was deleted, made anew on a network that deletes, through restarts and failures.</summary>
public sealed class ItemCompactorTests
{
    private const int Count = 6;
    private static readonly TimeSpan grace = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bundles_MostlyDeleted_BecomeOneOfWhatIsLeft(bool restarts)
    {
        await using var world = await StartAsync();
        await DeleteAllButOneEachAsync(world);
        var before = await ItemsAsync(world);
        before.Select(item => (item.State, item.ShardCount)).ShouldBe([(ItemState.Sealed, 1), (ItemState.Sealed, 1)]);

        await CompactAsync(world, restarts);

        var item = (await ItemsAsync(world)).ShouldHaveSingleItem();
        (item.State, item.ShardCount, item.Length).ShouldBe((ItemState.Sealed, 2, before.Sum(old => old.Length) / (Count / 2)));
        (world["far"].ItemCount, world["far"].PaymentCount).ShouldBe((1, 3));
        (await world.ItemCountAsync()).ShouldBe(1, "No draft is left.");
        await CheckWithoutDisksAsync(world);
        (await world.System.FsckAsync(true, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();

        // It is one as any other: what is in it goes in turn, and at last it.
        await CompactAsync(world, restarts);
        world["far"].PaymentCount.ShouldBe(3);
        await DeleteAsync(world, 0);
        await DeleteAsync(world, Count / 2);
        await world.SettleAsync(restarts);
        (world["far"].ItemCount, await world.ItemCountAsync()).ShouldBe((0, 0));
    }

    /// <summary>A gateway that starts anew after each single step; and at every moment what is left is read without a disk of it.</summary>
    [Fact]
    public async Task Draft_AtEachOfItsSteps_LeavesEverythingToBeRead()
    {
        await using var world = await StartAsync();
        await DeleteAllButOneEachAsync(world);
        world.Time.Advance(TimeSpan.FromHours(1));
        var seen = new HashSet<ItemState>();
        for (var step = 0; !(await ItemsAsync(world)).Any(item => item.State == ItemState.DeleteRequested); step++)
        {
            step.ShouldBeLessThan(40);
            world.Time.Advance(TimeSpan.FromSeconds(10));
            await world.RestartAsync();
            await world.System.TakeNetworkStepAsync();
            foreach (var draft in await DraftsAsync(world)) seen.Add(draft.Item.State);
            await CheckWithoutDisksAsync(world, step % 2 * (Count / 2));
        }

        seen.ShouldBe([ItemState.Planned, ItemState.Accepted, ItemState.Pending, ItemState.Confirmed, ItemState.Sealed], ignoreOrder: true);
        (await ItemsAsync(world)).Select(item => item.State).Order().ShouldBe([ItemState.Sealed, ItemState.DeleteRequested, ItemState.DeleteRequested]);
        world["far"].ItemCount.ShouldBe(3, "Who has begun to read the old ones ends.");
        await CompactAsync(world, restarts: false);
        (world["far"].ItemCount, world["far"].PaymentCount).ShouldBe((1, 3));
        await CheckWithoutDisksAsync(world);
    }

    [Fact]
    public async Task Bundle_ThatIsHalfWantedOrChargedForAllTheSame_StaysAsItIs()
    {
        await using var world = await StartAsync();
        await DeleteAsync(world, 1);
        await CompactAsync(world, restarts: false);
        world["far"].PaymentCount.ShouldBe(2, "Of one, two thirds are wanted.");

        await DeleteAllButOneEachAsync(world);
        var prices = world["far"].Prices;
        foreach (var dear in (NetworkPrices[])[prices with { DurationMin = TimeSpan.FromDays(30) }, prices with { PerGibibyteMonth = 0 }, prices with { PerDelete = 1 }, prices with { PerGibibyteRead = 1_000 }])
        {
            world["far"].Prices = dear;
            await CompactAsync(world, restarts: false);
            (world["far"].PaymentCount, world["far"].ItemCount).ShouldBe((2, 2));
        }

        world["far"].Prices = prices with { DurationMin = TimeSpan.FromDays(30) };
        world.Time.Advance(TimeSpan.FromDays(30));
        await CompactAsync(world, restarts: false);
        (world["far"].PaymentCount, world["far"].ItemCount).ShouldBe((3, 1));
        await CheckWithoutDisksAsync(world);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Draft_OfWhichAShardIsDeletedMeanwhile_TakesOverTheOthers(bool isSent)
    {
        await using var world = await StartAsync();
        await DeleteAllButOneEachAsync(world);
        await BeginAsync(world, isSent);
        await DeleteAsync(world, 0);

        await CompactAsync(world, restarts: true);
        await CompactAsync(world, restarts: true);

        (await ItemsAsync(world)).ShouldHaveSingleItem().ShardCount.ShouldBe(1);
        world["far"].ItemCount.ShouldBe(1);
        (await world.ItemCountAsync()).ShouldBe(1);
        await CheckWithoutDisksAsync(world, Count / 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Draft_ThatTheNetworkLosesOrIsDrained_LeavesTheOldBundles(bool isDrained)
    {
        await using var world = await StartAsync();
        await DeleteAllButOneEachAsync(world);
        await BeginAsync(world, isSent: true);
        var draft = (await DraftsAsync(world)).ShouldHaveSingleItem();
        if (isDrained) await world.System.DrainNetworkAsync("far", isDraining: true, CancellationToken.None);
        else world["far"].Damage(draft.Item.Receipt!.Transaction);

        await world.SettleAsync();
        (await DraftsAsync(world)).ShouldBeEmpty();
        await world.CheckAsync([0, Count / 2]);
        if (isDrained)
        {
            await world.System.DrainRepairsAsync();
            await world.SettleAsync();
            (world["far"].ItemCount, await world.ItemCountAsync()).ShouldBe((0, 0));
            await world.CheckAsync([0, Count / 2]);
            return;
        }

        (await ItemsAsync(world)).Length.ShouldBe(2);
        await CheckWithoutDisksAsync(world);
        await CompactAsync(world, restarts: true);
        (world["far"].ItemCount, world["far"].PaymentCount).ShouldBe((1, 4));
        await CheckWithoutDisksAsync(world);
    }

    [Fact]
    public async Task Bundle_ThatCannotBeReadWhole_KeepsNoOtherFromBeingMadeAnew()
    {
        await using var world = await StartAsync();
        await DeleteAllButOneEachAsync(world);
        var bad = await world.System.Metadata.FindItemOfAsync(world.IdOf("far"), await ShardOfAsync(world, 0), CancellationToken.None);
        world["far"].Damage(bad!.Item.Item.Receipt!.Transaction);

        world.Time.Advance(TimeSpan.FromHours(1));
        await world.System.StepNetworksAsync();
        await world.System.StepNetworksAsync();

        var draft = (await DraftsAsync(world)).ShouldHaveSingleItem();
        (await world.System.Metadata.ListItemShardsAsync(draft.Store, draft.Item.Id, null, 10, CancellationToken.None)).ShouldHaveSingleItem().Shard.ShouldBe(await ShardOfAsync(world, Count / 2));
    }

    /// <summary>Two bundles of three shards each, sealed, of segments of which a network has one of three shards.</summary>
    private static async Task<NetworkWorld> StartAsync()
    {
        var world = await NetworkWorld.StartAsync("2+1", 1 << 22, new NetworkShare("far", 1));
        // A gibibyte and month costs so much that a few deleted kilobytes pay for another item.
        world["far"].Prices = world["far"].Prices with { PerGibibyteMonth = 100 };
        for (var bundle = 0; bundle < 2; bundle++)
        {
            for (var number = 0; number < Count / 2; number++) await world.PutAsync(bundle * (Count / 2) + number);
            await world.System.StepNetworksAsync();
            world.Time.Advance(TimeSpan.FromHours(1));
            await world.SettleAsync();
        }

        (world["far"].PaymentCount, world["far"].ItemCount).ShouldBe((2, 2));
        world.Cluster.Options = world.Cluster.Options with { DeleteGrace = grace };
        await world.RestartAsync();
        return world;
    }

    private static async Task DeleteAllButOneEachAsync(NetworkWorld world)
    {
        for (var number = 0; number < Count; number++)
            if (number % (Count / 2) != 0) await DeleteAsync(world, number);
    }

    private static async Task DeleteAsync(NetworkWorld world, int number)
    {
        await world.DeleteAsync(number);
        world.Time.Advance(grace);
        await world.System.CollectAsync(CancellationToken.None);
    }

    /// <summary>Has bundles looked at, and waits until what came of it is sealed and the old ones are deleted.</summary>
    private static async Task CompactAsync(NetworkWorld world, bool restarts)
    {
        for (var times = 0; times < 2; times++)
        {
            world.Time.Advance(TimeSpan.FromHours(1));
            await world.SettleAsync(restarts);
        }
    }

    private static async Task BeginAsync(NetworkWorld world, bool isSent)
    {
        world.Time.Advance(TimeSpan.FromHours(1));
        if (isSent) await world.System.StepNetworksAsync();
        else await world.System.TakeNetworkStepAsync();
        (await DraftsAsync(world)).ShouldHaveSingleItem().Item.State.ShouldBe(isSent ? ItemState.Pending : ItemState.Planned);
    }

    private static async Task<(ItemState State, int ShardCount, long Length)[]> ItemsAsync(NetworkWorld world) =>
        [.. (await world.System.Metadata.ListItemsAsync(world.IdOf("far"), null, 10, CancellationToken.None)).Select(row => (row.Item.State, row.ShardCount, row.Item.Length))];

    private static async Task<ItemRow[]> DraftsAsync(NetworkWorld world) =>
        [.. await world.System.Metadata.ListItemsAsync(world.System.GetNetworks()[0].Definition.DraftId, null, 10, CancellationToken.None)];

    private static async Task<ShardId> ShardOfAsync(NetworkWorld world, int number)
    {
        var version = (await world.System.Metadata.FindVersionAsync(world.Bucket.Id, $"key{number}", null, CancellationToken.None))!;
        return new((await world.System.Objects.LocateAsync(version, CancellationToken.None)).Single().Segments.Keys.Single(), 2);
    }

    /// <summary>Compares what is left by what the network has of it: one of the two disks with the other shards is away.</summary>
    private static async Task CheckWithoutDisksAsync(NetworkWorld world, params int[] numbers)
    {
        foreach (var number in numbers.Length > 0 ? numbers : [0, Count / 2])
        {
            var segment = (await world.System.Metadata.FindSegmentAsync((await ShardOfAsync(world, number)).Segment, CancellationToken.None))!;
            segment.Shards[2].ShouldBe(world.IdOf("far"));
            var store = world.Cluster.Stores.Single(one => one.Id == segment.Shards[0]);
            store.Offline = true;
            await world.CheckAsync([number]);
            store.Offline = false;
            await Eventually.TrueAsync(() => world.System.GetStatus().Stores.All(one => one.Health == StoreHealth.Online));
        }
    }
}
