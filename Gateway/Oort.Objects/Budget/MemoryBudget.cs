namespace Oort.Objects.Budget;

/// <summary>Counts the bytes that all requests of the process hold in buffers, and admits more only while they fit. First come, first served.</summary>
/// <remarks>
/// Thread-safe. Every wait is bounded, so two requests that each hold a share and want another cannot wait for one another for ever:
/// one of them is refused, and gives back what it holds.
/// </remarks>
public sealed class MemoryBudget
{
    /// <summary>A request that cannot begin within this is better sent away: its client then has the answer within a second, also from a busy machine, and its SDK retries with a pause.</summary>
    public static readonly TimeSpan AdmissionWait = TimeSpan.FromMilliseconds(400);

    /// <summary>A request that is under way waits longer, since sending it away wastes what it has done; still bounded, against deadlock.</summary>
    public static readonly TimeSpan ProgressWait = TimeSpan.FromSeconds(30);

    /// <summary>Waiting requests at most. More would time out anyway, each holding a connection and its headers.</summary>
    public const int WaiterCountMax = 4096;

    /// <summary>The part of the budget that new requests leave to connections at most, whatever has been announced of them.</summary>
    private const int ConnectionDivisor = 4;

    private readonly Lock gate = new();
    private readonly LinkedList<Waiter> waiters = new();
    private long used;

    /// <summary>The part of <see cref="used"/> that connections hold, and what they may come to hold.</summary>
    private long connectionsUsed;
    private long connectionsAnnounced;

    /// <summary>Bytes that those in line have asked for.</summary>
    private long lineBytes;

    /// <param name="capacity">Bytes to give out, at least 1.</param>
    public MemoryBudget(long capacity, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        Time = time;
    }

    public long Capacity { get; }

    internal TimeProvider Time { get; }

    /// <summary>Bytes given out now.</summary>
    public long Used
    {
        get { lock (gate) return used; }
    }

    /// <summary>Whether half of the budget would be left if so many bytes more were taken: what is read or written at a time may then be longer, for speed. The other half is for those who come later.</summary>
    internal bool IsPlenty(long bytes) => Used + bytes <= Capacity / 2;

    /// <summary>Takes bytes if they are there and nobody waits.</summary>
    public bool TryAcquire(long bytes)
    {
        lock (gate)
        {
            if (waiters.Count > 0 || !Fits(bytes, isNew: true)) return false;
            used += bytes;
            return true;
        }
    }

    /// <summary>Takes bytes that are in use already, whether they fit or not; others wait until they come back.</summary>
    internal void AcquireOver(long bytes)
    {
        lock (gate) used += bytes;
    }

    /// <summary>
    /// Says what a connection that has come may take with <see cref="AcquireForConnection"/>; negative when it goes. New requests leave so much free, up to a quarter of the budget:
    /// a crowd connects, then sends all at once, and what was given to its first requests could not be had back.
    /// </summary>
    public void AnnounceConnection(long bytes)
    {
        lock (gate)
        {
            connectionsAnnounced += bytes;
            ArgumentOutOfRangeException.ThrowIfNegative(connectionsAnnounced, nameof(bytes));
            AdmitFirst();
        }
    }

    /// <summary>Takes bytes for a connection, which cannot be made to wait.</summary>
    internal void AcquireForConnection(long bytes)
    {
        lock (gate)
        {
            used += bytes;
            connectionsUsed += bytes;
        }
    }

    internal void ReleaseOfConnection(long bytes)
    {
        lock (gate)
        {
            connectionsUsed -= bytes;
            used -= bytes;
            ArgumentOutOfRangeException.ThrowIfNegative(connectionsUsed, nameof(bytes));
            AdmitFirst();
        }
    }

    /// <summary>Takes bytes, waiting in line for them.</summary>
    /// <param name="wait">At most <see cref="AdmissionWait"/>: for a request that has not begun.</param>
    /// <exception cref="OverloadedException">They did not come within <paramref name="wait"/>, are more than the whole budget, or those who wait already want as much as that.</exception>
    public ValueTask AcquireAsync(long bytes, TimeSpan wait, CancellationToken cancellationToken)
    {
        var isNew = wait <= AdmissionWait;
        LinkedListNode<Waiter> node;
        lock (gate)
        {
            if (waiters.Count == 0 && Fits(bytes, isNew))
            {
                used += bytes;
                return ValueTask.CompletedTask;
            }
            if (bytes > Capacity) throw new OverloadedException($"{bytes} bytes of buffers are needed, and the whole budget is {Capacity}.");
            if (wait == TimeSpan.Zero) throw new OverloadedException($"No {bytes} bytes of buffers are free.");
            if (waiters.Count >= WaiterCountMax) throw new OverloadedException($"{WaiterCountMax} requests wait for buffers already.");
            // All of the budget would have to come free in time; told now, a client does not wait in vain.
            if (isNew && lineBytes + bytes > Capacity) throw new OverloadedException($"Requests for {lineBytes} bytes of buffers wait already.");
            node = waiters.AddLast(new Waiter(bytes, isNew));
            lineBytes += bytes;
        }
        return WaitAsync(node, wait, cancellationToken);
    }

    /// <summary>Gives bytes back and lets those in who fit now, in the order they came.</summary>
    public void Release(long bytes)
    {
        lock (gate)
        {
            used -= bytes;
            ArgumentOutOfRangeException.ThrowIfNegative(used, nameof(bytes));
            AdmitFirst();
        }
    }

    /// <param name="isNew">It leaves to connections what has been announced; what is under way does not, since it ends the sooner.</param>
    private bool Fits(long bytes, bool isNew)
    {
        var left = isNew ? Math.Min(connectionsAnnounced, Capacity / ConnectionDivisor) - connectionsUsed : 0;
        return used + Math.Max(0, left) + bytes <= Capacity;
    }

    private void AdmitFirst()
    {
        while (waiters.First is { } first && Fits(first.Value.Bytes, first.Value.IsNew))
        {
            waiters.RemoveFirst();
            lineBytes -= first.Value.Bytes;
            used += first.Value.Bytes;
            first.Value.Admitted.SetResult();
        }
    }

    private async ValueTask WaitAsync(LinkedListNode<Waiter> node, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await node.Value.Admitted.Task.WaitAsync(wait, Time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            Withdraw(node);
            if (e is TimeoutException) throw new OverloadedException($"No {node.Value.Bytes} bytes of buffers came free within {wait.TotalSeconds} s.");
            throw;
        }
    }

    /// <summary>Leaves the line; or, when admitted in the same moment, gives the bytes back.</summary>
    private void Withdraw(LinkedListNode<Waiter> node)
    {
        lock (gate)
        {
            if (node.List is null)
            {
                used -= node.Value.Bytes;
            }
            else
            {
                waiters.Remove(node);
                lineBytes -= node.Value.Bytes;
            }
            // Whoever stood behind a large request may fit now that it is gone.
            AdmitFirst();
        }
    }

    private sealed class Waiter(long bytes, bool isNew)
    {
        public long Bytes { get; } = bytes;

        /// <summary>It has not begun.</summary>
        public bool IsNew { get; } = isNew;

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
