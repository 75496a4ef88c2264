using System.Numerics;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Caching;

/// <summary>Keeps the sealed data cells of far stores that are asked for again and again on a near disk, over restarts too (docs/formats/cell-cache.md).</summary>
/// <remarks>
/// Thread-safe. Nothing of it is needed, and nothing of it is believed: a cell that is not there, not what was written, or does not come soon is read from the stores, and one that does not
/// open is dropped by its reader. A cell comes in when it is asked for the second time, so that a scan, which asks once, costs no writes and pushes nothing out. Keys never come
/// near it: with its key destroyed a cell cannot be opened from here either.
/// </remarks>
internal sealed partial class CellCache : IAsyncDisposable
{
    /// <summary>How long a stop waits for the disk.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    /// <summary>Requests that are remembered to know the second from the first: twice as many as full cells have room, within these limits.</summary>
    private const int RememberedCountMin = 16 * 1024;

    private const int RememberedCountMax = 4 * 1024 * 1024;

    private readonly CellCacheOptions options;
    private readonly CacheDisk disk;
    private readonly CacheIndex index = new();
    private readonly CacheFolder folder;
    private readonly CacheReads reads;
    private readonly CacheWriter writer;
    private readonly BufferPool buffers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Doorkeeper remembered;
    private long slowSince;
    private long hitCount;
    private long hitBytes;
    private long missCount;
    private long skippedCount;
    private long badCount;

    private CellCache(CacheClaim claim, ClusterId cluster, BufferPool buffers, ThreadProvider threads, TimeProvider time, ILogger logger)
    {
        (options, disk, this.buffers, this.time, this.logger) = (claim.Options, claim.Disk, buffers, time, logger);
        folder = new(disk, claim.HandOver(), index, cluster, options.SizeMax, options.FileSize);
        reads = new(disk, threads);
        writer = new(folder, buffers, options.FaultPause, threads, time, logger);
        var wanted = Math.Clamp(2 * options.SizeMax / ShardLayout.FullCellSize, RememberedCountMin, RememberedCountMax);
        remembered = new(BitOperations.Log2(BitOperations.RoundUpToPowerOf2((ulong)wanted)));
    }

    /// <summary>Whether cells of this machine's own disks are kept too.</summary>
    public bool IncludesOwnDisks => options.IncludesOwnDisks;

    public CellCacheStatus Status => new(
        disk.Directory, options.SizeMax, folder.Bytes, index.Count, Interlocked.Read(ref hitCount), Interlocked.Read(ref hitBytes), Interlocked.Read(ref missCount),
        writer.WrittenCount, writer.WrittenBytes, folder.EvictedCount, writer.SkippedCount + Interlocked.Read(ref skippedCount), Interlocked.Read(ref badCount), writer.Fault);

    /// <summary>Begins to use a folder; what is in it is looked through beside everything else. A disk that cannot be used now is tried again later.</summary>
    /// <param name="buffers">Cells that wait to be written, and those that are read, are charged to its budget.</param>
    public static CellCache Open(CacheClaim claim, ClusterId cluster, BufferPool buffers, ThreadProvider threads, TimeProvider time, ILogger logger)
    {
        var cache = new CellCache(claim, cluster, buffers, threads, time, logger);
        cache.writer.Start();
        return cache;
    }

    /// <summary>Whether a cell is here and may be asked for. Counts as no use of it.</summary>
    public bool Has(CellName cell) => !IsSlow() && index.Has(cell);

    /// <summary>Reads a cell.</summary>
    /// <param name="length">Of the whole cell, in bytes.</param>
    /// <param name="wait">How long to wait for memory.</param>
    /// <returns>Its bytes, as they were kept: not authenticated. Null: they have to be asked of the stores.</returns>
    /// <exception cref="OverloadedException">No memory.</exception>
    public async Task<PooledBuffer?> TryReadAsync(CellName cell, int length, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (IsSlow() || index.Use(cell) is not { } place) return null;
        if (place.Entry.Length != length)
        {
            Drop(place);
            return null;
        }
        var buffer = await buffers.RentAsync(length, wait, cancellationToken);
        if (!reads.TryBegin(place, buffer.Memory, out var read))
        {
            Interlocked.Increment(ref skippedCount);
            buffer.Dispose();
            return null;
        }
        var isTaken = false;
        try
        {
            var outcome = await read.WaitAsync(options.Patience, time, cancellationToken);
            isTaken = outcome == CacheReadOutcome.Right;
            if (outcome is CacheReadOutcome.Damaged or CacheReadOutcome.Failed) Drop(place);
        }
        catch (TimeoutException)
        {
            Interlocked.Exchange(ref slowSince, Math.Max(1, time.GetTimestamp()));
            LogSlow(logger, disk.Directory, options.Patience.TotalSeconds, options.SlowPause.TotalSeconds);
        }
        finally
        {
            if (!isTaken) buffer.DisposeAfter(read);
        }
        if (!isTaken) return null;
        Interlocked.Increment(ref hitCount);
        Interlocked.Add(ref hitBytes, length);
        return buffer;
    }

    /// <summary>Remembers that a cell has to be asked of its store.</summary>
    /// <returns>Whether it was asked for before, among the last requests: then it is worth keeping. Seldom true by mistake, where two cells have the same hash.</returns>
    public bool Remember(CellName cell)
    {
        Interlocked.Increment(ref missCount);
        return remembered.Count(HashOf(cell)) > 1;
    }

    /// <summary>Has a copy of a cell's bytes written in the background, if the disk keeps up.</summary>
    public void Keep(CellName name, ReadOnlySpan<byte> cell)
    {
        if (!index.Has(name)) writer.Add(name, cell);
    }

    /// <summary>Drops a cell that is not what was sealed.</summary>
    public void Drop(CellName cell)
    {
        if (index.Remove(cell)) Interlocked.Increment(ref badCount);
    }

    /// <summary>Drops all of a segment that is no more.</summary>
    public void Drop(SegmentId segment, ShardLayout layout)
    {
        for (var stripe = 0; stripe < layout.StripeCount; stripe++)
            for (var cell = 0; cell < layout.Geometry.DataShards; cell++) index.Remove(new CellName(segment, (ushort)stripe, (byte)cell));
    }

    /// <summary>Ends in order: what is kept is there at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        reads.Stop();
        await writer.StopAsync(StopPatience);
    }

    private void Drop(CachePlace place)
    {
        Interlocked.Increment(ref badCount);
        index.Remove(place);
    }

    private bool IsSlow() => Interlocked.Read(ref slowSince) is not 0 and var since && time.GetElapsedTime(since) < options.SlowPause;

    private static ulong HashOf(CellName cell)
    {
        var segment = Doorkeeper.Mix(BitOperations.RotateLeft(cell.Segment.Epoch, 32) ^ cell.Segment.Counter);
        return Doorkeeper.Mix(segment ^ ((ulong)cell.Stripe << 8) ^ cell.Cell);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache {Directory} did not answer within {Seconds} s; it is not asked for {Pause} s.")]
    private static partial void LogSlow(ILogger logger, string directory, double seconds, double pause);
}
