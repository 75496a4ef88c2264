namespace Oort.Simulation.Scheduling;

/// <summary>The clock of one machine: it may be wrong, and its timers ring in simulated time.</summary>
internal sealed class VirtualClock(Simulator simulator) : TimeProvider
{
    private static readonly DateTimeOffset s_beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private long driftsSince;

    /// <summary>By how much it is wrong. Only what it says of the date: a machine's timers do not follow its date.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>Seconds that its date gains a second.</summary>
    public double Drift
    {
        get;
        set
        {
            Skew += Drifted;
            (field, driftsSince) = (value, simulator.Now);
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    private TimeSpan Drifted => TimeSpan.FromTicks((long)((simulator.Now - driftsSince) * Drift));

    // Not from zero, as no machine's is.
    public override long GetTimestamp() => simulator.Now + TimeSpan.TicksPerHour;

    public override DateTimeOffset GetUtcNow() => s_beginning + TimeSpan.FromTicks(simulator.Now) + Skew + Drifted;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(simulator, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Simulator simulator, TimerCallback callback, object? state) : ITimer
    {
        private Simulator.Event? next;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            next?.Cancel();
            next = dueTime == Timeout.InfiniteTimeSpan ? null : simulator.After(dueTime, () => Ring(period));
            return true;
        }

        public void Dispose() => next?.Cancel();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Ring(TimeSpan period)
        {
            next = period > TimeSpan.Zero ? simulator.After(period, () => Ring(period)) : null;
            callback(state);
        }
    }
}
