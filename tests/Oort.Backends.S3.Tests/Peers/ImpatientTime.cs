namespace Oort.Backends.S3.Tests.Peers;

/// <summary>The system's clock, whose timers fire early while the peer hangs: nobody waits a minute for a stall.</summary>
internal sealed class ImpatientTime : TimeProvider
{
    private static readonly TimeSpan early = TimeSpan.FromMilliseconds(50);

    public bool IsImpatient { get; set; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this, System.CreateTimer(callback, state, Shorten(dueTime), period));

    private TimeSpan Shorten(TimeSpan dueTime) => IsImpatient && dueTime > early ? early : dueTime;

    private sealed class Timer(ImpatientTime owner, ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(owner.Shorten(dueTime), period);

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
