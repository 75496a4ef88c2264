using Oort.Backends;
using Oort.Objects.Costs;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Costs;

/// <summary>What budgets hold back, and what goes all the same.</summary>
public sealed class BudgetTests
{
    private const int Size = 300_000;

    /// <summary>What an item of this size costs at once on the network that keeps for ever.</summary>
    private const double ItemDollars = 0.0041 + 150_280 * 17.609 / (1 << 30);

    [Fact]
    public async Task Items_BeyondABudget_WaitWithTheirShardsWhereTheyAreUntilItIsRaised()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Weave);
        await world.AssignAsync("2+1", new NetworkShare("weave", 1));
        await world.System.SetBudgetAsync("weave", null, 2.4 * ItemDollars, null, CancellationToken.None);
        for (var number = 0; number < 4; number++) await world.PutAsync(number, Size);
        await world.PassDayAsync();

        world.Offices["weave"].Puts.ShouldBe(2);
        var items = await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None);
        var held = items.Where(item => item.Item.State == ItemState.Planned).ToArray();
        held.Length.ShouldBe(2);
        held.ShouldAllBe(item => item.Item.Reason.StartsWith("This month's budget of network weave is spent", StringComparison.Ordinal) && item.Item.Progress.IsEmpty);
        (await world.SegmentsAsync()).Count(segment => segment.Shards.All(store => store != world.IdOf("weave"))).ShouldBe(2);
        await world.System.StepNetworksAsync();
        var status = world.System.GetStatus();
        // A fifth of it is left, which is not enough for another.
        (status.Spending.Budgets.ShouldHaveSingleItem().Level, status.Spending.Budgets[0].IsHolding, status.Spending.IsUsedUp).ShouldBe((80, true, true));
        status.Warnings.ShouldContain(warning => warning.Contains("this month's budget", StringComparison.Ordinal) && warning.Contains("new items wait", StringComparison.Ordinal));

        // It holds over a restart, before and after it is counted.
        await world.RestartAsync();
        await world.PassDayAsync();
        world.Offices["weave"].Puts.ShouldBe(2);
        world.System.GetStatus().Spending.Budgets.Single().Spent.ShouldBe(2 * ItemDollars, 1e-9);

        await world.System.SetBudgetAsync("weave", null, 100, null, CancellationToken.None);
        await world.PassDayAsync();
        world.Offices["weave"].Puts.ShouldBe(4);
        (world.System.GetStatus().Spending.Budgets.Single().Level, world.System.GetStatus().Spending.IsUsedUp).ShouldBe((0, false));
    }

    [Fact]
    public async Task Items_OfDataAtRisk_GoBeyondTheBudgetAsOftenAsTheFactorSays()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Weave);
        await world.AssignAsync("2+1", new NetworkShare("weave", 1));
        await world.System.SetBudgetAsync(null, null, 1.6 * ItemDollars, 2, CancellationToken.None);
        for (var number = 0; number < 5; number++) await world.PutAsync(number, Size);
        await world.PassDayAsync();
        world.Offices["weave"].Puts.ShouldBe(1);

        // One shard of each segment is lost, so that another loss is one too many.
        foreach (var row in await world.SegmentsAsync())
            if (!row.Shards.Contains(world.IdOf("weave"))) await world.System.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, row.Shards.SetItem(0, StoreId.None), CancellationToken.None);
        await world.PassDayAsync();
        // Three are within twice the budget.
        world.System.GetStatus().Spending.Emergencies.ShouldBe(2);
        await world.System.CountCostsAsync(CancellationToken.None);
        world.Offices["weave"].Puts.ShouldBe(3);
        (await world.LinesAsync()).Single(line => line.Kind == CostKind.Emergency).ShouldSatisfyAllConditions(line => line.Count.ShouldBe(2), line => line.Dollars.ShouldBe(2 * ItemDollars, 1e-9), line => line.Network.ShouldBe("weave"));
        (await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None)).Count(item => item.Item.Reason.Contains("data are at risk", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task Items_OfABucketBeyondItsBudget_WaitAndNoOtherBucketWithThem()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs);
        var other = await world.System.CreateBucketAsync("other");
        await world.AssignAsync("2+1", new NetworkShare("proofs", 1));
        await world.AssignAsync("2+1", other, new NetworkShare("proofs", 1));
        await world.System.SetBudgetAsync(null, "bucket", 0.0004, null, CancellationToken.None);
        for (var number = 0; number < 3; number++) await world.PutAsync(number, Size);
        await world.System.PutAsync(other, "key", SystemActions.Content(9, Size));
        await world.PassDayAsync();

        world.Offices["proofs"].Puts.ShouldBe(1);
        var items = await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None);
        items.Select(item => (item.MainBucket, item.ShardCount, item.Item.State)).ShouldBe([(world.Bucket.Id, 3, ItemState.Planned), (other.Id, 1, ItemState.Sealed)], ignoreOrder: true);
        items.Single(item => item.MainBucket == world.Bucket.Id).Item.Reason.ShouldStartWith("This month's budget of bucket bucket is spent");
        world.System.GetStatus().Spending.Held.ShouldBeGreaterThan(0);
        for (var number = 0; number < 3; number++) (await world.System.GetAsync("bucket", $"key{number}")).ShouldBe(SystemActions.Content(number, Size));

        await world.System.SetBudgetAsync(null, "bucket", 0.001, null, CancellationToken.None);
        await world.PassDayAsync();
        world.Offices["proofs"].Puts.ShouldBe(2);
        await world.System.CountCostsAsync(CancellationToken.None);
        var status = world.System.GetStatus().Spending.Budgets.ShouldHaveSingleItem();
        (status.Bucket, status.Level).ShouldBe(("bucket", 80));
        status.Spent.ShouldBeInRange(0.0008, 0.001);
    }

    [Fact]
    public async Task Budget_ThatIsReached_IsLoggedOnceForEachLevelAndMakesTheSystemDegraded()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Weave);
        var log = new RecordedLog();
        world.Cluster.Logs = log;
        await world.RestartAsync();
        await world.AssignAsync("2+1", new NetworkShare("weave", 1));
        await world.System.SetBudgetAsync("weave", null, 2.2 * ItemDollars, null, CancellationToken.None);
        int[] levels = [0, 0, 80, 80];
        for (var number = 1; number < 4; number++)
        {
            await world.PutAsync(number, Size);
            await world.PassDayAsync();
            for (var look = 0; look < 3; look++) await world.System.LoadBudgetsAsync();
            world.System.GetStatus().Spending.Budgets.Single().Level.ShouldBe(levels[number]);
        }

        (log.Count("has reached 50 %"), log.Count("has reached 80 %"), log.Count("has reached 100 %")).ShouldBe((0, 1, 0));
        world.System.GetStatus().Spending.IsUsedUp.ShouldBeFalse();
        await world.System.SetBudgetAsync("weave", null, 2 * ItemDollars, null, CancellationToken.None);
        world.System.GetStatus().Spending.IsUsedUp.ShouldBeTrue();
        log.Count("has reached 100 %").ShouldBe(1);
    }

    [Theory]
    [InlineData(BudgetDocument.SettingName, "The budgets cannot be read")]
    [InlineData("cost-ledger/", "It is not known what is spent")]
    [InlineData("prices", "does not tell its prices")]
    public async Task Items_WhenNobodyKnowsWhetherTheyAreWithinTheBudget_Wait(string missing, string reason)
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Weave);
        await world.AssignAsync("2+1", new NetworkShare("weave", 1));
        await world.System.SetBudgetAsync("weave", null, 100, null, CancellationToken.None);
        await world.PutAsync(0, Size);
        var setting = missing.EndsWith('/') ? CostLedger.SettingOf(CostLedger.MonthOf(world.Time.GetUtcNow())) : missing;
        var before = await world.System.Metadata.GetSettingAsync(setting, CancellationToken.None);
        if (missing == "prices") world.Silence = new(BackendErrorKind.Transient, "silent");
        else await world.System.Metadata.PutSettingAsync(setting, [9], CancellationToken.None);
        await world.RestartAsync();
        await world.System.StepNetworksAsync();
        (await world.System.Metadata.ListItemsAsync(null, null, 10, CancellationToken.None)).ShouldHaveSingleItem().Item.Reason.ShouldContain(reason);
        world.Offices["weave"].Puts.ShouldBe(0);

        if (missing == "prices") world.Silence = null;
        else await world.System.Metadata.PutSettingAsync(setting, before, CancellationToken.None);
        await world.System.LoadBudgetsAsync();
        await world.PassDayAsync();
        world.Offices["weave"].Puts.ShouldBe(1);
    }

    [Fact]
    public async Task Budget_ThatCannotBe_IsRefused()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Weave);
        (await Should.ThrowAsync<ArgumentException>(() => world.System.SetBudgetAsync("attic", null, 5, null, CancellationToken.None).AsTask())).Message.ShouldContain("There is no network attic");
        await Should.ThrowAsync<ArgumentException>(() => world.System.SetBudgetAsync("weave", null, -5, null, CancellationToken.None).AsTask());
        await Should.ThrowAsync<ArgumentException>(() => world.System.SetBudgetAsync("weave", null, 5, 0.5, CancellationToken.None).AsTask());
        (await Should.ThrowAsync<ArgumentException>(() => world.System.SetBudgetAsync(null, "none", 5, null, CancellationToken.None).AsTask())).Message.ShouldContain("There is no bucket none");
        await Should.ThrowAsync<ArgumentException>(() => world.System.SetBudgetAsync("weave", "bucket", 5, null, CancellationToken.None).AsTask());
        world.System.GetStatus().Spending.Budgets.ShouldBeEmpty();
        await world.System.SetBudgetAsync("weave", null, 5, null, CancellationToken.None);
        await world.System.SetBudgetAsync("weave", null, null, null, CancellationToken.None);
        world.System.GetStatus().Spending.Budgets.ShouldBeEmpty();
    }
}
