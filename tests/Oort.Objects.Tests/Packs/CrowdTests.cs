using Oort.Objects.Packs;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Packs;

public sealed class CrowdTests
{
    [Fact]
    public void MayGrow_LoneClient_BeginsAtOnce()
    {
        var crowd = new Crowd(expectedCount: 2, seenCount: 1);

        crowd.MayGrow(1, TimeSpan.Zero).ShouldBeFalse();
        crowd.Yields(TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_FewAndAnotherCame_WaitsUntilNobodyComes()
    {
        var crowd = new Crowd(expectedCount: Crowd.CountMin - 1, seenCount: 1);

        crowd.MayGrow(2, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(2, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_FewWhoKeepComing_BeginsAfterThePasses()
    {
        var crowd = new Crowd(expectedCount: 0, seenCount: 1);

        for (var pass = 1; pass <= Crowd.FewPassesMax; pass++) crowd.MayGrow(1 + pass, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(2 + Crowd.FewPassesMax, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_CrowdIsThere_BeginsAtOnce() => new Crowd(expectedCount: 64, seenCount: 10).MayGrow(64, TimeSpan.Zero).ShouldBeFalse();

    [Fact]
    public void MayGrow_CrowdOfWhichNobodyComes_BeginsAfterQuietPasses()
    {
        var crowd = new Crowd(expectedCount: Crowd.CountMin, seenCount: 1);

        for (var pass = 1; pass < Crowd.QuietPassesMax; pass++) crowd.MayGrow(1, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(1, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_CrowdInWhichSomebodyCame_CountsQuietPassesAnew()
    {
        var crowd = new Crowd(expectedCount: 64, seenCount: 1);

        for (var pass = 1; pass < Crowd.QuietPassesMax; pass++) crowd.MayGrow(1, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(2, TimeSpan.Zero).ShouldBeTrue();
        for (var pass = 1; pass < Crowd.QuietPassesMax; pass++) crowd.MayGrow(2, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(2, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_CrowdThatComesOneByOne_BeginsAfterThePasses()
    {
        var crowd = new Crowd(expectedCount: 1_000, seenCount: 1);

        for (var pass = 1; pass <= Crowd.PassesMax; pass++) crowd.MayGrow(1 + pass, TimeSpan.Zero).ShouldBeTrue();
        crowd.MayGrow(2 + Crowd.PassesMax, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void MayGrow_CrowdBehindALongQueue_BeginsWhenItsTimeIsOver()
    {
        var crowd = new Crowd(expectedCount: 64, seenCount: 1);

        crowd.MayGrow(2, Crowd.TimeMax - TimeSpan.FromTicks(1)).ShouldBeTrue();
        crowd.MayGrow(3, Crowd.TimeMax).ShouldBeFalse();
    }

    [Fact]
    public void Yields_Crowd_OnlyForAShortTime()
    {
        var crowd = new Crowd(expectedCount: Crowd.CountMin, seenCount: 1);

        crowd.Yields(Crowd.YieldTimeMax - TimeSpan.FromTicks(1)).ShouldBeTrue();
        crowd.Yields(Crowd.YieldTimeMax).ShouldBeFalse();
    }
}
