namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A clock that moves when a test says so, with the system's timers, which fire early while the peer hangs: nobody waits for a stall.</summary>
internal sealed class ImpatientTime(DateTimeOffset now) : TimeProvider
{
    private static readonly TimeSpan early = TimeSpan.FromMilliseconds(20);

    private long ticks = now.UtcTicks;

    public bool IsImpatient { get; set; }

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this, System.CreateTimer(callback, state, Shorten(dueTime), period));

    private TimeSpan Shorten(TimeSpan dueTime) => IsImpatient && dueTime > early ? early : dueTime;

    private sealed class Timer(ImpatientTime owner, ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(owner.Shorten(dueTime), period);

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
