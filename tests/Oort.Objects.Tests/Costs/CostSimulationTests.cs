using Oort.Backends;
using Oort.Objects.Costs;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Costs;

/// <summary>Two years of bills, each fee charged when it falls due by offices that know nothing of quotes, against what was quoted before.</summary>
public sealed class CostSimulationTests
{
    /// <summary>What a bill may differ from the quote.</summary>
    private const double ToleranceShare = 0.02;

    private const int Months = 24;

    private static readonly int dayCount = (int)Math.Floor(365.25 * 2);

    /// <summary>Bytes of an object and how many there are: with fees by item to the fore, and with those by byte.</summary>
    private static readonly (long Size, int Count)[] shapes = [(2_000, 300), (200_000, 300), (3_000_000, 40), (200_000_000, 6)];

    /// <summary>Data shards, shards in all, and how many go to which network.</summary>
    private static readonly (int Data, int Total, (TollNetwork Network, int Shards)[] Shares)[] policies =
    [
        (4, 6, []),
        (4, 6, [(TollNetwork.Cloud, 2)]),
        (4, 6, [(TollNetwork.Archive, 4)]),
        (4, 6, [(TollNetwork.Weave, 1)]),
        (2, 4, [(TollNetwork.Proofs, 2)]),
        (1, 3, [(TollNetwork.Orders, 2)]),
        (4, 9, [(TollNetwork.Cloud, 1), (TollNetwork.Archive, 1), (TollNetwork.Weave, 1), (TollNetwork.Proofs, 1), (TollNetwork.Orders, 1)]),
    ];

    public static TheoryData<int, int> Cases => [.. from policy in Enumerable.Range(0, policies.Length) from shape in Enumerable.Range(0, shapes.Length) select (policy, shape)];

    /// <summary>The whole way: objects are put, planned, bundled, sent, sealed and looked at each day for two years by the product; the offices hear of each request.</summary>
    [Fact]
    public async Task Bill_OfTwoYearsOfTheRealPlannerAndRound_IsTheQuote()
    {
        const int count = 12;
        const int size = 300_000;
        await using var world = await TollWorld.StartAsync([.. TollNetwork.All.Select(Rested)]);
        await world.AssignAsync("3+5", [.. TollNetwork.All.Select(network => new NetworkShare(network.Name, 1))]);
        var quote = await world.QuoteAsync(new(count * size, count, Months));

        for (var number = 0; number < count; number++) await world.System.PutAsync(world.Bucket, $"key{number}", SystemActions.Content(number, size));
        await Eventually.Async(async () => (await world.System.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull == 0);
        // Two days in steps as short as the archive is asked in, and then a step a day.
        for (var step = 0; step < 98; step++)
        {
            await world.System.StepNetworksAsync();
            world.Time.Advance(TimeSpan.FromMinutes(30));
            if (step % 48 == 47) EndDay();
        }

        for (var day = 2; day < dayCount; day++)
        {
            world.Time.Advance(TimeSpan.FromDays(1));
            await world.System.StepNetworksAsync();
            EndDay();
        }

        var items = await world.System.Metadata.ListItemsAsync(null, null, 1_000, CancellationToken.None);
        items.ShouldAllBe(item => item.Item.State == ItemState.Sealed);
        foreach (var network in quote.Networks)
        {
            world.Offices[network.Network].ItemCount.ShouldBe((int)network.Items, network.Network);
            ShouldBeNear(world.Offices[network.Network].Bill, network.Fees!.Sum, network.Network);
        }

        ShouldBeNear(world.Bill, quote.PriceTotal!.Value, "all");

        // What was counted as spent month by month is the same once more.
        await world.System.CountCostsAsync(CancellationToken.None);
        foreach (var lines in (await world.LinesAsync()).GroupBy(line => line.Network)) ShouldBeNear(world.Offices[lines.Key].Bill, lines.Where(line => !CostLedger.IsPart(line.Kind)).Sum(line => line.Dollars), lines.Key);

        void EndDay()
        {
            foreach (var office in world.Offices.Values) office.EndDay(DateOnly.FromDateTime(world.Time.GetUtcNow().DateTime));
        }

        // Where looks cost nothing, fewer of them take less time.
        static TollNetwork Rested(TollNetwork network) => network.Manners == TollManners.Free ? network with { Traits = network.Traits with { Checks = network.Traits.Checks with { LookInterval = TimeSpan.FromDays(100) } } } : network;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Bill_AccruedFeeByFee_IsTheQuote(int policy, int shape)
    {
        var (data, total, shares) = policies[policy];
        var (size, count) = shapes[shape];
        await using var world = await TollWorld.StartAsync([.. shares.Select(share => share.Network)]);
        const double hotPrice = 4.5;
        foreach (var store in world.System.Stores.Describe()) world.System.Stores.DescribeAs(store.Id, store.Traits with { PricePerTebibyteMonth = hotPrice });
        await world.AssignAsync($"{data}+{total - data}", [.. shares.Select(share => new NetworkShare(share.Network.Name, share.Shards))]);
        var quote = await world.QuoteAsync(new(size * count, count, Months));

        var hot = total - shares.Sum(share => share.Shards);
        var bill = Simulate(data, hot, shares, size, count, world.Offices, hotPrice);
        ShouldBeNear(bill, quote.PriceTotal!.Value, "all");
        (quote.PriceMonth!.Value * Months).ShouldBe(quote.PriceTotal.Value, 1e-9);
    }

    /// <summary>That a wrong price shows: each price of each network is trebled, those that are small beside the others a hundredfold, and some shape's bill is then not the quote.</summary>
    [Fact]
    public async Task Quote_WithOnePriceWrong_IsNotTheBill()
    {
        foreach (var network in TollNetwork.All)
        {
            foreach (var price in typeof(NetworkPrices).GetProperties().Where(property => property.PropertyType == typeof(double) && (double)property.GetValue(network.Prices)! > 0 && property.Name != nameof(NetworkPrices.PerDelete)))
            {
                var wrong = network with { Prices = network.Prices with { } };
                price.SetValue(wrong.Prices, (double)price.GetValue(network.Prices)! * (price.Name is nameof(NetworkPrices.PerRead) or nameof(NetworkPrices.PerRestore) or nameof(NetworkPrices.PerItemMonth) ? 100 : 3));
                await using var world = await TollWorld.StartAsync(wrong);
                await world.AssignAsync("2+1", new NetworkShare(network.Name, 1));
                var seen = false;
                foreach (var (size, count) in shapes)
                {
                    var quote = await world.QuoteAsync(new(size * count, count, Months));
                    var bill = Simulate(2, 2, [(network, 1)], size, count, new() { [network.Name] = network.Open() }, 0);
                    seen |= Math.Abs(quote.PriceTotal!.Value - bill) > ToleranceShare * bill;
                }

                seen.ShouldBeTrue($"{price.Name} of {network.Name}");
            }
        }
    }

    /// <summary>What leaving costs at the end: everything that has to come from networks is read, and all is deleted.</summary>
    [Fact]
    public async Task ExitCost_OfAnEarlyEnd_IsReadingDeletingAndWhatIsLeftOfTheLeastDuration()
    {
        const long size = 3_000_000;
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud);
        await world.AssignAsync("2+1", new NetworkShare("cloud", 2));
        // Ten days of at least thirty.
        var quote = await world.QuoteAsync(new(size * 40, 40, 10 / CostQuestion.Month.TotalDays));

        var office = TollNetwork.Cloud.Open();
        var length = ShardLength(size, 2);
        for (var item = 0; item < 80; item++) office.Put($"{item}", length);
        for (var day = 0; day < 10; day++) office.EndDay(new DateOnly(2026, 6, 1).AddDays(day));
        var before = office.Bill;
        // One shard of three is near, and two are needed: one of the two on the network is read, in runs of 2 MiB of payload, less the first stripe.
        for (var item = 0; item < 40; item++)
            for (var left = length; left > 0; left -= 1 << 20) office.Read(Math.Min(left, 1 << 20));
        for (var item = 0; item < 80; item++) office.Delete($"{item}");
        ShouldBeNear(office.Bill - before, quote.ExitCost!.Value, "exit");

        await using var hot = await TollWorld.StartAsync(TollNetwork.Cloud);
        await hot.AssignAsync("2+2", new NetworkShare("cloud", 2));
        // With two near, nothing is read from the network, and after two years nothing is left to pay.
        (await hot.QuoteAsync(new(size * 40, 40, Months))).ExitCost.ShouldBe(0);
    }

    /// <summary>Charges two years event by event. Items are worked out from the pages on segments and shards, not by the product's arithmetic.</summary>
    private static double Simulate(int data, int hot, (TollNetwork Network, int Shards)[] shares, long size, int count, Dictionary<string, BillingOffice> offices, double hotPrice)
    {
        var lengths = new List<long>();
        for (var number = 0; number < count; number++)
        {
            var left = size;
            // 1,024 chunks of 65,520 bytes at most in a segment.
            for (; left > 1024 * 65_520L; left -= 1024 * 65_520L) lengths.Add(ShardLength(1024 * 65_520L, data));
            lengths.Add(ShardLength(left, data));
        }

        var bill = 0.0;
        foreach (var (network, shards) in shares)
        {
            var office = offices[network.Name];
            var items = ItemsOf([.. lengths.SelectMany(length => Enumerable.Repeat(length, shards))], network);
            foreach (var (item, length) in items.Index()) Send(office, network, $"{network.Name}{item}", length);
        }

        for (var day = 0; day < dayCount; day++)
        {
            bill += lengths.Sum(length => (double)length) * hot * hotPrice / 1_099_511_627_776 / 30;
            foreach (var (network, _) in shares)
            {
                var office = offices[network.Name];
                for (var item = 0; item < office.ItemCount && network.Manners != TollManners.Free; item++) office.Ask();
                office.EndDay(new DateOnly(2026, 3, 1).AddDays(day));
            }
        }

        return bill + shares.Sum(share => offices[share.Network.Name].Bill);
    }

    private static void Send(BillingOffice office, TollNetwork network, string name, long length)
    {
        if (network.Manners != TollManners.Free) office.Ask();
        office.Put(name, length);
        if (network.Manners != TollManners.Free) office.Ask();
        if (network.Manners == TollManners.Archive)
        {
            office.Restore(length);
            for (var halfHour = 0; halfHour < 96; halfHour++)
            {
                office.Ask();
                office.Ask();
            }
        }

        office.Read(length);
    }

    /// <summary>Bundles, closed by the one that makes them large enough.</summary>
    private static List<long> ItemsOf(List<long> lengths, TollNetwork network)
    {
        var (items, bundle) = (new List<long>(), 0L);
        foreach (var length in lengths)
        {
            if (length >= network.Traits.BundleBelow)
            {
                items.Add(length);
                continue;
            }

            bundle += length;
            if (bundle < TollWorld.BundleBytes) continue;
            items.Add(bundle);
            bundle = 0;
        }

        if (bundle > 0) items.Add(bundle);
        return items;
    }

    /// <summary>docs/formats/shard.md: 128 bytes, a cell of each stripe, 24 bytes for each cell; chunks have 16 bytes beside their own.</summary>
    private static long ShardLength(long plaintext, int data)
    {
        var payload = plaintext + (plaintext + 65_519) / 65_520 * 16;
        var full = payload / (data * 65_536L);
        var rest = payload - full * data * 65_536;
        var last = ((rest + data - 1) / data + 63) / 64 * 64;
        return 128 + full * 65_536 + last + (full + (last > 0 ? 1 : 0)) * 24;
    }

    private static void ShouldBeNear(double bill, double quote, string what)
    {
        if (bill == 0) quote.ShouldBe(0, what);
        else (quote / bill).ShouldBe(1, ToleranceShare, $"{what}: billed {bill}, quoted {quote}");
    }
}
