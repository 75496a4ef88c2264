using Oort.Backends;

namespace Oort.Objects.Packs;

/// <summary>Group commit for small bodies: whatever came while the flush before was under way shares the next pack.</summary>
/// <remarks>
/// Thread-safe. A lone body waits for nobody; a thousand concurrent ones share a few flushes. The queue is bounded by the budget, out of
/// which every body in it holds its buffer; the memory of the flushes themselves is set aside once, so that a flush never waits for those who wait for it.
/// </remarks>
internal sealed class PackWriter : IDisposable
{
    /// <summary>Each body begins at a multiple of this many bytes in the payload (docs/formats/segment.md).</summary>
    public const int Alignment = 64;

    /// <summary>
    /// Flushes under way at once. The next one begins when the one before has reached its quorum, so that a single slow store does not
    /// hold up everyone behind it; more would only split the groups.
    /// </summary>
    private const int FlushCountMax = 2;

    /// <summary>
    /// So many must wait for a flush to begin while others are being committed. Fewer wait for those and go together with them: each flush costs the same ten syncs and
    /// wakes the same threads, whatever is in it, so that two half crowds in turn cost twice as much as one whole, and serve no client sooner.
    /// </summary>
    private const int OverlapMin = 96;

    /// <summary>From so many clients on they are a crowd, which a flush lets gather. A lone client waits for nobody.</summary>
    private const int CrowdMin = 4;

    /// <summary>
    /// How long a flush lets a crowd gather: about as long as a flush takes. It begins at once when all are there; who stays away is waited for once,
    /// and not expected again.
    /// </summary>
    private static readonly TimeSpan s_gatherTimeMax = TimeSpan.FromMilliseconds(3);

    private readonly DataPath path;
    private readonly Lock gate = new();
    private readonly Queue<PackEntry> waiting = new();
    private TaskCompletionSource? idle;

    /// <summary>Flushes under way.</summary>
    private int flushCount;

    /// <summary>Those of them that have not reached their quorum: 0 or 1.</summary>
    private int unsettledCount;

    /// <summary>Bodies of those that have: they are being committed and journalled.</summary>
    private int committingCount;

    /// <summary>Bodies at hand when the last flush reached its quorum, in it and behind it: about as many clients are there that send one after the other. (None of them was answered yet, so none counts twice.)</summary>
    private int expectedCount;

    /// <summary>The flush that lets the crowd gather.</summary>
    private Flush? gathering;
    private readonly ITimer gatherTimer;
    private bool isDisposed;

    /// <exception cref="ArgumentException">The budget is too small for two flushes.</exception>
    public PackWriter(DataPath path)
    {
        this.path = path;
        if (!path.Buffers.Budget.TryAcquire(Reserved))
            throw new ArgumentException($"Buffers of {path.Buffers.Budget.Capacity} bytes are too few: pack flushes alone take {Reserved}.", nameof(path));
        gatherTimer = path.Time.CreateTimer(static self => ((PackWriter)self!).EndGathering(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private long Reserved => FlushCountMax * (long)PackFlush.BytesMax(path.Options);

    /// <summary>Puts a sealed body into the next pack and waits until it is durable.</summary>
    /// <param name="entry">Taken over, buffer and all, however the call ends.</param>
    /// <exception cref="ObjectUnavailableException">Fewer stores than the quorum took the pack.</exception>
    public async ValueTask<PackPlace> AppendAsync(PackEntry entry, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            waiting.Enqueue(entry);
            StartFlush();
            BeginIfGathered();
        }
        using var registration = cancellationToken.UnsafeRegister(static (self, token) => ((PackEntry)self!).Cancel(token), entry);
        return await entry.Placed;
    }

    /// <summary>Puts sealed bodies that are all there into the next packs: into one, when they fit and nobody else waits.</summary>
    /// <param name="entries">Taken over, buffers and all.</param>
    /// <returns>Each one's place; not to be left alone, since a place may hold a segment id in use.</returns>
    public Task<PackPlace>[] AppendAll(IReadOnlyList<PackEntry> entries)
    {
        lock (gate)
        {
            foreach (var entry in entries) waiting.Enqueue(entry);
            StartFlush();
            BeginIfGathered();
        }
        return [.. entries.Select(entry => entry.Placed)];
    }

    /// <summary>Waits for the flushes under way. Nothing may be appended any more.</summary>
    public Task DrainAsync()
    {
        lock (gate) return flushCount == 0 ? Task.CompletedTask : (idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, true)) return;
        gatherTimer.Dispose();
        path.Buffers.Budget.Release(Reserved);
    }

    internal static int Align(int offset) => (offset + Alignment - 1) / Alignment * Alignment;

    /// <summary>
    /// Begins a flush if there is something to flush and the ones before let it: many overlap in two stages, where no group is smaller than the one before it; few go
    /// together, one flush at a time (<see cref="OverlapMin"/>). Under the gate.
    /// </summary>
    private void StartFlush()
    {
        if (waiting.Count == 0 || unsettledCount > 0 || flushCount >= FlushCountMax) return;
        if (committingCount > 0 && waiting.Count < Math.Max(committingCount, OverlapMin)) return;
        flushCount++;
        unsettledCount++;
        var flush = new Flush(this);
        if (expectedCount < CrowdMin || waiting.Count >= expectedCount)
        {
            flush.Queue();
            return;
        }

        // Whoever was answered a moment ago is about to come again.
        gathering = flush;
        gatherTimer.Change(s_gatherTimeMax, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Under the gate.</summary>
    private void BeginIfGathered()
    {
        if (gathering is null || waiting.Count < expectedCount) return;
        gathering.Queue();
        gathering = null;
    }

    private void EndGathering()
    {
        lock (gate)
        {
            gathering?.Queue();
            gathering = null;
        }
    }

    /// <summary>The bodies at the head of the queue that fit into one pack, and at least one. Those of other policies than the first's keep their places.</summary>
    private List<PackEntry> TakeGroup(out Geometry geometry)
    {
        var entries = new List<PackEntry>();
        geometry = default;
        if (!waiting.TryPeek(out var first)) return entries;
        var placer = first.Placer;
        geometry = placer.Geometry;
        var end = 0;
        var payloadMax = PackFlush.PayloadMax(path.Options, geometry);
        Queue<PackEntry>? others = null;
        while (waiting.TryPeek(out var next))
        {
            if (next.Placer != placer)
            {
                (others ??= new()).Enqueue(waiting.Dequeue());
                continue;
            }

            var nextEnd = Align(end) + next.Length;
            if (entries.Count > 0 && nextEnd > payloadMax) break;
            waiting.Dequeue();
            if (next.IsCancelled)
            {
                next.Dispose();
                continue;
            }
            entries.Add(next);
            end = nextEnd;
        }

        if (others is not null)
        {
            while (waiting.TryDequeue(out var behind)) others.Enqueue(behind);
            while (others.TryDequeue(out var again)) waiting.Enqueue(again);
        }

        return entries;
    }

    private void QuorumReached(int count)
    {
        lock (gate)
        {
            unsettledCount--;
            committingCount += count;
            expectedCount = count + waiting.Count;
            StartFlush();
        }
    }

    private void Ended(int count, bool isSettled)
    {
        lock (gate)
        {
            flushCount--;
            if (isSettled) committingCount -= count;
            else unsettledCount--;
            StartFlush();
            if (flushCount == 0) idle?.TrySetResult();
        }
    }

    /// <summary>A flush from the moment it may begin.</summary>
    private sealed class Flush(PackWriter owner) : IThreadPoolWorkItem
    {
        /// <summary>Behind everything that waits for a thread now, and not before it: requests that came together stand together in that queue, and share this flush.</summary>
        public void Queue() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

        public void Execute()
        {
            List<PackEntry> entries;
            Geometry geometry;
            lock (owner.gate) entries = owner.TakeGroup(out geometry);
            if (entries.Count == 0) owner.Ended(0, isSettled: false);
            else _ = RunAsync(geometry, entries);
        }

        private async Task RunAsync(Geometry geometry, List<PackEntry> entries)
        {
            var isSettled = false;
            await new PackFlush(owner.path, entries[0].Placer, geometry, entries).RunAsync(quorumReached: () =>
            {
                isSettled = true;
                owner.QuorumReached(entries.Count);
            });
            owner.Ended(entries.Count, isSettled);
        }
    }
}
