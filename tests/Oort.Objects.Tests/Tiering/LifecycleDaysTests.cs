using System.Globalization;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed class LifecycleDaysTests
{
    private static readonly TimeSpan day = TimeSpan.FromDays(1);

    [Theory]
    [InlineData("2026-11-23T12:00:00Z", 0, "2026-11-24T00:00:00Z")]
    [InlineData("2026-11-23T12:00:00Z", 3, "2026-11-27T00:00:00Z")]
    [InlineData("2026-11-23T00:00:00Z", 0, "2026-11-23T00:00:00Z")]
    [InlineData("2026-11-23T00:00:00Z", 1, "2026-11-24T00:00:00Z")]
    [InlineData("2026-11-23T00:00:00.0000001Z", 1, "2026-11-25T00:00:00Z")]
    [InlineData("2026-11-23T23:59:59.9999999Z", 1, "2026-11-25T00:00:00Z")]
    [InlineData("2026-11-23T23:30:00-01:00", 1, "2026-11-26T00:00:00Z")]
    [InlineData("1969-12-31T12:00:00Z", 0, "1970-01-01T00:00:00Z")]
    [InlineData("1969-12-30T12:00:00Z", 0, "1969-12-31T00:00:00Z")]
    [InlineData("2024-02-28T01:00:00Z", 1, "2024-03-01T00:00:00Z")]
    public void After_WholeDays_EndsAtTheNextMidnight(string from, int days, string expected) => LifecycleDays.After(Time(from), days, day).ShouldBe(Time(expected));

    [Theory]
    [InlineData("1970-01-01T00:00:01Z", 0, 10, "1970-01-01T00:00:10Z")]
    [InlineData("1970-01-01T00:00:01Z", 2, 10, "1970-01-01T00:00:30Z")]
    [InlineData("1970-01-01T00:00:10Z", 2, 10, "1970-01-01T00:00:30Z")]
    public void After_ShortDays_EndsAtTheirMultiple(string from, int days, int seconds, string expected) =>
        LifecycleDays.After(Time(from), days, TimeSpan.FromSeconds(seconds)).ShouldBe(Time(expected));

    [Fact]
    public void After_BeyondAllTime_IsTheEndOfTime()
    {
        LifecycleDays.After(Time("2026-11-23T12:00:00Z"), int.MaxValue, day).ShouldBe(DateTimeOffset.MaxValue);
        LifecycleDays.After(DateTimeOffset.MaxValue, 0, day).ShouldBe(DateTimeOffset.MaxValue);
    }

    [Fact]
    public void After_NoDays_IsABug()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => LifecycleDays.After(DateTimeOffset.UnixEpoch, -1, day));
        Should.Throw<ArgumentOutOfRangeException>(() => LifecycleDays.After(DateTimeOffset.UnixEpoch, 1, TimeSpan.Zero));
    }

    [Fact]
    public void DueAt_DateOrDays_IsTheMidnightOrTheAge()
    {
        var written = Time("2026-11-23T12:00:00Z");
        new LifecycleTransition("GLACIER", Date: new(2027, 1, 31)).DueAt(written, TimeSpan.FromSeconds(5)).ShouldBe(Time("2027-01-31T00:00:00Z"));
        new LifecycleTransition("GLACIER", Days: 3).DueAt(written, day).ShouldBe(Time("2026-11-27T00:00:00Z"));
        new NoncurrentTransition("GLACIER", 1).DueAt(written, day).ShouldBe(Time("2026-11-25T00:00:00Z"));
    }

    [Theory]
    [InlineData("STANDARD", "STANDARD_IA", true)]
    [InlineData("REDUCED_REDUNDANCY", "INTELLIGENT_TIERING", true)]
    [InlineData("STANDARD_IA", "INTELLIGENT_TIERING", true)]
    [InlineData("INTELLIGENT_TIERING", "ONEZONE_IA", true)]
    [InlineData("ONEZONE_IA", "GLACIER", true)]
    [InlineData("ONEZONE_IA", "GLACIER_IR", false)]
    [InlineData("GLACIER_IR", "ONEZONE_IA", false)]
    [InlineData("INTELLIGENT_TIERING", "GLACIER_IR", true)]
    [InlineData("GLACIER_IR", "GLACIER", true)]
    [InlineData("GLACIER", "DEEP_ARCHIVE", true)]
    [InlineData("STANDARD", "DEEP_ARCHIVE", true)]
    [InlineData("GLACIER", "GLACIER", false)]
    [InlineData("DEEP_ARCHIVE", "GLACIER", false)]
    [InlineData("STANDARD_IA", "STANDARD", false)]
    [InlineData("STANDARD", "REDUCED_REDUNDANCY", false)]
    [InlineData("UNKNOWN", "GLACIER", false)]
    [InlineData("STANDARD", "UNKNOWN", false)]
    public void IsDown_TwoClasses_OnlyFurtherDown(string from, string to, bool expected) => StorageClassOrder.IsDown(from, to).ShouldBe(expected);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
