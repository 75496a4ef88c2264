namespace Oort.Backends.Local;

/// <summary>A few threads that block on the medium so that callers do not. A medium that hangs holds these and no others.</summary>
internal sealed class IoThreads
{
    /// <summary>The most calls that wait for a thread. Each holds a caller's buffer, which the gateway's budget has bounded before.</summary>
    public const int QueueCountMax = 16 * 1024;

    private readonly object _lock = new();
    private readonly ThreadProvider _threads;
    private readonly Queue<Action> _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private int _running;

    public IoThreads(ThreadProvider threads, string name, int count)
    {
        _threads = threads;
        _running = count;
        for (var i = 0; i < count; i++)
            threads.Start($"{name} {i}", _lock, Run);
    }

    /// <summary>Ends when all threads have ended.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>Runs <paramref name="call"/> on one of the threads. The token counts until the call begins.</summary>
    /// <exception cref="BackendException">Kind Throttled when too many wait, Permanent when the store is closed.</exception>
    public Task<T> RunAsync<T>(Func<T> call, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellationToken);
                return;
            }

            try
            {
                done.TrySetResult(call());
            }
            catch (Exception e) // The caller's to handle: it comes out of the task.
            {
                done.TrySetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Takes no more; what is queued is still done.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopping = true;
            _threads.PulseAll(_lock);
        }
    }

    private void Add(Action action)
    {
        lock (_lock)
        {
            if (_isStopping)
                throw new BackendException(BackendErrorKind.Permanent, "The store is closed.");
            if (_queue.Count >= QueueCountMax)
                throw new BackendException(BackendErrorKind.Throttled, $"{QueueCountMax} calls wait for this disk already.");
            _queue.Enqueue(action);
            _threads.Pulse(_lock);
        }
    }

    private void Run(bool mayWait)
    {
        while (TryTake(mayWait, out var action))
            action();
        if (_isStopping && Interlocked.Decrement(ref _running) == 0)
            _stopped.TrySetResult();
    }

    private bool TryTake(bool mayWait, out Action action)
    {
        lock (_lock)
        {
            while (mayWait && _queue.Count == 0 && !_isStopping)
                _threads.Wait(_lock, Timeout.InfiniteTimeSpan);
            return _queue.TryDequeue(out action!);
        }
    }
}
