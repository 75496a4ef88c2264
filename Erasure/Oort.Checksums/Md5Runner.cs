namespace Oort.Checksums;

/// <summary>Lanes, and the turns on the thread pool that they get. At most one thread is in it at a time.</summary>
internal sealed class Md5Runner(Md5Service service, Md5LaneWidth width) : IThreadPoolWorkItem
{
    // 16 KiB a lane, 20 to 40 µs: so long at most a new piece waits to join. Many times what the bookkeeping of a turn takes.
    private const int TurnBlockCount = 256;

    private readonly Md5Lanes<IMd5Work> lanes = new(width);
    private readonly List<(IMd5Work Work, Exception? Failure)> ended = new(Md5Engine.LaneCountMax);

    /// <summary>Queues its next turns behind all that the pool has to do.</summary>
    public void Start() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    public void Execute()
    {
        // 1. Turns, until a stream has ended or somebody else waits for this thread.
        do
        {
            Fill();
            TakeTurn();
        }
        while (ended.Count == 0 && lanes.Count > 0 && ThreadPool.PendingWorkItemCount == 0);

        // 2. Those whose bytes are hashed go on: the last of them on this thread, which saves waking another.
        for (var i = 0; i < ended.Count - 1; i++) ended[i].Work.Complete(ended[i].Failure, isInline: false);
        var last = ended.Count > 0 ? ended[^1] : default;
        ended.Clear();

        // 3. From here on another thread may be in this runner.
        if (lanes.Count > 0 || !service.TryEnd(this)) Start();
        last.Work?.Complete(last.Failure, isInline: true);
    }

    /// <summary>Gives free lanes to what is queued, and has another runner started when they do not suffice.</summary>
    private void Fill()
    {
        while (lanes.HasRoom && service.TryTake() is { } work) AddNext(work);
        if (!lanes.HasRoom) service.StartAnotherIfQueued();
    }

    /// <summary>Hashes until a stream has ended, but not for long. A stream in several pieces of memory goes on with the next in the middle of it.</summary>
    private void TakeTurn()
    {
        for (var left = TurnBlockCount; left > 0 && lanes.Count > 0 && ended.Count == 0;)
        {
            left -= lanes.Run(left);
            while (lanes.TryTakeEnded(out var work, out var state))
            {
                work.State = state;
                AddNext(work);
            }
        }
    }

    private void AddNext(IMd5Work work)
    {
        Exception? failure = null;
        try
        {
            if (work.TryTakeBlocks(out var blocks))
            {
                lanes.Add(work, work.State, blocks);
                return;
            }
        }
        catch (Exception exception)
        {
            // A buffer that was given back too early cannot be read: whoever waits for it hears of it.
            failure = exception;
        }

        ended.Add((work, failure));
    }
}
