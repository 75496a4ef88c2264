namespace Oort.Backends.Ipfs.Tests.Support;

/// <summary>A clock that a test moves. Timers never run out by themselves, however busy the machine is: all that are wound run out at once when a peer is known to hang.</summary>
internal sealed class HangingTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly HashSet<Wound> timers = [];
    private long ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);

    public void TurnTo(DateTimeOffset to)
    {
        if (to > GetUtcNow()) Advance(to - GetUtcNow());
    }

    /// <summary>Lets every timer run out.</summary>
    public void Expire()
    {
        List<Wound> due;
        lock (gate) due = [.. timers];
        foreach (var timer in due) timer.Run();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Wound(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Wound(HangingTime time, TimerCallback callback, object? state) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                if (dueTime == Timeout.InfiniteTimeSpan) time.timers.Remove(this);
                else time.timers.Add(this);
            }

            return true;
        }

        public void Run()
        {
            lock (time.gate) if (!time.timers.Remove(this)) return;
            callback(state);
        }

        public void Dispose()
        {
            lock (time.gate) time.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
