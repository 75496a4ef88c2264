using System.Collections.Concurrent;

namespace Oort.S3.Client.Tests.Support;

/// <summary>A clock that stands still, on which every delay is over at once and is remembered; what watches for a stall never fires.</summary>
/// <param name="stalls">Those.</param>
internal sealed class HastyTime(params TimeSpan[] stalls) : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> delays = new();

    public IReadOnlyList<TimeSpan> Delays => [.. delays];

    public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (stalls.Contains(dueTime) || dueTime == Timeout.InfiniteTimeSpan) return new Timer();
        delays.Enqueue(dueTime);
        ThreadPool.QueueUserWorkItem(_ => callback(state));
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            // There is nothing to stop.
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
