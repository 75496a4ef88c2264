namespace Oort.Objects;

/// <summary>Keeps background work to a number of bytes a second, by making it wait for what it has already done.</summary>
/// <param name="bytesPerSecond">0: no limit.</param>
/// <remarks>Thread-safe: several workers share one allowance. Unused allowance is not saved up beyond one second, so no burst follows a pause.</remarks>
public sealed class Pacer(long bytesPerSecond, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly long start = time.GetTimestamp();
    private double paidUntil;

    /// <summary>Does not hold anything back.</summary>
    public static Pacer None { get; } = new(0, TimeProvider.System);

    /// <summary>Waits until as many bytes may have been moved.</summary>
    public Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond <= 0) return Task.CompletedTask;
        double wait;
        lock (gate)
        {
            var now = time.GetElapsedTime(start).TotalSeconds;
            paidUntil = Math.Max(paidUntil, now - 1) + (double)bytes / bytesPerSecond;
            wait = paidUntil - now;
        }

        return wait <= 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromSeconds(wait), time, cancellationToken);
    }
}
