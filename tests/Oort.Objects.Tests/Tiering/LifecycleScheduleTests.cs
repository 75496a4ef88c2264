using FsCheck;
using FsCheck.Fluent;
using Oort.Metadata;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed class LifecycleScheduleTests
{
    private static readonly DateTimeOffset epoch = DateTimeOffset.UnixEpoch;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public void OfVersions_TheFirstTime_IsAllUpToTheShortestAge() =>
        LifecycleSchedule.OfVersions(Rules(30, 90), null, epoch.AddDays(1_000), Day).ShouldBe([new(null, epoch.AddDays(970))]);

    [Fact]
    public void OfVersions_TheNextDay_IsADayOfEachAge() =>
        LifecycleSchedule.OfVersions(Rules(30, 90), epoch.AddDays(1_000), epoch.AddDays(1_001), Day).ShouldBe(
        [
            new(epoch.AddDays(910) - LifecycleSchedule.Overlap, epoch.AddDays(911)),
            new(epoch.AddDays(970) - LifecycleSchedule.Overlap, epoch.AddDays(971)),
        ]);

    [Fact]
    public void OfVersions_ADate_IsAllOnThatDayAndThenWhatComes()
    {
        var lifecycle = Document(new LifecycleRule("a", true, new(FilterForm.Single), [], [], Expiration: new(Date: new(1972, 9, 27))));
        var date = epoch.AddDays(1_000);
        LifecycleSchedule.OfVersions(lifecycle, null, date.AddDays(-1), Day).ShouldBeEmpty();
        LifecycleSchedule.OfVersions(lifecycle, date.AddDays(-1), date, Day).ShouldBe([new(null, date)]);
        LifecycleSchedule.OfVersions(lifecycle, date, date.AddDays(1), Day).ShouldBe([new(date - LifecycleSchedule.Overlap, date.AddDays(1))]);
    }

    [Fact]
    public void OfVersions_NewerVersionsAndMarkers_LookAtWhatIsNew()
    {
        var today = new AgeRange(epoch.AddDays(9) - LifecycleSchedule.Overlap, epoch.AddDays(10));
        LifecycleSchedule.OfVersions(Document(new LifecycleRule("a", true, new(FilterForm.Single), [], [], NoncurrentExpiration: new(20, 3))), epoch.AddDays(9), epoch.AddDays(10), Day).ShouldBe([today]);
        LifecycleSchedule.OfVersions(Document(new LifecycleRule("a", true, new(FilterForm.Single), [], [], Expiration: new(ExpiredMarkers: true))), epoch.AddDays(9), epoch.AddDays(10), Day).ShouldBe([today]);
    }

    [Fact]
    public void OfVersions_RulesThatAreOffOrDoNothingToVersions_LookAtNothing()
    {
        LifecycleSchedule.OfVersions(Document(Rules(1).Rules[0] with { IsEnabled = false }), null, epoch.AddDays(10), Day).ShouldBeEmpty();
        var uploads = Document(new LifecycleRule("a", true, new(FilterForm.Single), [], [], AbortUploadsAfterDays: 7));
        LifecycleSchedule.OfVersions(uploads, null, epoch.AddDays(10), Day).ShouldBeEmpty();
        LifecycleSchedule.OfUploads(uploads, null, epoch.AddDays(10), Day).ShouldBe([new(null, epoch.AddDays(3))]);
        LifecycleSchedule.OfVersions(Rules(int.MaxValue), null, epoch.AddDays(10), Day).ShouldBeEmpty("Nothing is as old as that.");
    }

    [Fact]
    public void OfVersions_AnyDaysAndPauses_LooksAtEveryVersionOnTheDayWhenItIsDue() => Prop.ForAll(
        (from days in Gen.Choose(0, 40).ListOf(3) from pauses in Gen.Choose(1, 9).ListOf(12) from written in Gen.Choose(0, 60 * 24) select (Days: days, Pauses: pauses, Written: written)).ToArbitrary(),
        one =>
        {
            var (lifecycle, written) = (Rules([.. one.Days]), epoch.AddDays(100).AddHours(one.Written));
            var (looked, seen) = ((DateTimeOffset?)null, new HashSet<int>());
            var today = epoch.AddDays(100);
            foreach (var pause in one.Pauses)
            {
                today = today.AddDays(pause);
                foreach (var range in LifecycleSchedule.OfVersions(lifecycle, looked, today, Day))
                    if ((range.After is null || written > range.After) && written <= range.Until) seen.UnionWith(one.Days.Where(days => LifecycleDays.After(written, days, Day) <= today));
                one.Days.Where(days => LifecycleDays.After(written, days, Day) <= today).ShouldAllBe(days => seen.Contains(days));
                looked = today;
            }
        }).QuickCheckThrowOnFailure();

    private static LifecycleDocument Rules(params int[] days) =>
        Document([.. days.Select((count, index) => new LifecycleRule($"{index}", true, new(FilterForm.Single), [new("GLACIER", count)], []))]);

    private static LifecycleDocument Document(params LifecycleRule[] rules) => new(SmallObjects.Stay, [.. rules]);
}
