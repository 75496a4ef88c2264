using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Networks;

public sealed class ItemStatesTests
{
    private static readonly DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Where a step may lead from each state (docs/networks.md); from what is not here, nowhere.</summary>
    private static readonly Dictionary<ItemState, ItemState[]> next = new()
    {
        [ItemState.Planned] = [ItemState.Planned, ItemState.Uploading, ItemState.Accepted],
        [ItemState.Uploading] = [ItemState.Planned, ItemState.Uploading, ItemState.Accepted],
        [ItemState.Accepted] = [ItemState.Planned, ItemState.Accepted, ItemState.Pending, ItemState.Confirmed],
        [ItemState.Pending] = [ItemState.Planned, ItemState.Pending, ItemState.Confirmed],
        [ItemState.Confirmed] = [ItemState.Pending, ItemState.Confirmed, ItemState.Sealed],
        [ItemState.Sealed] = [ItemState.Sealed, ItemState.Expiring],
        [ItemState.Expiring] = [ItemState.Sealed, ItemState.Expiring, ItemState.Expired],
        [ItemState.DeleteRequested] = [ItemState.DeleteRequested, ItemState.Deleted, ItemState.Undeletable],
    };

    [Fact]
    public void CanBecome_EveryPair_IsAsThePageSays()
    {
        foreach (var from in Enum.GetValues<ItemState>())
            foreach (var to in Enum.GetValues<ItemState>())
                ItemStates.CanBecome(from, to).ShouldBe(next.GetValueOrDefault(from, []).Contains(to), $"{from} → {to}");
    }

    [Theory]
    [InlineData(BackendErrorKind.Transient, ItemState.Retrying)]
    [InlineData(BackendErrorKind.Throttled, ItemState.Retrying)]
    [InlineData(BackendErrorKind.Archived, ItemState.Retrying)]
    [InlineData(BackendErrorKind.Funds, ItemState.InsufficientFunds)]
    [InlineData(BackendErrorKind.Full, ItemState.InsufficientFunds)]
    [InlineData(BackendErrorKind.Unauthorized, ItemState.FailedTemporary)]
    [InlineData(BackendErrorKind.ReadOnly, ItemState.FailedTemporary)]
    [InlineData(BackendErrorKind.NotFound, ItemState.FailedFinal)]
    [InlineData(BackendErrorKind.Corrupt, ItemState.FailedFinal)]
    [InlineData(BackendErrorKind.Permanent, ItemState.FailedFinal)]
    public void Failed_FromEveryStateOnTheWay_IsWhatTheKindSays(BackendErrorKind kind, ItemState expected)
    {
        foreach (var from in next.Keys)
        {
            var failed = ItemStates.Failed(Item(from), new(kind, "why"), now);
            var state = expected == ItemState.FailedFinal && from == ItemState.DeleteRequested ? ItemState.FailedTemporary : expected;
            failed.State.ShouldBe(state, $"{kind} in {from}");
            failed.ResumeState.ShouldBe(state == ItemState.FailedFinal ? state : from);
            (failed.FailureCount, failed.Reason).ShouldBe((1, "why"));
            failed.IsCopy.ShouldBe(state != ItemState.FailedFinal && from is ItemState.Sealed or ItemState.Expiring && state != ItemState.FailedFinal);
            if (state == ItemState.FailedFinal) failed.IsBesideTheWay.ShouldBeFalse();
            else failed.NextStep.ShouldBeGreaterThan(now);
            if (state != ItemState.FailedFinal) ItemStates.Resumed(failed).State.ShouldBe(from);
        }
    }

    [Fact]
    public void Kinds_OfFailures_AreAllInTheTable()
    {
        var rows = typeof(ItemStatesTests).GetMethod(nameof(Failed_FromEveryStateOnTheWay_IsWhatTheKindSays))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Length;
        rows.ShouldBe(Enum.GetValues<BackendErrorKind>().Length);
    }

    [Fact]
    public void Failed_AgainAndAgain_WaitsTwiceAsLongUpToHalfAnHour()
    {
        var item = Item(ItemState.Pending);
        double[] expected = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800];
        foreach (var seconds in expected)
        {
            item = ItemStates.Failed(item, new(BackendErrorKind.Transient, "why"), now);
            (item.NextStep - now).TotalSeconds.ShouldBe(seconds);
            item.ResumeState.ShouldBe(ItemState.Pending);
        }

        for (var i = 0; i < 2_000; i++) item = ItemStates.Failed(item, new(BackendErrorKind.Transient, "why"), now);
        (item.NextStep - now).TotalSeconds.ShouldBe(1800);
    }

    [Fact]
    public void Worked_AfterFailures_ForgetsThem()
    {
        var failed = ItemStates.Failed(Item(ItemState.Pending), new(BackendErrorKind.Transient, "why"), now);
        var before = ItemStates.Resumed(failed);
        var after = ItemStates.Worked(before, before with { State = ItemState.Confirmed });
        (after.State, after.ResumeState, after.FailureCount, after.Reason).ShouldBe((ItemState.Confirmed, ItemState.Confirmed, 0, ""));
    }

    [Fact]
    public void Worked_WhatNoStepMayGive_IsRefused()
    {
        var before = Item(ItemState.Uploading) with { NextStep = now, Progress = new byte[] { 1 } };
        ItemStates.Worked(before, before with { NextStep = now.AddTicks(1) }).State.ShouldBe(ItemState.Uploading);
        ItemStates.Worked(before, before with { Progress = new byte[] { 2 } }).State.ShouldBe(ItemState.Uploading);
        ItemStates.Worked(before, before with { State = ItemState.Accepted, Progress = new byte[NetworkItem.ProgressSizeMax] }).State.ShouldBe(ItemState.Accepted);
        foreach (var wrong in (NetworkItem[])[
            before,
            before with { State = ItemState.Sealed },
            before with { State = ItemState.Retrying },
            before with { State = ItemState.Accepted, Id = new(8) },
            before with { State = ItemState.Accepted, Length = 2 },
            before with { State = ItemState.Accepted, Sha256 = new byte[32] },
            before with { State = ItemState.Accepted, Receipt = null },
            before with { State = ItemState.Accepted, Progress = new byte[NetworkItem.ProgressSizeMax + 1] }])
            Should.Throw<ArgumentException>(() => ItemStates.Worked(before, wrong)).Message.ShouldContain(before.Id.ToString());
    }

    private static NetworkItem Item(ItemState state) =>
        new() { Id = new(7), Length = 1, Sha256 = TestBytes.Make(32, 1), State = state, ResumeState = state, Receipt = new() { Locator = new byte[] { 1 }, Address = "address" } };
}
