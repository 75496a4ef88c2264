namespace Oort.Gateway.Tests.Nodes;

/// <summary>The real clock and timers, put forward by as much as a test wants.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Volatile.Read(ref _shift));

    public override long GetTimestamp() => System.GetTimestamp() + (long)(new TimeSpan(Volatile.Read(ref _shift)).TotalSeconds * TimestampFrequency);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _shift, by.Ticks);
}
