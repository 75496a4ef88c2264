using Oort.Simulation.Databases;

namespace Oort.Simulation.Scheduling;

/// <summary>Owns time and what runs: one event after the other, each only when everything that the one before has set off has come to rest.</summary>
/// <remarks>
/// The process's thread pool has one worker (see the project file), so what the product queues to it runs in the order of queueing. A turn of the simulator is a work item like any
/// other: 1. while others wait, it goes behind them; 2. answers of the database are waited for until they have arrived; 3. then a thread of <see cref="VirtualThreads"/> that can go on
/// does so, and everybody waits for it; 4. then time goes to the next event. Nothing ever runs at the same time as something else, and nothing waits for real time.
/// </remarks>
internal sealed class Simulator : IThreadPoolWorkItem, IDisposable
{
    private readonly PriorityQueue<Event, (long At, long Number)> events = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long number;
    private Task main = Task.CompletedTask;

    public Simulator(int seed, string? tracePath = null)
    {
        Seed = seed;
        Trace = new(tracePath);
        Threads = new(this, Fork());
    }

    public int Seed { get; }

    public Trace Trace { get; }

    public VirtualThreads Threads { get; }

    /// <summary>What gateways reach a database by; null: they have none in common.</summary>
    public Relay? Database { get; set; }

    /// <summary>Since the beginning, in ticks of 100 ns.</summary>
    public long Now { get; private set; }

    /// <summary>How long the simulated world may go on before it counts as hanging.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromDays(40);

    private int Forks { get; set; }

    /// <summary>A source of chance of its own, so that one more draw here changes nothing there.</summary>
    public Random Fork() => new(unchecked((Seed * 7919) + (++Forks * 104_729)));

    /// <summary>Runs a world until its main task ends.</summary>
    /// <exception cref="SimulationException">Nothing can happen any more and it has not ended, or it goes on for too long.</exception>
    public async Task RunAsync(Func<Task> world)
    {
        ThreadPool.GetMaxThreads(out var workers, out _);
        if (workers != 1) throw new InvalidOperationException($"The simulation needs a thread pool with one worker, and there are {workers}.");
        At(0, () => main = world());
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        await ended.Task;
        await main;
    }

    /// <summary>Has something happen later. What is due at the same time happens in the order in which it was asked for.</summary>
    public Event At(long at, Action action)
    {
        var one = new Event(action);
        events.Enqueue(one, (Math.Max(at, Now), ++number));
        return one;
    }

    public Event After(TimeSpan delay, Action action) => At(Now + delay.Ticks, action);

    /// <summary>Waits in simulated time.</summary>
    public Task DelayAsync(TimeSpan delay)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        After(delay, done.SetResult);
        return done.Task;
    }

    public void Execute()
    {
        try
        {
            if (ThreadPool.PendingWorkItemCount > 0)
            {
                // They come first.
            }
            else if (Database is { } database && !database.IsAtRest())
            {
                Thread.Yield();
            }
            else if (!Threads.RunOne() && !Step())
            {
                return;
            }
        }
        catch (Exception e)
        {
            ended.TrySetException(e);
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Dispose()
    {
        Threads.Dispose();
        Trace.Dispose();
    }

    /// <summary>False: the world has ended.</summary>
    private bool Step()
    {
        if (main.IsCompleted && number > 0 && HasBegun)
        {
            ended.TrySetResult();
            return false;
        }

        Event? next;
        (long At, long Number) due;
        do
        {
            if (!events.TryDequeue(out next, out due)) throw new SimulationException("Nothing can happen any more, and the world has not come to its end: somebody waits for what never comes.");
        }
        while (next.IsCancelled);

        if (due.At > TimeMax.Ticks) throw new SimulationException($"After {TimeMax.TotalDays} days the world has not come to its end.");
        Now = due.At;
        HasBegun = true;
        next.Run();
        return true;
    }

    private bool HasBegun { get; set; }

    /// <summary>Something that will happen unless it is cancelled.</summary>
    internal sealed class Event(Action action)
    {
        public bool IsCancelled { get; private set; }

        public void Cancel() => IsCancelled = true;

        public void Run() => action();
    }
}

/// <summary>The simulated world broke a promise; the message says which.</summary>
internal sealed class SimulationException(string message) : Exception(message);
