using Oort.Backends;

namespace Oort.Simulation.Scheduling;

/// <summary>Threads that never run at the same time as anything else.</summary>
/// <remarks>
/// Those that take work from a queue have no thread at all: the pool does their work after each pulse. The others are real threads, of which one runs at a time, and only while the
/// simulator waits for it: they block where the product's threads block, and chance alone says which of those that could go on does.
/// </remarks>
internal sealed class VirtualThreads(Simulator simulator, Random random) : ThreadProvider, IDisposable
{
    [ThreadStatic]
    private static Sleeper? t_current;

    private readonly List<Sleeper> sleepers = [];
    private readonly List<Worker> workers = [];
    private readonly AutoResetEvent returned = new(false);
    private Exception? failure;

    public override void Start(string name, object gate, Action<bool> run) => workers.Add(new(gate, run));

    public override void Start(string name, Action run)
    {
        var one = new Sleeper { IsWoken = true };
        sleepers.Add(one);
        new Thread(() => Live(one, run)) { IsBackground = true, Name = name }.Start();
    }

    public override bool Wait(object gate, TimeSpan timeout)
    {
        var me = t_current ?? throw new InvalidOperationException("Only a thread of the simulation's may sleep.");
        (me.Gate, me.IsWoken, me.IsPulsed) = (gate, false, false);
        var limit = timeout == Timeout.InfiniteTimeSpan ? null : simulator.After(timeout, () => me.IsWoken = true);
        Monitor.Exit(gate);
        Sleep(me);
        Monitor.Enter(gate);
        limit?.Cancel();
        me.Gate = null;
        return me.IsPulsed;
    }

    public override void Wait(Task task)
    {
        var me = t_current ?? throw new InvalidOperationException("Only a thread of the simulation's may sleep.");
        if (!task.IsCompleted)
        {
            (me.Task, me.IsWoken) = (task, false);
            Sleep(me);
            me.Task = null;
        }

        task.GetAwaiter().GetResult();
    }

    public override void Pulse(object gate)
    {
        if (sleepers.Find(one => one.Gate == gate && !one.IsPulsed) is { } first) Wake(first);
        else workers.Find(one => one.Gate == gate && !one.IsQueued)?.Queue();
    }

    public override void PulseAll(object gate)
    {
        foreach (var one in sleepers.FindAll(one => one.Gate == gate)) Wake(one);
        foreach (var one in workers.FindAll(one => one.Gate == gate && !one.IsQueued)) one.Queue();
    }

    /// <summary>Lets one of those who can go on do so until it sleeps again.</summary>
    /// <returns>False: nobody can.</returns>
    public bool RunOne()
    {
        var ready = sleepers.FindAll(one => one.IsWoken || one.Task is { IsCompleted: true });
        if (ready.Count == 0) return false;
        ready[random.Next(ready.Count)].Turn.Set();
        returned.WaitOne();
        if (failure is not null) throw new SimulationException($"A thread ended with an exception: {failure}");
        return true;
    }

    public void Dispose() => returned.Dispose();

    private static void Wake(Sleeper one) => (one.IsPulsed, one.IsWoken) = (true, true);

    private void Sleep(Sleeper me)
    {
        returned.Set();
        me.Turn.WaitOne();
    }

    private void Live(Sleeper me, Action run)
    {
        t_current = me;
        me.Turn.WaitOne();
        try
        {
            run();
        }
        catch (Exception e)
        {
            failure = e;
        }

        sleepers.Remove(me);
        me.Turn.Dispose();
        returned.Set();
    }

    private sealed class Worker(object gate, Action<bool> run) : IThreadPoolWorkItem
    {
        public object Gate => gate;

        public bool IsQueued { get; private set; }

        public void Queue()
        {
            IsQueued = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Execute()
        {
            IsQueued = false;
            run(false);
        }
    }

    private sealed class Sleeper
    {
        public AutoResetEvent Turn { get; } = new(false);

        public object? Gate { get; set; }

        public Task? Task { get; set; }

        public bool IsPulsed { get; set; }

        /// <summary>It was pulsed, its time has run out, or it has not begun yet.</summary>
        public bool IsWoken { get; set; }
    }
}
