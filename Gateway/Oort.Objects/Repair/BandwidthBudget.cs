namespace Oort.Objects;

/// <summary>Slows background work down to a rate, so that it never takes the disks from clients.</summary>
/// <param name="bytesPerSecond">The rate; 0: no limit.</param>
internal sealed class BandwidthBudget(long bytesPerSecond, TimeProvider time)
{
    // Work that was idle may run ahead by this much: a burst no client notices.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(200);

    private readonly Lock gate = new();
    private TimeSpan paidUntil;
    private readonly long start = time.GetTimestamp();

    /// <summary>Waits until <paramref name="bytes"/> more fit the rate.</summary>
    public ValueTask SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond <= 0) return ValueTask.CompletedTask;
        TimeSpan wait;
        lock (gate)
        {
            var now = time.GetElapsedTime(start);
            if (paidUntil < now - Burst) paidUntil = now - Burst;
            paidUntil += TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = paidUntil - now;
        }

        return wait <= TimeSpan.Zero ? ValueTask.CompletedTask : new(Task.Delay(wait, time, cancellationToken));
    }
}
