using Oort.Backends;
using Oort.Objects.Costs;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Costs;

/// <summary>What quotes say beside the price, and when they say none.</summary>
public sealed class QuoteTests
{
    private static readonly CostQuestion question = new(40 * 3_000_000L, 40, 24);

    [Fact]
    public async Task Segments_OfAQuote_AreThoseThatAreWritten()
    {
        await using var cluster = new TestCluster();
        // Segments of four chunks, so that small bodies have several.
        cluster.Options = cluster.Options with { Objects = cluster.Options.Objects with { SegmentChunks = 4 } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in new[] { 0, 1, 2_000, 65_520, 65_521, 262_144, 262_145, 4 * 65_520, 300_000, 600_000 })
        {
            var before = (await PolicyTests.SegmentsAsync(system, bucket)).Select(segment => segment.Id).ToHashSet();
            await system.PutAsync(bucket, $"{size}", SystemActions.Content(size, size));
            var written = (await PolicyTests.SegmentsAsync(system, bucket)).Where(segment => !before.Contains(segment.Id)).Select(segment => segment.PayloadLength).Order();
            var told = WrittenSegments.Of(new(Math.Max(1, size), 1, 1), system.Stores.Geometry, cluster.Options.Objects).SelectMany(group => Enumerable.Repeat(group.PayloadLength, (int)group.Count)).Order();
            if (size > 0) written.ShouldBe(told, $"{size}");
            else written.ShouldBeEmpty();
        }
    }

    [Fact]
    public void Segments_OfSmallObjects_ShareAPackWhenTheyAreWrittenTogether()
    {
        var (geometry, options) = (new Geometry(4, 2), new ObjectLayerOptions());
        WrittenSegments.Of(new(10 * 1_000, 10, 1), geometry, options).ShouldBe([new(1_016, 10, 1)]);
        // 1,016 bytes, the next at 1,024.
        WrittenSegments.Of(new(10 * 1_000, 10, 1) { Together = 4 }, geometry, options).ShouldBe([new(3 * 1_024 + 1_016, 2, 4), new(1_024 + 1_016, 1, 2)]);
        // 4 MiB at most: sixteen of 262,144 bytes less their tags would be more.
        WrittenSegments.Of(new(64 * 262_144L, 64, 1) { Together = 64 }, geometry, options)[0].ObjectCount.ShouldBe(15);
        // Not all of one size: the rest is spread.
        WrittenSegments.Of(new(10, 3, 1), geometry, options).ShouldBe([new(20, 1, 1), new(19, 2, 1)]);
        WrittenSegments.Of(new(2, 3, 1), geometry, options).ShouldBe([new(17, 2, 1)]);
    }

    [Fact]
    public async Task Quote_OfAMixedPolicy_NamesPlacesOperatorsAndWhereItsPricesAreFrom()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Cloud, TollNetwork.Proofs);
        await world.AssignAsync("4+3", new NetworkShare("cloud", 2), new NetworkShare("proofs", 2));
        var quote = await world.QuoteAsync(question);
        (quote.Policy, quote.Geometry, quote.HotShards).ShouldBe(("cold", "4+3", 3));
        quote.Countries.ShouldBe(["DE", "FR", "IE"]);
        quote.UnknownPlaces.ShouldBe(3);
        quote.Operators.ShouldContain("proofs");
        quote.Operators.Length.ShouldBe(11);
        // Three are near; the fourth nearest is on the warm network.
        (quote.FirstByteMs, quote.FirstByteSource).ShouldBe((2_000, "declared by cloud"));
        quote.Nines!.Value.ShouldBeGreaterThan(2);
        quote.Networks.Select(network => (network.Network, network.Shards, network.Items, network.IsBundled, network.PriceSource)).ShouldBe([("cloud", 2, 80, false, "configured"), ("proofs", 2, 40, true, "live")]);
        quote.Networks[0].PriceAgeDays!.Value.ShouldBe((world.Time.GetUtcNow() - quote.Networks[0].PriceAsOf!.Value).TotalDays, 0.1);
        quote.PriceTotal!.Value.ShouldBe(quote.Networks.Sum(network => network.Fees!.Sum), 1e-12);
        quote.ExitCost!.Value.ShouldBeGreaterThan(0);
        quote.RepairExpected!.Value.ShouldBeGreaterThan(0);
        quote.Unmet.ShouldBeEmpty();

        // All policies where no bucket is asked for: the default one is free here.
        (await world.System.QuoteAsync(question, null, CancellationToken.None)).Policies.Select(one => (one.Policy, one.PriceTotal is 0)).ShouldBe([("cold", false), ("default", true)]);
    }

    [Fact]
    public async Task Quote_OfAPolicyThatCannotBeKept_SaysWhyInsteadOfAPrice()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs);
        await world.AssignAsync("4+2", new NetworkShare("attic", 1));
        await SaysAsync("There is no network attic; oort backend add makes one.");

        await world.AssignAsync("4+2", new NetworkShare("proofs", 1));
        (await world.QuoteAsync(question)).PriceTotal.ShouldNotBeNull();
        await world.System.DrainNetworkAsync("proofs", isDraining: true, CancellationToken.None);
        await SaysAsync("Network proofs is being drained and takes nothing.");
        await world.System.DrainNetworkAsync("proofs", isDraining: false, CancellationToken.None);

        await PolicyTests.SetAsync(world.System, new() { Name = "cold", Geometry = "4+2", Countries = new(["US"], []) }, null);
        await SaysAsync("There is no store in country US.");

        async Task SaysAsync(string sentence)
        {
            var quote = await world.QuoteAsync(question);
            quote.Unmet.ShouldContain(sentence);
            (quote.PriceTotal, quote.PriceMonth, quote.ExitCost, quote.FirstByteMs, quote.Nines).ShouldBe((null, null, null, null, null));
        }
    }

    [Fact]
    public async Task Quote_OfANetworkThatDoesNotAnswer_CountsWhatItSaidLastAndSaysSo()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs);
        await world.AssignAsync("4+2", new NetworkShare("proofs", 1));
        world.Silence = new(BackendErrorKind.Transient, "The chain is away.");
        var silent = await world.QuoteAsync(question);
        silent.PriceTotal.ShouldBeNull();
        silent.Unmet.ShouldBe(["Network proofs does not tell its prices: The chain is away."]);

        world.Silence = null;
        var told = await world.QuoteAsync(question);
        world.Silence = new(BackendErrorKind.Transient, "The chain is away.");
        // For ten minutes nobody is asked again.
        (await world.QuoteAsync(question)).Networks[0].PriceSource.ShouldBe("live");
        world.Time.Advance(TimeSpan.FromMinutes(11));
        var last = await world.QuoteAsync(question);
        (last.Networks[0].PriceSource, last.PriceTotal).ShouldBe(("last", told.PriceTotal));
        last.Notes.ShouldContain(note => note.Contains("The chain is away.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Quote_OfPricesThatCannotBe_IsNone()
    {
        await using var world = await TollWorld.StartAsync(TollNetwork.Proofs with { Prices = TollNetwork.Proofs.Prices with { PerItem = double.NaN } });
        await world.AssignAsync("4+2", new NetworkShare("proofs", 1));
        (await world.QuoteAsync(question)).Unmet.ShouldBe(["Network proofs does not tell its prices: It told prices that cannot be."]);
    }

    [Theory]
    [InlineData(0, 1, 1, 1)]
    [InlineData((1L << 60) + 1, 1, 1, 1)]
    [InlineData(1, 0, 1, 1)]
    [InlineData(1, 1, 0, 1)]
    [InlineData(1, 1, double.NaN, 1)]
    [InlineData(1, 1, 1201, 1)]
    [InlineData(1, 1, 1, 0)]
    public void Question_WithANumberThatCannotBe_IsRefused(long bytes, long objects, double months, int together) =>
        Should.Throw<ArgumentException>(() => (new CostQuestion(bytes, objects, months) { Together = together }).Checked()).Message.ShouldEndWith(".");
}
