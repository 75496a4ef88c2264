using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Locks;
using Oort.Gateway.Tests.Operations;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Locks;

/// <summary>The mark follows the clock as long as that is believed, and an operator's word beyond.</summary>
public sealed class LockClockTests
{
    private static readonly DateTimeOffset start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Follow_AClockThatGoesOnJumpsAndGoesBack_MovesTheMarkForwardOnly()
    {
        await using var storage = await TestStorage.OpenAsync();
        var metadata = storage.Layer.Metadata;
        var time = new SetTime(start);
        await using var keeper = new LockClockKeeper(metadata, time, NullLogger<LockClockKeeper>.Instance);
        await metadata.PutSettingAsync(LockClock.SettingName, LockClock.Encode(start), CancellationToken.None);

        async Task<DateTimeOffset?> FollowAsync(DateTimeOffset now)
        {
            time.Now = now;
            await keeper.FollowAsync(CancellationToken.None);
            return (await keeper.ReadAsync(CancellationToken.None)).Mark;
        }

        (await FollowAsync(start.AddMinutes(9))).ShouldBe(start);
        (await FollowAsync(start.AddMinutes(10))).ShouldBe(start.AddMinutes(10));
        (await FollowAsync(start.AddHours(24))).ShouldBe(start.AddHours(24));
        (await FollowAsync(start.AddHours(1))).ShouldBe(start.AddHours(24));
        (await FollowAsync(start.AddHours(49))).ShouldBe(start.AddHours(24));
        (await keeper.ReadAsync(CancellationToken.None)).IsPaused.ShouldBeTrue();
        await keeper.ConfirmAsync(CancellationToken.None);
        (await keeper.ReadAsync(CancellationToken.None)).ShouldBe(new(start.AddHours(49), false, start.AddHours(49)));

        await using var late = new LockClockKeeper(metadata, new SetTime(start), NullLogger<LockClockKeeper>.Instance);
        await late.FollowAsync(CancellationToken.None);
        await late.ConfirmAsync(CancellationToken.None);
        (await late.ReadAsync(CancellationToken.None)).ShouldBe(new(start.AddHours(49), false, start.AddHours(49)));
    }

    [Fact]
    public async Task Confirm_AnotherTimeThanTheClocks_IsRefused()
    {
        await using var storage = await TestStorage.OpenAsync();
        var metadata = storage.Layer.Metadata;
        var time = new SetTime(start);
        await using var keeper = new LockClockKeeper(metadata, time, NullLogger<LockClockKeeper>.Instance);
        var admin = new ClockAdmin(keeper, metadata, time);
        (await admin.ShowAsync(CancellationToken.None)).State.ShouldBe("unused");
        await metadata.PutSettingAsync(LockClock.SettingName, LockClock.Encode(start.AddDays(-9)), CancellationToken.None);
        (await admin.ShowAsync(CancellationToken.None)).State.ShouldBe("paused");
        await Should.ThrowAsync<AdminRequestException>(async () => await admin.ConfirmAsync(new(null), CancellationToken.None));
        await Should.ThrowAsync<AdminRequestException>(async () => await admin.ConfirmAsync(new(start.AddMinutes(6)), CancellationToken.None));
        (await admin.ConfirmAsync(new(start.AddMinutes(-5)), CancellationToken.None)).ShouldBe(new(start, start, start, "running"));
        await metadata.PutSettingAsync(LockClock.SettingName, LockClock.Encode(start.AddDays(9)), CancellationToken.None);
        (await admin.ShowAsync(CancellationToken.None)).ShouldBe(new(start, start.AddDays(9), start.AddDays(9), "behind"));
    }

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
