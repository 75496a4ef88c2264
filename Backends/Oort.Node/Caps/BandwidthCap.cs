using Oort.Node.Protocol;

namespace Oort.Node;

/// <summary>Lets bytes pass at a rate, in the order in which they were asked for. Without a rate it lets all pass at once.</summary>
internal sealed class BandwidthCap(long? bytesPerSecond, TimeProvider time)
{
    /// <summary>Who would wait longer than this is sent away before his body is read: half of what a client takes for a stall.</summary>
    private static readonly TimeSpan s_backlogMax = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();

    // When all that has been let pass will have passed, in the clock's ticks.
    private long _free = time.GetTimestamp();

    /// <summary>How long a byte that is asked for now would wait.</summary>
    public TimeSpan Backlog
    {
        get
        {
            if (bytesPerSecond is null) return TimeSpan.Zero;
            lock (_lock)
                return Later(_free - time.GetTimestamp());
        }
    }

    /// <exception cref="NodeRequestException">Kind Throttled: too much waits already.</exception>
    public void ThrowIfBusy()
    {
        var backlog = Backlog;
        if (backlog > s_backlogMax)
            throw new NodeRequestException(NodeErrorCode.Throttled, "The owner's bandwidth is used up for now.") { RetryAfter = backlog };
    }

    /// <summary>Returns when so many bytes may pass.</summary>
    public ValueTask PassAsync(int count, CancellationToken cancellationToken)
    {
        if (bytesPerSecond is not { } rate || count == 0) return ValueTask.CompletedTask;
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            wait = Later(_free - now);
            _free = Math.Max(_free, now) + (long)((double)count / rate * time.TimestampFrequency);
        }

        return wait == TimeSpan.Zero ? ValueTask.CompletedTask : new(Task.Delay(wait, time, cancellationToken));
    }

    private TimeSpan Later(long ticks) => ticks <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)ticks / time.TimestampFrequency);
}
