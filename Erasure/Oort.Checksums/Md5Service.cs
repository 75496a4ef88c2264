namespace Oort.Checksums;

/// <summary>Hashes what many streams have ready, side by side in lanes.</summary>
/// <remarks>
/// Nobody waits for lanes to fill: a runner takes what is queued, and lets what comes later join at its next turn. Runners are work items of the
/// thread pool and exist only while there is work; a second one starts only when the lanes of the first are all taken, because a lane more costs a
/// runner nothing. Between turns a runner goes behind whatever else the pool has to do. So an idle processor hashes at once, and a busy one gathers
/// more streams before each turn. The queue is as long as there are callers with a piece each, who hold the buffers: it has no limit of its own.
/// </remarks>
internal sealed class Md5Service(int runnerCountMax, Md5LaneWidth width)
{
    private readonly Lock gate = new();
    private readonly Queue<IMd5Work> queue = new();
    private readonly Stack<Md5Runner> idle = new();
    private int runnerCount;

    /// <summary>The process's own: a runner for each processor.</summary>
    public static Md5Service Shared { get; } = new(Environment.ProcessorCount, Md5LaneWidths.Widest);

    /// <summary>Runners that were made and have nothing to do.</summary>
    internal int IdleRunnerCount
    {
        get
        {
            lock (gate) return idle.Count;
        }
    }

    /// <summary>Queues bytes; their <see cref="IMd5Work.Complete"/> will be called once.</summary>
    public void Submit(IMd5Work work)
    {
        Md5Runner? starting;
        lock (gate)
        {
            queue.Enqueue(work);
            starting = runnerCount == 0 ? TakeRunner() : null;
        }

        starting?.Start();
    }

    /// <summary>What waits longest, or null.</summary>
    internal IMd5Work? TryTake()
    {
        lock (gate) return queue.TryDequeue(out var work) ? work : null;
    }

    /// <summary>Has another runner take what is queued, if there may be one more.</summary>
    internal void StartAnotherIfQueued()
    {
        Md5Runner? starting;
        lock (gate) starting = queue.Count > 0 && runnerCount < runnerCountMax ? TakeRunner() : null;
        starting?.Start();
    }

    /// <summary>Ends a runner whose lanes are empty, unless something is queued. Once it has ended, it may start again at any time.</summary>
    internal bool TryEnd(Md5Runner runner)
    {
        lock (gate)
        {
            if (queue.Count > 0) return false;
            runnerCount--;
            idle.Push(runner);
            return true;
        }
    }

    /// <summary>Under the lock.</summary>
    private Md5Runner TakeRunner()
    {
        runnerCount++;
        return idle.TryPop(out var runner) ? runner : new Md5Runner(this, width);
    }
}
