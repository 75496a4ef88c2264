namespace Oort.Objects.Tests.World;

/// <summary>The real clock and timers, put forward by as much as a test wants.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Volatile.Read(ref shift));

    public override long GetTimestamp() => System.GetTimestamp() + (long)(new TimeSpan(Volatile.Read(ref shift)).TotalSeconds * TimestampFrequency);

    public void Advance(TimeSpan by) => Interlocked.Add(ref shift, by.Ticks);
}
