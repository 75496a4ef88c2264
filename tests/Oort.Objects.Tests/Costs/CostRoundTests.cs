using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Costs;

/// <summary>What is counted as spent, against the offices' bills and over restarts.</summary>
public sealed class CostRoundTests
{
    private const int Size = 300_000;

    /// <summary>Of a shard of such an object under 2+1.</summary>
    private const int ShardBytes = 150_280;

    [Fact]
    public async Task Costs_OfItemsThatComeAndGo_AreTheOfficesBill()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud, TollNetwork.Weave);
        await world.AssignAsync("2+2", new NetworkShare("cloud", 1), new NetworkShare("weave", 1));
        for (var number = 0; number < 4; number++) await world.PutAsync(number, Size);
        await PassAsync(world, 20, restart: 7);
        (await LineAsync(world, "cloud", CostKind.Put)).Count.ShouldBe(4);

        // Ten days of at least thirty are left: they are paid for, and come to the bill at once.
        await world.DeleteAsync(1);
        await PassAsync(world, 5);
        world.Offices["cloud"].ItemCount.ShouldBe(3);
        (await LineAsync(world, "cloud", CostKind.Minimum)).Dollars.ShouldBeGreaterThan(0);
        world.Offices["weave"].ItemCount.ShouldBe(4);

        foreach (var (name, office) in world.Offices) (await SpentAsync(world, name) / office.Bill).ShouldBe(1, 0.02, name);
        var stock = (await world.System.GetCostsAsync(null, CancellationToken.None)).Stocks;
        stock.Select(one => (one.Network, one.Items)).ShouldBe([("cloud", 3), ("weave", 3)]);
        stock[0].MonthRate.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Costs_CountedAgainOrAfterARestart_AreNotDoubled()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs);
        await world.AssignAsync("2+1", new NetworkShare("proofs", 1));
        for (var number = 0; number < 12; number++) await world.PutAsync(number, Size);
        await PassAsync(world, 1);
        var before = await SpentAsync(world, "proofs");
        before.ShouldBe(world.Offices["proofs"].Bill, 0.01 * before);
        for (var time = 0; time < 3; time++)
        {
            await world.RestartAsync();
            await world.System.CountCostsAsync(CancellationToken.None);
        }

        (await SpentAsync(world, "proofs")).ShouldBe(before, 1e-6);
    }

    [Fact]
    public async Task Costs_OfAnItemThatComesAndGoesBetweenTwoLooks_AreCounted()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud);
        await world.AssignAsync("2+1", new NetworkShare("cloud", 1));
        await world.PutAsync(0, Size);
        await world.System.StepNetworksAsync();
        await world.DeleteAsync(0);
        await world.System.StepNetworksAsync();
        (world.Offices["cloud"].Puts, world.Offices["cloud"].ItemCount).ShouldBe((1, 0));
        world.Time.Advance(TimeSpan.FromHours(6));
        await world.System.StepNetworksAsync();
        await world.System.CountCostsAsync(CancellationToken.None);
        foreach (var kind in (CostKind[])[CostKind.Put, CostKind.Deleted, CostKind.Minimum]) (await LineAsync(world, "cloud", kind)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Costs_OfANetworkThatTellsItsPricesLate_AreAllCountedThen()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud);
        world.Silence = new(BackendErrorKind.Transient, "silent");
        await world.AssignAsync("2+1", new NetworkShare("cloud", 1));
        for (var number = 0; number < 3; number++) await world.PutAsync(number, Size);
        await PassAsync(world, 2, restart: 1);
        (await world.LinesAsync()).ShouldBeEmpty();

        world.Silence = null;
        await PassAsync(world, 25);
        (await LineAsync(world, "cloud", CostKind.Put)).Count.ShouldBe(3);
        (await SpentAsync(world, "cloud") / world.Offices["cloud"].Bill).ShouldBe(1, 0.02);
    }

    [Fact]
    public async Task Costs_OfReads_AreCountedForClientsAndForRepair()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud);
        await world.AssignAsync("2+1", new NetworkShare("cloud", 2));
        await world.PutAsync(0, 10 * Size);
        await PassAsync(world, 1);
        (await world.System.GetAsync("bucket", "key0")).ShouldBe(SystemActions.Content(0, 10 * Size));
        await world.System.CountCostsAsync(CancellationToken.None);
        var read = await LineAsync(world, "cloud", CostKind.Read);
        // The one data shard that is there, in two blocks.
        read.Count.ShouldBe(2);
        read.Bytes.ShouldBe(1_501_000, 1_000);
        read.Dollars.ShouldBe(read.Count * 0.000001 + read.Bytes * 0.10 / (1 << 30), 1e-12);

        // The one that is near is lost: it is rebuilt from those that are not.
        var row = (await world.SegmentsAsync()).Single();
        (await world.System.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, row.Shards.SetItem(0, StoreId.None), CancellationToken.None)).ShouldBe(Oort.Metadata.CommitOutcome.Done);
        await world.System.DrainRepairsAsync();
        await world.System.CountCostsAsync(CancellationToken.None);
        // What was read in blocks is kept: only the other shard is asked for.
        (await LineAsync(world, "cloud", CostKind.Repair)).Bytes.ShouldBe(read.Bytes);
        (await LineAsync(world, "cloud", CostKind.Read)).ShouldBe(read);
        (await world.System.GetCostsAsync(null, CancellationToken.None)).Buckets.Single(one => one.Bucket == "bucket").Lines[CostKind.Read].ShouldBe(read.Dollars, 1e-12);
    }

    [Fact]
    public async Task Costs_WhileTheMonthCannotBeRead_AreKeptAndCountedLater()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud);
        await world.AssignAsync("2+1", new NetworkShare("cloud", 2));
        await world.PutAsync(0, 10 * Size);
        await PassAsync(world, 1);
        await world.System.GetAsync("bucket", "key0");
        await world.DeleteAsync(0);
        await world.System.StepNetworksAsync();
        var setting = CostLedger.SettingOf(CostLedger.MonthOf(world.Time.GetUtcNow()));
        var before = await world.System.Metadata.GetSettingAsync(setting, CancellationToken.None);
        await world.System.Metadata.PutSettingAsync(setting, [9], CancellationToken.None);
        await world.System.CountCostsAsync(CancellationToken.None);
        world.System.GetStatus().Warnings.ShouldContain(warning => warning.StartsWith("What was spent was written by a newer version", StringComparison.Ordinal));
        (await world.System.Metadata.GetSettingAsync(setting, CancellationToken.None)).ShouldBe([9]);

        await world.System.Metadata.PutSettingAsync(setting, before, CancellationToken.None);
        await world.System.CountCostsAsync(CancellationToken.None);
        (await LineAsync(world, "cloud", CostKind.Read)).Count.ShouldBe(2);
        (await LineAsync(world, "cloud", CostKind.Deleted)).Count.ShouldBe(2);
        (await SpentAsync(world, "cloud") / world.Offices["cloud"].Bill).ShouldBe(1, 0.02);
        world.System.GetStatus().Warnings.ShouldNotContain(warning => warning.StartsWith("What was spent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Costs_OfABundleThatIsMadeAnew_ShowBothWhileBothStand()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs with { Traits = TollNetwork.Proofs.Traits with { ReadsRanges = true }, Prices = TollNetwork.Proofs.Prices with { PerItem = 0, PerDelete = 0 } });
        await world.AssignAsync("2+1", new NetworkShare("proofs", 1));
        for (var number = 0; number < 6; number++) await world.PutAsync(number, Size);
        await PassAsync(world, 1);
        for (var number = 0; number < 4; number++) await world.DeleteAsync(number);
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.System.TakeNetworkStepAsync();
        world.Time.Advance(TimeSpan.FromMinutes(1));
        await world.System.CountCostsAsync(CancellationToken.None);
        var both = await StockAsync();
        (both.Items, both.Bytes, both.WasteBytes, both.DraftBytes).ShouldBe((2, 8 * ShardBytes, 4 * ShardBytes, 2 * ShardBytes));
        both.WasteRate.ShouldBe(both.MonthRate - 0.024 * (CostQuestion.Month / TimeSpan.FromDays(30)) - 2 * ShardBytes * 2.5 / 1024 / (1 << 30) * (CostQuestion.Month / TimeSpan.FromDays(30)), 1e-12);

        await PassAsync(world, 1);
        var one = await StockAsync();
        (one.Items, one.Bytes, one.WasteBytes, one.DraftBytes, one.WasteRate).ShouldBe((1, 2 * ShardBytes, 0, 0, 0));
        (await LineAsync(world, "proofs", CostKind.Put)).ShouldSatisfyAllConditions(line => line.Count.ShouldBe(2), line => line.Bytes.ShouldBe(8 * ShardBytes));
        var (waste, stored) = (await LineAsync(world, "proofs", CostKind.Waste), await LineAsync(world, "proofs", CostKind.Stored));
        waste.Dollars.ShouldBeInRange(1e-12, stored.Dollars);
        // Making it anew reads what is kept to be hashed and sent.
        (await LineAsync(world, "proofs", CostKind.Repair)).Bytes.ShouldBeGreaterThanOrEqualTo(2 * ShardBytes);

        async Task<NetworkStock> StockAsync() => (await world.System.GetCostsAsync(null, CancellationToken.None)).Stocks.Single();
    }

    [Fact]
    public void Ledger_WithMoreBucketsThanItTellsApart_KeepsTheLargestAndThoseWithABudget()
    {
        var tally = new CostTally();
        for (var bucket = 1; bucket <= 3_000; bucket++) tally.AddTo(new((ulong)bucket), "a-network-of-a-long-name", CostKind.Stored, bucket);
        for (var network = 0; network < 200; network++) tally.SetCounted($"network{network}", DateTimeOffset.UnixEpoch.AddDays(network));
        var ledger = CostLedger.Empty(new(2026, 11, 1)).Add(tally, [new BucketId(7)]);
        ledger.Buckets.Select(line => line.Bucket).ShouldBe([7UL, .. Enumerable.Range(954, 2_047).Select(bucket => (ulong)bucket)]);
        (ledger.Counted.Count, ledger.Counted.ContainsKey("network71"), ledger.Counted.ContainsKey("network72")).ShouldBe((128, false, true));
        var bytes = ledger.Encode();
        bytes.Length.ShouldBeLessThan(256 * 1024);
        CostLedger.Decode(bytes).SumOf(new(7)).ShouldBe(7);
    }

    [Fact]
    public void Reads_OfMoreBucketsThanAreToldApart_AreCountedAllTheSame()
    {
        var tally = new NetworkTally(TimeProvider.System);
        for (var bucket = 1; bucket <= 2_000; bucket++) tally.Read(10, TimeSpan.Zero, new BucketId((ulong)bucket), isOwn: false);
        var taken = tally.TakeCharged();
        (taken.Count, taken.Values.Sum(one => one.Count), taken[(null, false)]).ShouldBe((1_025, 2_000, (976, 9_760)));
        tally.HasCharged.ShouldBeFalse();
        tally.Read(10, TimeSpan.Zero, new BucketId(1), isOwn: false);
        tally.GiveBack(taken);
        tally.TakeCharged()[(new BucketId(1), false)].ShouldBe((2, 20));
    }

    [Fact]
    public async Task Costs_OfABundleOfWhichAPartIsDeleted_ShowTheWaste()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs);
        await world.AssignAsync("2+1", new NetworkShare("proofs", 1));
        for (var number = 0; number < 8; number++) await world.PutAsync(number, Size);
        await PassAsync(world, 1);
        var before = (await world.System.GetCostsAsync(null, CancellationToken.None)).Stocks.Single();
        before.WasteBytes.ShouldBe(0);
        await world.DeleteAsync(3);
        await PassAsync(world, 1);
        var after = (await world.System.GetCostsAsync(null, CancellationToken.None)).Stocks.Single();
        (after.Items, after.Bytes, after.WasteBytes).ShouldBe((before.Items, before.Bytes, ShardBytes));
    }

    [Theory]
    [InlineData("cloud", 4)]
    [InlineData("proofs", 1)]
    public async Task BucketCosts_OfTwoBucketsInItemsOfTheirOwnOrABundle_DivideWhatIsThere(string network, int items)
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.All.Single(one => one.Name == network));
        await world.AssignAsync("2+1", new NetworkShare(network, 1));
        var other = await world.System.CreateBucketAsync("other");
        await world.AssignAsync("2+1", other, new NetworkShare(network, 1));
        for (var number = 0; number < 3; number++) await world.PutAsync(number, Size);
        await world.System.PutAsync(other, "key", SystemActions.Content(9, Size));
        await PassAsync(world, 1);
        var report = await world.System.GetCostsAsync(null, CancellationToken.None);
        report.Stocks.Single().Items.ShouldBe(items);
        var put = report.Lines.Single(line => line.Kind == CostKind.Put).Dollars;
        report.Buckets.Select(one => (one.Bucket, one.Network, Math.Round(one.Lines.GetValueOrDefault(CostKind.Put) / put, 6))).ShouldBe([("bucket", network, 0.75), ("other", network, 0.25), ("", network, 0)]);
        (report.Buckets[0].Bytes, report.Buckets[1].Bytes).ShouldBe((3 * ShardBytes, ShardBytes));
        foreach (var line in report.Lines) report.Buckets.Sum(one => one.Lines.GetValueOrDefault(line.Kind)).ShouldBe(line.Dollars, 1e-9, line.Kind.ToString());
    }

    private static async Task PassAsync(TollWorld world, int days, int? restart = null)
    {
        for (var day = 0; day < days; day++)
        {
            if (day == restart) await world.RestartAsync();
            await world.PassDayAsync();
        }

        await world.System.CountCostsAsync(CancellationToken.None);
    }

    private static async Task<CostLine> LineAsync(TollWorld world, string network, CostKind kind) => (await world.LinesAsync()).Single(line => line.Network == network && line.Kind == kind);

    private static async Task<double> SpentAsync(TollWorld world, string network) => (await world.LinesAsync()).Where(line => line.Network == network && !CostLedger.IsPart(line.Kind)).Sum(line => line.Dollars);
}
