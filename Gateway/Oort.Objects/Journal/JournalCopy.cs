using Oort.Backends;

namespace Oort.Objects;

/// <summary>One store's copy of a log: appends what it lacks, one append at a time, and goes on after failures where it is known to be right.</summary>
/// <remarks>
/// An append that hangs is never overtaken by a second one to the same copy: it might come to life later and cut off what the second wrote. The copy just does
/// not count until it has ended.
/// </remarks>
internal sealed class JournalCopy(StoreId store, JournalLog log)
{
    /// <summary>Bytes of one append, unless a single record is larger.</summary>
    public const int AppendSizeMax = 4 * 1024 * 1024;

    private readonly Lock gate = new();
    private long position;
    private bool running;
    private long failedAt;
    private TaskCompletionSource? idle;

    public StoreId Store { get; } = store;

    /// <summary>How many bytes of the log this store holds durably.</summary>
    public long Position => Interlocked.Read(ref position);

    public bool IsBehind => Position < log.End;

    /// <summary>Ends when no append is under way: to be waited for when the journal ends.</summary>
    public Task WhenIdle()
    {
        lock (gate) return running ? (idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
    }

    /// <summary>Begins to append what is missing, unless that is under way already or failed a moment ago. Returns when the store has been told; it never blocks on the medium.</summary>
    public void Kick(StoreSet stores, TimeProvider time, TimeSpan retryDelay, CancellationToken stop)
    {
        lock (gate)
        {
            if (running || stop.IsCancellationRequested || !IsBehind) return;
            if (failedAt != 0 && time.GetElapsedTime(failedAt) < retryDelay) return;
            running = true;
        }

        // Outside the lock: a store that fails at once is reported, and whoever hears of that may kick other copies.
        _ = RunAsync(stores, time, stop);
    }

    /// <summary>Forgets the last failure: its store is said to be well again.</summary>
    public void ForgetFailure()
    {
        lock (gate) failedAt = 0;
    }

    private async Task RunAsync(StoreSet stores, TimeProvider time, CancellationToken stop)
    {
        while (true)
        {
            lock (gate)
            {
                if (stop.IsCancellationRequested || !IsBehind)
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
                return;
            }
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
            Interlocked.Exchange(ref position, from + content.Length);
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
