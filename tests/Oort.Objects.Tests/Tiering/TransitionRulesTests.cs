using Oort.Metadata;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed class TransitionRulesTests
{
    private static readonly DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly LifecycleFilter anySize = new(FilterForm.Single, SizeAbove: 0);

    [Theory]
    [InlineData(0, "STANDARD", "STANDARD")]
    [InlineData(30, "STANDARD", "STANDARD_IA")]
    [InlineData(90, "STANDARD", "GLACIER")]
    [InlineData(90, "DEEP_ARCHIVE", "DEEP_ARCHIVE")]
    [InlineData(90, "GLACIER_IR", "GLACIER")]
    [InlineData(30, "GLACIER", "GLACIER")]
    public void Next_SeveralDue_IsTheLowestAndNeverUp(int days, string from, string expected)
    {
        var rules = Rules(Rule(anySize, [new("STANDARD_IA", 30), new("GLACIER", 90)]), Rule(anySize, [new("GLACIER_IR", 60)]));
        rules.Next(Version("a", 0) with { StorageClass = from }, start.AddDays(days)).ShouldBe(expected);
    }

    [Fact]
    public void Next_ARuleThatIsOffOrForOthers_ChangesNothing()
    {
        Rules(Rule(anySize, [new("GLACIER", 0)]) with { IsEnabled = false }).Next(Version("a", 0), start.AddDays(9)).ShouldBe("STANDARD");
        Rules(Rule(new(FilterForm.And, "b", SizeAbove: 0), [new("GLACIER", 0)])).Next(Version("a", 0), start.AddDays(9)).ShouldBe("STANDARD");
        Rules(Rule(anySize, [new("GLACIER", 0)])).Next(Version("a", 0) with { IsDeleteMarker = true }, start.AddDays(9)).ShouldBe("STANDARD");
        new TransitionRules(null, TierDocument.Empty, TimeSpan.FromDays(1)).Next(Version("a", 0), start).ShouldBe("STANDARD");
    }

    [Theory]
    [InlineData(128 * 1024 - 1, "STANDARD")]
    [InlineData(128 * 1024, "GLACIER")]
    public void Next_WithoutASizeInTheRule_LeavesSmallOnes(long size, string expected) =>
        Rules(Rule(new(FilterForm.Single), [new("GLACIER", 0)])).Next(Version("a", 0) with { Size = size }, start.AddDays(1)).ShouldBe(expected);

    [Fact]
    public void Next_NoncurrentVersions_CountFromWhenTheNewerWasWritten()
    {
        var rules = Rules(new LifecycleRule("a", true, anySize, [], [new("GLACIER", 10)]));
        // Written on day 0, replaced on day 20: due on day 30, and not on day 10.
        foreach (var (day, expected) in new[] { (29, "STANDARD"), (30, "GLACIER") })
        {
            rules.Next(Version("a", 20), start.AddDays(day)).ShouldBe("STANDARD");
            rules.Next(Version("a", 0) with { IsLatest = false }, start.AddDays(day)).ShouldBe(expected);
            // The next key begins anew.
            rules.Next(Version("b", 0), start.AddDays(day)).ShouldBe("STANDARD");
        }
    }

    [Fact]
    public void Next_NewerVersions_StayAsManyAsTheRuleSays()
    {
        var rules = Rules(new LifecycleRule("a", true, anySize, [], [new("GLACIER", 0, NewerVersions: 2)]));
        var classes = Enumerable.Range(0, 6).Select(number => rules.Next(Version("a", 10 - number) with { IsLatest = number == 0, IsDeleteMarker = number == 2 }, start.AddDays(50))).ToList();
        // Current, noncurrent 1, a marker (which does not count), noncurrent 2, 3, 4.
        classes.ShouldBe(["STANDARD", "STANDARD", "STANDARD", "STANDARD", "GLACIER", "GLACIER"]);
    }

    [Fact]
    public void Next_ClassesThatAreGivenUp_TakeNothingAndLoseWhatTheyHave()
    {
        var tiers = new TierDocument([new("GLACIER", "STANDARD_IA", TierRole.Draining, start), new("GLACIER_IR", "STANDARD", TierRole.Drained, start)]).Checked();
        var rules = new TransitionRules(new(SmallObjects.Stay, [Rule(anySize, [new("GLACIER", 0)])]), tiers, TimeSpan.FromDays(1));
        rules.Next(Version("a", 0), start.AddDays(1)).ShouldBe("STANDARD", "And not by way of GLACIER to STANDARD_IA.");
        rules.Next(Version("b", 0) with { StorageClass = "GLACIER" }, start.AddDays(1)).ShouldBe("STANDARD_IA");
        rules.Next(Version("c", 0) with { StorageClass = "GLACIER_IR" }, start.AddDays(1)).ShouldBe("STANDARD");
    }

    [Fact]
    public void Prefixes_OfRules_HaveNoneWithinAnother()
    {
        LifecycleRule[] rules = [Rule(new(FilterForm.Single, "logs/old/"), [new("GLACIER", 1)]), Rule(new(FilterForm.Single, "logs/"), [new("GLACIER", 1)]), Rule(new(FilterForm.Single, "a"), [new("GLACIER", 1)]), Rule(new(FilterForm.Single, "off/"), [new("GLACIER", 1)]) with { IsEnabled = false }];
        TransitionRules.Prefixes(new(SmallObjects.Stay, [.. rules])).ShouldBe(["a", "logs/"]);
        TransitionRules.Prefixes(new(SmallObjects.Stay, [.. rules, Rule(anySize, [new("GLACIER", 1)])])).ShouldBe([""]);
        TransitionRules.Prefixes(new(SmallObjects.Stay, [rules[3]])).ShouldBeEmpty();
    }

    private static TransitionRules Rules(params LifecycleRule[] rules) => new(new(SmallObjects.Stay, [.. rules]), TierDocument.Empty, TimeSpan.FromDays(1));

    private static LifecycleRule Rule(LifecycleFilter filter, LifecycleTransition[] transitions) => new("rule", true, filter, [.. transitions], []);

    private static VersionRow Version(string key, int day) => new()
    {
        Bucket = new(1),
        Key = key,
        Id = new((ulong)day + 1, 7),
        IsLatest = true,
        LastModified = start.AddDays(day),
        OwnerId = "o",
        Size = 10,
    };
}
