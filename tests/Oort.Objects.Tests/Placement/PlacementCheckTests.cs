using System.Collections.Immutable;
using Oort.Objects.Placement;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Placement;

public sealed class PlacementCheckTests
{
    private static readonly List<Candidate> stores = [.. Enumerable.Range(0, 12).Select(number => Stores.One(number, op: $"operator{number % 4}", country: number < 8 ? "DE" : "FR", region: "eu", price: 1 + number % 2))];

    [Fact]
    public void Run_PolicyThatCanBeKept_SaysNothing()
    {
        var report = Check((PlacementPolicy.Default with { CountriesMin = 2 }).With(DomainKind.Operator, 3));
        report.Unmet.ShouldBeEmpty();
        (report.Geometry, report.Eligible, report.Placeable, report.PricePerTebibyteMonth).ShouldBe((new(8, 4), 12, 12, 2.25));
    }

    [Theory]
    [InlineData("country", "3 countries are asked for, and the allowed stores say that they lie in 2.")]
    [InlineData("operator", "At most 1 a operator leaves room for 4 of 6 shards: the allowed stores have 4 values of operator.")]
    [InlineData("count", "A segment of 16+4 needs 20 stores, and the policy allows 12 of the 12 that take new data.")]
    [InlineData("kind", "There is no store of kind tape.")]
    [InlineData("region", "There is no store in region us.")]
    [InlineData("use", "There is no store in country US.")]
    [InlineData("budget", "The budget of 1 dollars a TiB and month leaves 0 of 12 stores: with 4+2 a store may cost 0.67.")]
    [InlineData("crossed", "Each rule alone can be kept, but not all together: at most 3 of 4 shards find a place.")]
    public void Run_PolicyThatCannotBeKept_SaysWhatIsMissing(string what, string sentence)
    {
        var policy = PlacementPolicy.Default with { Geometry = "4+2" };
        policy = what switch
        {
            "country" => policy with { CountriesMin = 3 },
            "operator" => policy.With(DomainKind.Operator, 1),
            "count" => policy with { Geometry = "16+4" },
            "kind" => policy with { Kinds = ["tape"] },
            "region" => policy with { Regions = new(["us"], []) },
            "use" => policy with { Countries = new(["US"], []) },
            "budget" => policy with { Budget = 1 },
            _ => (policy with { Geometry = "2+2" }).With(DomainKind.Operator, 1).With(DomainKind.Country, 2),
        };
        // Four operators, and two countries with two stores each: but both in France are of one operator.
        List<Candidate> over = what == "crossed" ? [Stores.One(0, "a", country: "FR"), Stores.One(1, "a", country: "FR"), Stores.One(2, "b", country: "DE"), Stores.One(3, "c", country: "DE"), Stores.One(4, "d", country: "DE")] : stores;
        Check(policy, over).Unmet.ShouldContain(sentence);
    }

    [Fact]
    public void Run_UnknownDomains_CountAsOne()
    {
        var report = Check((PlacementPolicy.Default with { Geometry = "4+2" }).With(DomainKind.Country, 2), [.. Enumerable.Range(0, 6).Select(number => Stores.One(number))]);
        report.Unmet.ShouldBe(["At most 2 a country leaves room for 2 of 6 shards: the allowed stores have 1 value of country, and 6 stores that do not say theirs count as one."]);
    }

    [Fact]
    public void Run_UnvettedStores_AreNoPlaceForMost()
    {
        var report = Check(PlacementPolicy.Default with { Geometry = "4+2" }, [.. Enumerable.Range(0, 8).Select(number => Stores.One(number, vetted: number < 4))]);
        report.Unmet.ShouldBe(["4 of the 8 allowed stores are vetted, and of 6 shards at most 5 % may go to others."]);
    }

    private static PlacementReport Check(PlacementPolicy policy, List<Candidate>? over = null) => PlacementCheck.Run(policy, over ?? stores, _ => true);
}

internal static class PolicyActions
{
    public static PlacementPolicy With(this PlacementPolicy policy, DomainKind kind, int cap) => policy with { Caps = policy.Caps.SetItem(kind, cap) };
}
