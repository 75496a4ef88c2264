namespace Oort.Backends;

/// <summary>Which state an item may go to from which, and what a failure makes of it (docs/networks.md).</summary>
public static class ItemStates
{
    /// <summary>Pause after the first failure; doubled with each up to <see cref="RetryDelayMax"/>.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(30);

    /// <summary>Pause where somebody must act first: paying, or mending the configuration.</summary>
    private static readonly TimeSpan SomebodyDelay = TimeSpan.FromMinutes(30);

    /// <summary>Whether a step may take an item from one state to another. Into a state beside the way only a failure leads, and out of it a step that works.</summary>
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

    /// <summary>The item after a step that failed.</summary>
    /// <param name="item">As it was before the step.</param>
    public static NetworkItem Failed(NetworkItem item, BackendException failure, DateTimeOffset now)
    {
        var from = item.IsBesideTheWay ? item.ResumeState : item.State;
        var count = Math.Min(item.FailureCount + 1, 1_000);
        var (state, delay) = failure.Kind switch
        {
            BackendErrorKind.Transient or BackendErrorKind.Throttled => (ItemState.Retrying, Delay(count)),
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
