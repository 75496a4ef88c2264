using Oort.Metadata;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed class LifecycleJudgeTests
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
    public void Judge_SeveralDue_IsTheLowestAndNeverUp(int days, string from, string expected)
    {
        var rules = Rules(Rule(anySize, [new("STANDARD_IA", 30), new("GLACIER", 90)]), Rule(anySize, [new("GLACIER_IR", 60)]));
        Judge(rules, Version("a", 0) with { StorageClass = from }, days).Target.ShouldBe(expected);
    }

    [Fact]
    public void Judge_ARuleThatIsOffOrForOthers_ChangesNothing()
    {
        Judge(Rules(Rule(anySize, [new("GLACIER", 0)]) with { IsEnabled = false }), Version("a", 0), 9).Target.ShouldBe("STANDARD");
        Judge(Rules(Rule(new(FilterForm.And, "b", SizeAbove: 0), [new("GLACIER", 0)])), Version("a", 0), 9).Target.ShouldBe("STANDARD");
        Judge(Rules(Rule(anySize, [new("GLACIER", 0)])), Version("a", 0) with { IsDeleteMarker = true }, 9).Target.ShouldBe("STANDARD");
    }

    [Theory]
    [InlineData(128 * 1024 - 1, "STANDARD")]
    [InlineData(128 * 1024, "GLACIER")]
    public void Judge_WithoutASizeInTheRule_LeavesSmallOnes(long size, string expected) =>
        Judge(Rules(Rule(new(FilterForm.Single), [new("GLACIER", 0)])), Version("a", 0) with { Size = size }, 1).Target.ShouldBe(expected);

    [Fact]
    public void Judge_NoncurrentVersions_CountFromWhenTheNewerWasWritten()
    {
        var rules = Rules(new LifecycleRule("a", true, anySize, [], [new("GLACIER", 10)]));
        // Written on day 0, replaced on day 20: due on day 30, and not on day 10.
        foreach (var (day, expected) in new[] { (29, "STANDARD"), (30, "GLACIER") })
            rules.Judge(Version("a", 0) with { IsLatest = false }, start.AddDays(20), 0, false, start.AddDays(day)).Target.ShouldBe(expected);
        Judge(rules, Version("a", 0), 50).Target.ShouldBe("STANDARD", "It is current.");
    }

    [Theory]
    [InlineData(1, "STANDARD", false)]
    [InlineData(2, "GLACIER", true)]
    public void Judge_NewerVersions_StayAsManyAsTheRuleSays(int newer, string target, bool ends)
    {
        var rules = Rules(new LifecycleRule("a", true, anySize, [], [new("GLACIER", 0, NewerVersions: 2)], NoncurrentExpiration: new(3, NewerVersions: 2)));
        rules.NewerVersionsMax.ShouldBe(2);
        var verdict = rules.Judge(Version("a", 0) with { IsLatest = false }, start.AddDays(1), newer, false, start.AddDays(50));
        (verdict.Target, verdict.Ends).ShouldBe((target, ends));
    }

    [Theory]
    [InlineData(29, false)]
    [InlineData(30, true)]
    public void Judge_Expiration_EndsCurrentVersionsOfItsAge(int day, bool expected)
    {
        var rules = Rules(new LifecycleRule("a", true, anySize, [], [], Expiration: new(30)));
        Judge(rules, Version("a", 0), day).Ends.ShouldBe(expected);
        rules.Judge(Version("a", 0) with { IsLatest = false }, start.AddDays(1), 0, false, start.AddDays(99)).Ends.ShouldBeFalse("It is not current.");
    }

    [Theory]
    [InlineData("2026-02-01", 30, false)]
    [InlineData("2026-02-01", 31, true)]
    [InlineData("2026-02-01", 99, true)]
    public void Judge_ExpirationByDate_EndsAllFromThen(string date, int day, bool expected) =>
        Judge(Rules(new LifecycleRule("a", true, anySize, [], [], Expiration: new(Date: DateOnly.Parse(date, System.Globalization.CultureInfo.InvariantCulture)))), Version("a", 0), day).Ends.ShouldBe(expected);

    [Theory]
    [InlineData(null, true, true, true)]
    [InlineData(null, true, false, false)]
    [InlineData(null, false, true, false)]
    [InlineData(30, null, true, true)]
    [InlineData(31, null, true, false)]
    [InlineData(30, null, false, false)]
    public void Judge_DeleteMarker_EndsWhenItIsAllThatIsLeft(int? days, bool? markers, bool isAlone, bool expected)
    {
        var rules = Rules(new LifecycleRule("a", true, new(FilterForm.Single), [], [], Expiration: new(days, ExpiredMarkers: markers)));
        rules.Judge(Version("a", 0) with { IsDeleteMarker = true, Size = 0 }, null, 0, isAlone, start.AddDays(30)).Ends.ShouldBe(expected);
    }

    [Fact]
    public void Judge_DeleteMarker_IsNotTakenBySizeOrTag()
    {
        var marker = Version("a", 0) with { IsDeleteMarker = true, Size = 0 };
        Rules(new LifecycleRule("a", true, new(FilterForm.Single, SizeBelow: 5), [], [], Expiration: new(1))).Judge(marker, null, 0, true, start.AddDays(9)).Ends.ShouldBeFalse();
        Rules(new LifecycleRule("a", true, new(FilterForm.Single, "a"), [], [], NoncurrentExpiration: new(1))).Judge(marker, start.AddDays(1), 0, false, start.AddDays(9)).Ends.ShouldBeTrue("A noncurrent marker goes as other versions do.");
    }

    [Theory]
    [InlineData("a", 6, false)]
    [InlineData("a", 7, true)]
    [InlineData("b", 7, false)]
    public void Judge_Upload_EndsSomeDaysAfterItWasBegun(string key, int day, bool expected)
    {
        var upload = new UploadRow { Bucket = new(1), Key = key, Id = UploadId.Create(start), Initiated = start, OwnerId = "o" };
        Rules(new LifecycleRule("a", true, new(FilterForm.Single, "a"), [], [], AbortUploadsAfterDays: 7)).Ends(upload, start.AddDays(day)).ShouldBe(expected);
    }

    [Fact]
    public void Judge_ClassesThatAreGivenUp_TakeNothing()
    {
        var tiers = new TierDocument([new("GLACIER", "STANDARD_IA", TierRole.Draining, start), new("GLACIER_IR", "STANDARD", TierRole.Drained, start)]).Checked();
        var rules = new LifecycleJudge(new(SmallObjects.Stay, [Rule(anySize, [new("GLACIER", 0)])]), tiers, TimeSpan.FromDays(1));
        Judge(rules, Version("a", 0), 1).Target.ShouldBe("STANDARD", "And not by way of GLACIER to STANDARD_IA.");
        Judge(rules, Version("b", 0) with { StorageClass = "GLACIER" }, 1).Target.ShouldBe("GLACIER", "That is for the pass over all that it has.");
    }

    private static LifecycleVerdict Judge(LifecycleJudge rules, VersionRow version, int day) => rules.Judge(version, null, 0, false, start.AddDays(day));

    private static LifecycleJudge Rules(params LifecycleRule[] rules) => new(new(SmallObjects.Stay, [.. rules]), TierDocument.Empty, TimeSpan.FromDays(1));

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
