using Oort.Backends;
using Oort.Objects.Durability;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Durability;

/// <summary>Durability and what-if of a live layout.</summary>
public sealed class SurveyTests
{
    private static readonly DurabilityAssumptions plain = new() { Window = TimeSpan.FromDays(7), AnnualLossByDomain = new DurabilityAssumptions().AnnualLossByDomain.Clear() };

    [Fact]
    public async Task Survey_LiveLayout_IsTheModelsFigureForEachPolicy()
    {
        await using var cluster = PolicyTests.NewCluster(12);
        await using var system = await cluster.OpenAsync();
        var (bucket, lazy) = (await system.CreateBucketAsync("bucket"), await system.CreateBucketAsync("lazy"));
        await PolicyTests.SetAsync(system, new() { Name = "lazy", Geometry = "4+4", RepairBelow = 5 }, new(lazy.Id, "lazy", null, "lazy"));
        await PolicyTests.SetAsync(system, new() { Name = "unused", Geometry = "1+2" }, null);
        await system.PutAsync(bucket, "key", [1]);
        await system.PutAsync(lazy, "key", SystemActions.Content(1, 600_000));

        var report = await system.SurveyDurabilityAsync(plain, null, CancellationToken.None);
        var byName = report.Policies.ToDictionary(one => one.Policy);
        (byName["default"].Segments, byName["default"].HealthyMin, byName["default"].AnnualLoss).ShouldBe((1, 12, LossModel.AnnualLoss(12, 8, 0.2, TimeSpan.FromDays(7))));
        // Repair lets it fall to 5, so a window may begin with 6: the research's 5.8e-5.
        (byName["lazy"].Segments, byName["lazy"].AnnualLoss).ShouldBe((1, LossModel.AnnualLoss(6, 4, 0.2, TimeSpan.FromDays(7))));
        byName["lazy"].AnnualLoss.ShouldBe(5.8e-5, 3e-6);
        byName["lazy"].Nines.ShouldBe(4.24, 0.02);
        (byName["unused"].Segments, byName["unused"].Geometry).ShouldBe((0, new Geometry(1, 2)));
        report.ExpectedLostSegments.ShouldBe(byName["default"].AnnualLoss + byName["lazy"].AnnualLoss, 1e-12);
        report.Assumptions[2].ShouldBe("From a loss to the end of its repair it takes 7 days.");

        // Losses of whole machines and operators change nothing where each holds one shard; but these stores do not say their region, and count as in one.
        (await system.SurveyDurabilityAsync(new() { Window = TimeSpan.FromDays(7) }, null, CancellationToken.None)).Policies[0].AnnualLoss.ShouldBe(report.Policies[0].AnnualLoss + 0.001, 1e-9);
        Should.Throw<ArgumentException>(() => system.SurveyDurabilityAsync(plain with { AnnualLossOtherwise = -1 }, null, CancellationToken.None).AsTask());
        Should.Throw<ArgumentException>(() => system.SurveyDurabilityAsync(plain with { Window = TimeSpan.Zero }, null, CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task Survey_SixDisksOfOneMachine_AreNoSaferThanTheMachine()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var report = await system.SurveyDurabilityAsync(new(), null, CancellationToken.None);
        // Machine and operator hold all six.
        report.Policies.ShouldHaveSingleItem().AnnualLoss.ShouldBeGreaterThan(0.04);
        report.Policies[0].Nines.ShouldBeLessThan(1.5);
    }

    [Fact]
    public async Task WhatIf_StoreOperatorOrCountry_CountsWhatIsLeft()
    {
        await using var cluster = PolicyTests.NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var (spread, german) = (await system.CreateBucketAsync("spread"), await system.CreateBucketAsync("german"));
        await PolicyTests.SetAsync(system, new() { Name = "german", Geometry = "1+1", Countries = new(["DE"], []) }, new(german.Id, "german", null, "german"));
        for (var number = 0; number < 3; number++)
        {
            await system.PutAsync(spread, $"key{number}", SystemActions.Content(number, 300_000));
            await system.PutAsync(german, $"key{number}", SystemActions.Content(number, 300_000));
        }

        // All German stores: two of eight. 4+2 over eight keeps at least four; 1+1 there is gone.
        var report = await system.AskWhatIfAsync(Parse("country:DE"), withObjects: true, null, CancellationToken.None);
        report.Stores.Length.ShouldBe(2);
        report.Segments.Lost.ShouldBe(3);
        (report.Segments.Untouched + report.Segments.BelowThreshold).ShouldBe(3);
        report.LostSegments.Length.ShouldBe(3);
        report.Objects!.Lost.ShouldBe(3);
        report.ObjectsAtRisk.Where(one => one.State == "lost").Select(one => (one.Bucket, one.Key)).ShouldBe([("german", "key0"), ("german", "key1"), ("german", "key2")]);
        report.CanWrite.ShouldBeTrue();

        // One German store: half of each pair is left.
        var one = await system.AskWhatIfAsync(Parse("operator:operator0"), withObjects: false, null, CancellationToken.None);
        (one.Segments.Lost, one.Segments.BelowThreshold >= 3, one.Objects, one.PayloadBytes.Lost).ShouldBe((0, true, null, 0));
        var same = await system.AskWhatIfAsync(Parse(cluster.Stores[0].Id.ToString()), withObjects: false, null, CancellationToken.None);
        same.Segments.ShouldBe(one.Segments);

        // It is a question: everything is there still, and really losing them is what it said.
        foreach (var store in cluster.Stores.Where(store => store.Traits.Country == "DE")) store.Offline = true;
        await Eventually.TrueAsync(() => system.Stores.GetStatus().Count(store => store.Health == StoreHealth.Offline) == 2);
        (await system.AskWhatIfAsync(Parse("country:FR"), withObjects: false, null, CancellationToken.None)).Segments.UnreadableNow.ShouldBe(3);
        (await system.GetAsync("spread", "key1")).ShouldBe(SystemActions.Content(1, 300_000));
        await Should.ThrowAsync<ArgumentException>(async () => await system.AskWhatIfAsync(Parse("operator:nobody"), withObjects: false, null, CancellationToken.None));
    }

    [Theory]
    [InlineData("operator:a:b", true)]
    [InlineData("/mnt/disk 1", true)]
    [InlineData("store:/mnt/x", true)]
    [InlineData("region:", false)]
    [InlineData("", false)]
    public void Name_OfALoss_IsRead(string text, bool isName)
    {
        DomainName.TryParse(text, out var name).ShouldBe(isName);
        if (text == "operator:a:b") name.ShouldBe(new DomainName(DomainKind.Operator, "a:b"));
    }

    private static DomainName Parse(string text) => DomainName.TryParse(text, out var name) ? name.Value : throw new ArgumentException(text);
}
