using Oort.Backends;
using Oort.Erasure;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>Reads the same columns of several cells of one stripe, each to its place in one buffer of k + m such pieces, and decodes what is missing.</summary>
/// <remarks>
/// Used by one reader. A read that was started may write into its place until it ends, however late; so nothing is decoded into a buffer in which a read is
/// pending, and the buffer goes back to the pool after the last one.
/// </remarks>
internal sealed class CellReads : IDisposable
{
    private readonly DataPath path;
    private readonly OpenSegment segment;
    private readonly int stripe;
    private readonly int columnOffset;
    private readonly int columnCount;
    private readonly Task<bool>?[] reads;
    private readonly bool[] done;
    private readonly CancellationTokenSource cancellation;
    private PooledBuffer buffer;

    private CellReads(DataPath path, OpenSegment segment, int stripe, int columnOffset, int columnCount, PooledBuffer buffer, CancellationToken cancellationToken)
    {
        this.path = path;
        this.segment = segment;
        this.stripe = stripe;
        this.columnOffset = columnOffset;
        this.columnCount = columnCount;
        this.buffer = buffer;
        reads = new Task<bool>?[segment.Geometry.TotalShards];
        done = new bool[segment.Geometry.TotalShards];
        cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    public static async ValueTask<CellReads> OpenAsync(DataPath path, OpenSegment segment, int stripe, int columnOffset, int columnCount, TimeSpan wait, CancellationToken cancellationToken)
    {
        var buffer = await path.Buffers.RentAsync(segment.Geometry.TotalShards * columnCount, wait, cancellationToken);
        return new CellReads(path, segment, stripe, columnOffset, columnCount, buffer, cancellationToken);
    }

    /// <summary>Pieces that are there, as of the last look.</summary>
    public int DoneCount => done.Count(isDone => isDone);

    private int PendingCount => reads.Count(read => read is { IsCompleted: false });

    /// <summary>Ends when one more read has ended; at once when none is pending.</summary>
    public Task NextAsync()
    {
        // Looked at once: between two looks the last ones may end.
        var pending = reads.OfType<Task>().Where(read => !read.IsCompleted).ToArray();
        return pending.Length == 0 ? Task.CompletedTask : Task.WhenAny(pending);
    }

    /// <summary>All pieces end to end.</summary>
    public Memory<byte> Pieces => buffer.Memory;

    public Memory<byte> Piece(int shard) => buffer.Memory.Slice(shard * columnCount, columnCount);

    public bool IsStarted(int shard) => done[shard] || reads[shard] is not null;

    public bool IsDone(int shard) => done[shard];

    /// <summary>Begins to read a shard's piece, if there is a store for it.</summary>
    public bool TryStart(int shard)
    {
        if (segment.Find(shard) is not { } store) return false;
        reads[shard] = CellRead.RunAsync(path, segment, store, shard, segment.Layout.CellOffset(stripe) + columnOffset, Piece(shard), cancellation.Token);
        return true;
    }

    /// <summary>Takes a piece that was read elsewhere.</summary>
    public void Take(int shard, ReadOnlySpan<byte> piece)
    {
        piece.CopyTo(Piece(shard).Span);
        done[shard] = true;
    }

    /// <summary>Looks which reads have ended since. A read that ends after the last look is not used.</summary>
    /// <returns>How many pieces are there, and how many may yet come.</returns>
    public (int Done, int Pending) Look() => Look(reads, done);

    /// <summary>Looks at each read once, so that one that ends meanwhile is in one of the two counts: neither in none nor in both.</summary>
    /// <param name="reads">By shard; null: none was begun.</param>
    /// <param name="done">By shard; set where a piece is there.</param>
    internal static (int Done, int Pending) Look(IEnumerable<Task<bool>?> reads, bool[] done)
    {
        var (doneCount, pendingCount, shard) = (0, 0, 0);
        foreach (var read in reads)
        {
            var hasEnded = read is null || read.IsCompleted;
            if (hasEnded && read is { IsCompletedSuccessfully: true, Result: true }) done[shard] = true;
            if (done[shard]) doneCount++;
            else if (!hasEnded) pendingCount++;
            shard++;
        }

        return (doneCount, pendingCount);
    }

    /// <summary>A piece turned out not to be what was written.</summary>
    public void Discard(int shard)
    {
        reads[shard] = Task.FromResult(false);
        done[shard] = false;
    }

    /// <summary>Decodes the wanted pieces that are not done. At least k must be.</summary>
    public async ValueTask DecodeAsync(bool[] wanted, CancellationToken cancellationToken)
    {
        if (!Enumerable.Range(0, done.Length).Any(shard => wanted[shard] && !done[shard])) return;
        if (PendingCount > 0) await MoveAsync(cancellationToken);
        ReedSolomon.For(segment.Geometry.DataShards, segment.Geometry.ParityShards).Reconstruct(buffer.Span, columnCount, done, wanted);
    }

    public void Dispose()
    {
        cancellation.Cancel();
        cancellation.Dispose();
        buffer.DisposeAfter(Pending());
    }

    private Task Pending() => PendingCount == 0 ? Task.CompletedTask : Task.WhenAll(reads.Where(read => read is not null)!);

    /// <summary>Leaves the buffer to the reads that are pending, and goes on with what is done in a fresh one.</summary>
    private async ValueTask MoveAsync(CancellationToken cancellationToken)
    {
        var fresh = await path.Buffers.RentAsync(buffer.Size, MemoryBudget.ProgressWait, cancellationToken);
        for (var shard = 0; shard < done.Length; shard++)
            if (done[shard]) Piece(shard).Span.CopyTo(fresh.Span[(shard * columnCount)..]);
        buffer.DisposeAfter(Pending());
        buffer = fresh;
        for (var shard = 0; shard < done.Length; shard++)
            if (!done[shard]) reads[shard] = Task.FromResult(false);
    }
}
