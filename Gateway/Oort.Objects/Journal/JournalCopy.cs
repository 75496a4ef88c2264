using Oort.Backends;

namespace Oort.Objects;

/// <summary>One store's copy of a log: appends what it lacks, one append at a time, and goes on after failures where it is known to be right.</summary>
/// <remarks>
/// An append that hangs is never overtaken by a second one to the same copy: it might come to life later and cut off what the second wrote. The copy just does
/// not count until it has ended. A copy may also rest: it lacks the newest record until it is kicked, and takes that together with the next one.
/// </remarks>
internal sealed class JournalCopy(StoreId store, JournalLog log)
{
    /// <summary>Bytes of one append, unless a single record is larger.</summary>
    public const int AppendSizeMax = 4 * 1024 * 1024;

    private readonly Lock gate = new();
    private long position;
    private long wanted;
    private bool running;
    private long failedAt;
    private long stalledAt;
    private TaskCompletionSource? idle;

    public StoreId Store { get; } = store;

    /// <summary>How many bytes of the log this store holds durably.</summary>
    public long Position => Interlocked.Read(ref position);

    public bool IsBehind => Position < log.End;

    private bool HasWork => Position < wanted;

    /// <summary>Ends when no append is under way: to be waited for when the journal ends.</summary>
    public Task WhenIdle()
    {
        lock (gate) return running ? (idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
    }

    /// <summary>Whether the next record is likely to be on this store soon: it did not fail or stall a moment ago, and no append of what was before hangs.</summary>
    /// <param name="start">Where the record begins.</param>
    public bool IsReliable(long start, TimeProvider time, TimeSpan stallAvoidance)
    {
        lock (gate)
            return failedAt == 0 && (!running || Position >= start) && (stalledAt == 0 || time.GetElapsedTime(stalledAt) >= stallAvoidance);
    }

    /// <summary>It was asked for a record and does not have it yet, which is late.</summary>
    public void MarkIfStalled(TimeProvider time)
    {
        lock (gate)
            if (HasWork) stalledAt = Math.Max(1, time.GetTimestamp());
    }

    /// <summary>Begins to append what is missing, unless that is under way already or failed a moment ago. Returns when the store has been told; it never blocks on the medium.</summary>
    public void Kick(StoreSet stores, TimeProvider time, TimeSpan retryDelay, CancellationToken stop)
    {
        lock (gate)
        {
            wanted = log.End;
            if (running || stop.IsCancellationRequested || !HasWork) return;
            if (failedAt != 0 && time.GetElapsedTime(failedAt) < retryDelay) return;
            running = true;
        }

        // Outside the lock: a store that fails at once is reported, and whoever hears of that may kick other copies.
        _ = RunAsync(stores, time, retryDelay, stop);
    }

    /// <summary>Forgets the last failure: its store is said to be well again.</summary>
    public void ForgetFailure()
    {
        lock (gate) failedAt = 0;
    }

    private async Task RunAsync(StoreSet stores, TimeProvider time, TimeSpan retryDelay, CancellationToken stop)
    {
        while (true)
        {
            lock (gate)
            {
                if (stop.IsCancellationRequested || !HasWork)
                {
                    End();
                    return;
                }
            }

            if (await AppendOnceAsync(stores, stop)) continue;
            lock (gate)
            {
                failedAt = Math.Max(1, time.GetTimestamp());
                End();
            }

            // Copies that rest were counted on no longer than this one was.
            foreach (var other in log.Copies) other.Kick(stores, time, retryDelay, stop);
            return;
        }
    }

    /// <summary>Under the lock, together with the look that found nothing more to do: a later kick then finds it free.</summary>
    private void End()
    {
        running = false;
        idle?.TrySetResult();
        idle = null;
    }

    private async ValueTask<bool> AppendOnceAsync(StoreSet stores, CancellationToken stop)
    {
        if (stores.Find(Store) is not { } target) return false;
        var from = Position;
        var content = log.Recent(from);
        if (content.IsEmpty) content = await ReadFromOthersAsync(stores, from, stop);
        if (content.IsEmpty) return false;
        try
        {
            await target.AppendLogAsync(log.Name, from, content, CancellationToken.None);
            lock (gate) (position, failedAt) = (from + content.Length, 0);
            log.CopyAdvanced();
            return true;
        }
        catch (BackendException failure)
        {
            stores.Report(Store, failure);
            // The store has lost a part of what it held (it was wiped, or put back to an older state): the copy begins anew.
            if (failure.Kind is BackendErrorKind.Corrupt or BackendErrorKind.NotFound) Interlocked.Exchange(ref position, 0);
            return false;
        }
    }

    /// <summary>Reads what is no longer in memory from a copy that is further; each record is compared with the hash that was kept when it was made.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadFromOthersAsync(StoreSet stores, long from, CancellationToken stop)
    {
        var parts = log.Parts(from, AppendSizeMax);
        var content = new byte[parts.Sum(static part => part.Length)];
        foreach (var other in log.Copies)
        {
            if (other == this || other.Position < from + content.Length || stores.Find(other.Store) is not { } source) continue;
            try
            {
                if (await source.ReadLogAsync(log.Name, from, content, stop) == content.Length && HashesFit(content, parts)) return content;
            }
            catch (BackendException failure)
            {
                stores.Report(other.Store, failure);
            }
        }

        return default;
    }

    private static bool HashesFit(ReadOnlySpan<byte> content, System.Collections.Immutable.ImmutableArray<(int Length, RecordHash Hash)> parts)
    {
        foreach (var (length, hash) in parts)
        {
            if (RecordHash.Of(content[..length]) != hash) return false;
            content = content[length..];
        }

        return true;
    }
}
