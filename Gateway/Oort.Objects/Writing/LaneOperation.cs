namespace Oort.Objects.Writing;

/// <summary>One operation on all lanes of a segment, under way or ended.</summary>
/// <remarks>The lanes report from whatever thread their store ends on; whoever waits is woken at most twice: when a quorum has settled, and when all have.</remarks>
/// <param name="laneCount">Lanes.</param>
/// <param name="quorum">How many must do it.</param>
/// <param name="started">Timestamp of the start.</param>
internal sealed class LaneOperation(int laneCount, int quorum, long started)
{
    private readonly Lock gate = new();
    private readonly List<long> doneTimes = new(laneCount);
    private readonly bool[] isEnded = new bool[laneCount];
    private readonly TaskCompletionSource decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int pending = laneCount;

    public long Started => started;

    /// <summary>Ends when a quorum has done it, or so many have failed that none can any more.</summary>
    public Task Decided => decided.Task;

    /// <summary>Ends when every lane's operation has, also those that were given up: until then the stores may use its buffers.</summary>
    public Task All => all.Task;

    public bool IsEnded => all.Task.IsCompleted;

    /// <summary>Takes a lane's result: the timestamp at which it had done it, or <see cref="ShardLane.NotDone"/>.</summary>
    public void End(int lane, long done)
    {
        bool isDecided, isLast;
        lock (gate)
        {
            isEnded[lane] = true;
            pending--;
            if (done != ShardLane.NotDone) doneTimes.Add(done);
            isDecided = doneTimes.Count >= quorum || doneTimes.Count + pending < quorum;
            isLast = pending == 0;
        }
        if (isDecided) decided.TrySetResult();
        if (isLast) all.SetResult();
    }

    /// <summary>Whether a lane still has to do it.</summary>
    public bool IsPending(int lane)
    {
        lock (gate) return !isEnded[lane];
    }

    /// <summary>When the quorum had done it; null while, or if, it has not.</summary>
    public long? QuorumTime
    {
        get { lock (gate) return doneTimes.Count < quorum ? null : doneTimes.Order().ElementAt(quorum - 1); }
    }
}
