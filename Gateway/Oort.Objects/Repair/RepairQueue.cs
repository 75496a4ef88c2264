using Oort.Backends;

namespace Oort.Objects;

/// <summary>What the repair worker has before it.</summary>
/// <param name="Queued">Segments waiting, those that wait for another try included.</param>
/// <param name="Dropped">Requests that came while the queue was full; a scan finds their segments again.</param>
public readonly record struct RepairBacklog(int Queued, long Dropped);

/// <summary>The segments that wait for repair, each once.</summary>
/// <remarks>Thread-safe; bounded.</remarks>
internal sealed class RepairQueue(TimeProvider time) : IRepairQueue, IDisposable
{
    /// <summary>Segments that wait at most: 100 bytes each, and the next scan finds what did not fit.</summary>
    public const int CountMax = 65_536;

    /// <summary>Tries before a segment is left to the next scan.</summary>
    private const int TriesMax = 8;

    private static readonly TimeSpan BackOffFirst = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<SegmentId, Item> waiting = [];
    private readonly SemaphoreSlim arrived = new(0, 1);
    private long dropped;

    public RepairBacklog Backlog
    {
        get
        {
            lock (gate) return new(waiting.Count, dropped);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The bad shard's index serves only the log: the worker reads every cell of the segment in any case.</remarks>
    public void Enqueue(SegmentId segment, int badShard, RepairReason reason) => Offer(segment);

    /// <summary>False when there is no room.</summary>
    public bool Offer(SegmentId segment)
    {
        lock (gate)
        {
            if (waiting.ContainsKey(segment)) return true;
            if (waiting.Count >= CountMax)
            {
                dropped++;
                return false;
            }

            waiting.Add(segment, new(0, time.GetTimestamp()));
        }

        Wake();
        return true;
    }

    /// <summary>Up to <paramref name="count"/> segments whose time has come; they stay in the queue until <see cref="Finish"/>.</summary>
    public List<SegmentId> Due(int count)
    {
        var now = time.GetTimestamp();
        lock (gate) return [.. waiting.Where(w => w.Value.NotBefore <= now).Take(count).Select(w => w.Key)];
    }

    /// <summary>Takes a segment out, or lets it wait for another try, each time twice as long.</summary>
    public void Finish(SegmentId segment, bool isDone)
    {
        lock (gate)
        {
            if (!waiting.TryGetValue(segment, out var item)) return;
            if (isDone || item.Tries + 1 >= TriesMax)
            {
                waiting.Remove(segment);
                return;
            }

            var delay = BackOffFirst * Math.Pow(2, item.Tries);
            waiting[segment] = new(item.Tries + 1, time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency));
        }
    }

    /// <summary>Makes every waiting segment due: a store came back.</summary>
    public void Retry()
    {
        lock (gate)
        {
            foreach (var segment in waiting.Keys.ToArray()) waiting[segment] = new(0, time.GetTimestamp());
        }

        Wake();
    }

    /// <summary>Returns when something may be due, at the latest after <paramref name="atMost"/>.</summary>
    public async ValueTask WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var timer = Task.Delay(atMost, time, limit.Token);
        var arrival = arrived.WaitAsync(limit.Token);
        await Task.WhenAny(timer, arrival);
        await limit.CancelAsync();
        await Task.WhenAll(timer, arrival).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => arrived.Dispose();

    private void Wake()
    {
        lock (gate)
        {
            if (arrived.CurrentCount == 0) arrived.Release();
        }
    }

    private readonly record struct Item(int Tries, long NotBefore);
}
