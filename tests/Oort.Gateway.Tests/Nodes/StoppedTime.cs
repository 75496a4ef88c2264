namespace Oort.Gateway.Tests.Nodes;

/// <summary>A clock that stands still until a test moves it, so that whatever is counted by the second is counted exactly. It has no timers of its own.</summary>
internal sealed class StoppedTime : TimeProvider
{
    private readonly DateTimeOffset _begun = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _begun + new TimeSpan(Volatile.Read(ref _passed));

    public override long GetTimestamp() => _begun.Ticks + Volatile.Read(ref _passed);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _passed, by.Ticks);
}
