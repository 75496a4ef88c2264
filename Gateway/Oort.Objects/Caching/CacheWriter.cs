using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Objects.Budget;

namespace Oort.Objects.Caching;

/// <summary>The one thread that writes to the cache's disk, and what waits for it. A disk that fails, or has no room, is left alone for a while.</summary>
internal sealed partial class CacheWriter
{
    /// <summary>Bytes that wait at most: some milliseconds of a disk's work, and no more than a sixteenth of all buffers.</summary>
    private const int QueueBytesMax = 8 * 1024 * 1024;

    private const int BudgetDivisor = 16;

    /// <summary>The same while memory is plenty: a run of stripes comes all at once, and of a run that is kept in part the gaps cost as many ways to the far stores as the whole.</summary>
    private const int PlentyQueueBytesMax = 32 * 1024 * 1024;

    private const int PlentyBudgetDivisor = 4;

    private readonly object gate = new();
    private readonly CacheFolder folder;
    private readonly BufferPool buffers;
    private readonly ThreadProvider threads;
    private readonly TimeSpan faultPause;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Queue<(CellName Name, PooledBuffer Cell)> queue = new();
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long queuedBytes;
    private long writtenCount;
    private long writtenBytes;
    private long skippedCount;
    private long failedAt;
    private volatile string fault = "";
    private bool isStopping;

    public CacheWriter(CacheFolder folder, BufferPool buffers, TimeSpan faultPause, ThreadProvider threads, TimeProvider time, ILogger logger)
    {
        (this.folder, this.buffers, this.faultPause, this.threads, this.time, this.logger) = (folder, buffers, faultPause, threads, time, logger);
    }

    public long WrittenCount => Interlocked.Read(ref writtenCount);

    public long WrittenBytes => Interlocked.Read(ref writtenBytes);

    public long SkippedCount => Interlocked.Read(ref skippedCount);

    /// <summary>Why nothing is written; empty while all is well.</summary>
    public string Fault => fault;

    public void Start() => threads.Start("cache write", Run);

    /// <summary>Has a copy of a cell written, if the disk keeps up and there is memory for it.</summary>
    public void Add(CellName name, ReadOnlySpan<byte> cell)
    {
        if (!TryCopy(cell, out var copy))
        {
            Interlocked.Increment(ref skippedCount);
            return;
        }
        lock (gate)
        {
            if (isStopping)
            {
                copy.Dispose();
                return;
            }
            queue.Enqueue((name, copy));
            threads.Pulse(gate);
        }
    }

    /// <summary>What is queued is not written any more; the file that is written to is completed, and the lock let go.</summary>
    /// <param name="patience">How long to wait for that.</param>
    public async ValueTask StopAsync(TimeSpan patience)
    {
        lock (gate)
        {
            isStopping = true;
            threads.PulseAll(gate);
        }
        try
        {
            await stopped.Task.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            LogHung(logger, patience.TotalSeconds);
        }
    }

    private bool TryCopy(ReadOnlySpan<byte> cell, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PooledBuffer? copy)
    {
        copy = null;
        var charge = BufferPool.RoundUp(cell.Length);
        if (HasRoom(Interlocked.Add(ref queuedBytes, charge), charge) && IsDue() && buffers.TryRent(cell.Length, out copy))
        {
            cell.CopyTo(copy.Span);
            return true;
        }
        Interlocked.Add(ref queuedBytes, -charge);
        return false;
    }

    private bool HasRoom(long queued, long charge) =>
        queued <= Math.Min(QueueBytesMax, buffers.Budget.Capacity / BudgetDivisor)
        || (queued <= Math.Min(PlentyQueueBytesMax, buffers.Budget.Capacity / PlentyBudgetDivisor) && buffers.Budget.IsPlenty(charge));

    /// <summary>The disk works, or has been left alone for long enough.</summary>
    private bool IsDue() => fault.Length == 0 || time.GetElapsedTime(Interlocked.Read(ref failedAt)) >= faultPause;

    /// <summary>1. Opens what is there. 2. Writes what comes. 3. At the end completes what was begun.</summary>
    private void Run()
    {
        Try(static _ => { });
        while (Take() is { } next)
        {
            var (name, cell) = next;
            if (IsDue())
                Try(self =>
                {
                    if (!self.folder.Append(name, cell.Span)) return;
                    Interlocked.Increment(ref self.writtenCount);
                    Interlocked.Add(ref self.writtenBytes, cell.Size);
                });
            Release(cell);
        }
        if (folder.IsOpen) Try(static self => self.folder.Seal());
        folder.Close();
        stopped.SetResult();
    }

    private (CellName Name, PooledBuffer Cell)? Take()
    {
        lock (gate)
        {
            while (queue.Count == 0 && !isStopping) threads.Wait(gate, Timeout.InfiniteTimeSpan);
            if (!isStopping) return queue.Dequeue();
            while (queue.TryDequeue(out var rest)) Release(rest.Cell);
            return null;
        }
    }

    private void Release(PooledBuffer cell)
    {
        Interlocked.Add(ref queuedBytes, -BufferPool.RoundUp(cell.Size));
        cell.Dispose();
    }

    /// <summary>Does something with the folder, which is opened for it where it is not. When the disk refuses, all is closed, and begun anew when that is due.</summary>
    private void Try(Action<CacheWriter> what)
    {
        try
        {
            if (!folder.IsOpen) folder.Open();
            what(this);
            if (fault.Length > 0) LogWorks(logger);
            fault = "";
        }
        catch (Exception e)
        {
            folder.Close();
            Interlocked.Exchange(ref failedAt, time.GetTimestamp());
            if (e is IOException or UnauthorizedAccessException) LogFault(logger, e.Message, faultPause.TotalSeconds);
            else LogBug(logger, e);
            fault = e.Message;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache is off: {Reason} Everything is read from the stores; it is tried again after {Seconds} s.")]
    private static partial void LogFault(ILogger logger, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The cache is off: it failed unexpectedly.")]
    private static partial void LogBug(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cache works again.")]
    private static partial void LogWorks(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache's disk did not answer within {Seconds} s; what was written to it last is not there at the next start.")]
    private static partial void LogHung(ILogger logger, double seconds);
}
