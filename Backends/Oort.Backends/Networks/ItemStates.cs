namespace Oort.Backends;

/// <summary>Which state an item may go to from which, and what a failure makes of it (docs/networks.md).</summary>
public static class ItemStates
{
    /// <summary>Pause after the first failure; doubled with each up to <see cref="RetryDelayMax"/>.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(30);

    /// <summary>Pause where somebody must act first: paying, or mending the configuration.</summary>
    private static readonly TimeSpan SomebodyDelay = TimeSpan.FromMinutes(30);

    /// <summary>Whether a step, or in DeleteRequested a delete, may take an item from one state to another. Into a state beside the way only a failure leads, and out of it a step that works.</summary>
    public static bool CanBecome(ItemState from, ItemState to) => (from, to) switch
    {
        (ItemState.Planned or ItemState.Uploading or ItemState.Accepted or ItemState.Pending or ItemState.Confirmed or ItemState.Sealed, _) when from == to => true,
        // What was dropped by the network (a transaction that was never mined, a pin that was lost) is made anew.
        (ItemState.Uploading or ItemState.Accepted or ItemState.Pending, ItemState.Planned) => true,
        (ItemState.Planned, ItemState.Uploading or ItemState.Accepted) => true,
        (ItemState.Uploading, ItemState.Accepted) => true,
        (ItemState.Accepted, ItemState.Pending or ItemState.Confirmed) => true,
        (ItemState.Pending, ItemState.Confirmed) => true,
        (ItemState.Confirmed, ItemState.Sealed or ItemState.Pending) => true,
        (ItemState.Sealed, ItemState.Expiring) => true,
        (ItemState.Expiring, ItemState.Sealed or ItemState.Expiring or ItemState.Expired) => true,
        (ItemState.DeleteRequested, ItemState.DeleteRequested or ItemState.Deleted or ItemState.Undeletable) => true,
        _ => false,
    };

    /// <summary>The item after a step that worked, as it is to be stored.</summary>
    /// <param name="before">As the step saw it.</param>
    /// <param name="after">As the step gave it.</param>
    /// <exception cref="ArgumentException">The step gave what none may: another item, a state that cannot follow, the same state without having got further or waiting for anything.</exception>
    public static NetworkItem Worked(NetworkItem before, NetworkItem after)
    {
        if (!CanBecome(before.State, after.State)) throw Wrong($"it went from {before.State} to {after.State}");
        if (after.Id != before.Id || after.Length != before.Length || !after.Sha256.Span.SequenceEqual(before.Sha256.Span)) throw Wrong("it became another");
        if (after.Progress.Length > NetworkItem.ProgressSizeMax) throw Wrong($"it has {after.Progress.Length} bytes of progress");
        if (after.State is ItemState.Accepted or ItemState.Pending or ItemState.Confirmed or ItemState.Sealed && after.Receipt is null) throw Wrong($"it is {after.State} without a receipt");
        var standsStill = after.State == before.State && after.NextStep <= before.NextStep && after.Progress.Span.SequenceEqual(before.Progress.Span);
        if (standsStill) throw Wrong($"it stays {after.State} and would be asked again at once");
        return after with { ResumeState = after.State, FailureCount = 0, Reason = "" };

        ArgumentException Wrong(string what) => new($"Item {before.Id} took a step that no item can: {what}.", nameof(after));
    }

    /// <summary>The item after a step that failed.</summary>
    /// <param name="item">As it was before the step.</param>
    public static NetworkItem Failed(NetworkItem item, BackendException failure, DateTimeOffset now)
    {
        var from = item.IsBesideTheWay ? item.ResumeState : item.State;
        var count = Math.Min(item.FailureCount + 1, 1_000);
        var (state, delay) = failure.Kind switch
        {
            BackendErrorKind.Transient or BackendErrorKind.Throttled or BackendErrorKind.Archived => (ItemState.Retrying, Delay(count)),
            BackendErrorKind.Funds or BackendErrorKind.Full => (ItemState.InsufficientFunds, SomebodyDelay),
            BackendErrorKind.Unauthorized or BackendErrorKind.ReadOnly => (ItemState.FailedTemporary, SomebodyDelay),
            // What was deleted cannot be lost, and what cannot be deleted is tried again.
            _ when from == ItemState.DeleteRequested => (ItemState.FailedTemporary, SomebodyDelay),
            _ => (ItemState.FailedFinal, TimeSpan.Zero),
        };
        return item with { State = state, ResumeState = state == ItemState.FailedFinal ? state : from, FailureCount = count, Reason = failure.Message, NextStep = now + delay };
    }

    /// <summary>The item as a step is to see it: back on the way.</summary>
    public static NetworkItem Resumed(NetworkItem item) => item.IsBesideTheWay ? item with { State = item.ResumeState, Reason = "" } : item;

    private static TimeSpan Delay(int failureCount) => TimeSpan.FromTicks(Math.Min(RetryDelay.Ticks << Math.Min(failureCount - 1, 20), RetryDelayMax.Ticks));
}
