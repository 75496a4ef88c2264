namespace Oort.Backends.Local;

/// <summary>Requests on their way to the writer's thread. Bounded: a disk that hangs makes callers fail, not memory grow.</summary>
internal sealed class WriteQueue(ThreadProvider threads)
{
    /// <summary>The most requests that wait: four full groups. Each caller has one, and callers are bounded by the gateway's memory budget long before.</summary>
    public const int CountMax = 4 * VolumeFormat.RecordCountMax;

    private readonly object _lock = new();
    private readonly List<WriteRequest> _waiting = [];
    private bool _closed;

    /// <summary>What is pulsed when there is something to take, or will never be.</summary>
    public object Gate => _lock;

    /// <summary>Adds a request.</summary>
    /// <exception cref="BackendException">Kind Throttled when too many wait, Permanent when the store is closed.</exception>
    public void Add(WriteRequest request)
    {
        lock (_lock)
        {
            if (_closed)
                throw new BackendException(BackendErrorKind.Permanent, "The store is closed.");
            if (_waiting.Count >= CountMax)
                throw new BackendException(BackendErrorKind.Throttled, $"{CountMax} writes wait for this disk already.");
            _waiting.Add(request);
            if (_waiting.Count == 1)
                threads.Pulse(_lock);
        }
    }

    /// <summary>Moves all that waits to the end of <paramref name="batch"/>; waits for something when asked to.</summary>
    /// <returns>False when the queue is closed and empty.</returns>
    public bool TakeAll(List<WriteRequest> batch, bool wait)
    {
        lock (_lock)
        {
            while (wait && _waiting.Count == 0 && !_closed)
                threads.Wait(_lock, Timeout.InfiniteTimeSpan);
            batch.AddRange(_waiting);
            _waiting.Clear();
            return batch.Count > 0 || !_closed;
        }
    }

    /// <summary>Takes no more; what waits is still done.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            threads.PulseAll(_lock);
        }
    }
}
