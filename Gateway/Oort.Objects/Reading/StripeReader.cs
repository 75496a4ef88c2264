using Oort.Backends;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>Reads payload bytes of one stripe, or some full stripes in one go: from the data shards that hold them, or, when one is missing, slow or bad, from any k shards.</summary>
/// <remarks>The cells of full stripes that follow one another lie end to end in each shard, and the code works byte by byte: so they are read, and decoded, as if they were one stripe of longer cells.</remarks>
/// <param name="stripe">The first.</param>
/// <param name="count">How many; 1, or full ones that are wanted whole. They come shard by shard.</param>
/// <param name="from">First byte within the stripe's payload.</param>
/// <param name="to">The byte after the last.</param>
internal sealed class StripeReader(DataPath path, OpenSegment segment, int stripe, int count, int from, int to)
{
    private readonly int cellSize = segment.Layout.CellSize(stripe) * count;

    private int FirstCell => from / cellSize;

    private int LastCell => (to - 1) / cellSize;

    /// <summary>
    /// 1. Read the pieces from the data shards, where all of them can be hoped for. 2. If one fails, or is late, read k cells of any shards
    /// and decode; what comes first is taken. 3. If too few can be read and one was not where it should be, look up the placement and start over.
    /// </summary>
    /// <param name="wait">How long to wait for the memory.</param>
    /// <exception cref="ObjectUnavailableException">Fewer than k shards can be read.</exception>
    /// <exception cref="OverloadedException">No memory.</exception>
    public async ValueTask<StripeBytes> ReadAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        while (true)
        {
            var bytes = IsDirect()
                ? await ReadDirectAsync(wait, cancellationToken)
                : await DecodeAsync(null, wait, cancellationToken);
            if (bytes is not null && !segment.IsStale) return bytes;
            var hasMoved = await RefreshAsync(bytes, cancellationToken);
            if (bytes is not null) return bytes;
            if (!hasMoved) throw new ObjectUnavailableException($"Fewer than {segment.Geometry.DataShards} shards of stripe {stripe} of segment {segment.Id} can be read.");
        }
    }

    private async ValueTask<bool> RefreshAsync(StripeBytes? bytes, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await segment.RefreshAsync(cancellationToken);
        }
        catch
        {
            bytes?.Dispose();
            throw;
        }
    }

    private bool IsDirect()
    {
        for (var cell = FirstCell; cell <= LastCell; cell++)
            if (!segment.IsPrompt(cell)) return false;
        return true;
    }

    private async ValueTask<StripeBytes?> ReadDirectAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var buffer = await path.Buffers.RentAsync(to - from, wait, cancellationToken);
        var reads = new Task<bool>[LastCell - FirstCell + 1];
        for (var i = 0; i < reads.Length; i++) reads[i] = ReadPieceAsync(FirstCell + i, buffer, cancellationToken);
        var all = Task.WhenAll(reads);
        var started = path.Time.GetTimestamp();
        var isTaken = false;
        try
        {
            var isPrompt = await EndsWithinAsync(all, segment.HedgeDelay, cancellationToken);
            if (isPrompt && Array.TrueForAll(all.Result, isDone => isDone))
            {
                isTaken = true;
                return StripeBytes.Of(buffer);
            }
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var decoding = DecodeAsync((buffer, reads), MemoryBudget.ProgressWait, stop.Token).AsTask();
            if (!isPrompt && await ComeFirstAsync(all, decoding, started, cancellationToken))
            {
                await stop.CancelAsync();
                _ = decoding.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result?.Dispose(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                isTaken = true;
                return StripeBytes.Of(buffer);
            }
            var decoded = await decoding;
            MarkSlow(reads);
            return decoded;
        }
        finally
        {
            if (!isTaken) buffer.DisposeAfter(all);
        }
    }

    /// <summary>Whether the late pieces come, all of them, before the decoding has succeeded.</summary>
    private async ValueTask<bool> ComeFirstAsync(Task<bool[]> pieces, Task<StripeBytes?> decoding, long started, CancellationToken cancellationToken)
    {
        await Task.WhenAny(pieces, decoding);
        if (decoding is { IsCompletedSuccessfully: true, Result: not null } or { IsCanceled: true }) return false;
        var left = path.Options.StoreTimeout - path.Time.GetElapsedTime(started);
        if (left > TimeSpan.Zero) await EndsWithinAsync(pieces, left, cancellationToken);
        return pieces.IsCompleted && Array.TrueForAll(pieces.Result, isDone => isDone);
    }

    private void MarkSlow(Task<bool>[] reads)
    {
        for (var i = 0; i < reads.Length; i++)
        {
            if (reads[i].IsCompleted || segment.Find(FirstCell + i) is not { } store) continue;
            path.SlowReads.Mark(store.Id);
            var (offset, length) = RangeOf(FirstCell + i);
            path.Stores.Complain(store.Id, new(segment.Id, (byte)(FirstCell + i)), offset, length);
        }
    }

    private Task<bool> ReadPieceAsync(int cell, PooledBuffer buffer, CancellationToken cancellationToken)
    {
        var (first, last) = PieceOf(cell);
        return segment.Find(cell) is { } store
            ? CellRead.RunAsync(path, segment, store, cell, RangeOf(cell).Offset, buffer.Memory[(first - from)..(last - from)], cancellationToken)
            : Task.FromResult(false);
    }

    /// <summary>Where the part of the range that lies in a cell is in its shard.</summary>
    private (long Offset, int Length) RangeOf(int cell)
    {
        var (first, last) = PieceOf(cell);
        return (segment.Layout.CellOffset(stripe) + first - cell * cellSize, last - first);
    }

    /// <summary>The part of the range that lies in a cell, as offsets in the stripe's payload.</summary>
    private (int First, int Last) PieceOf(int cell) => (Math.Max(from, cell * cellSize), Math.Min(to, (cell + 1) * cellSize));

    /// <summary>Reads k cells of any shards and decodes the wanted ones; null when too few can be read in time.</summary>
    /// <param name="direct">Pieces that were tried already: what is whole of them is taken over, what is late is not asked again.</param>
    private async ValueTask<StripeBytes?> DecodeAsync((PooledBuffer Buffer, Task<bool>[] Reads)? direct, TimeSpan wait, CancellationToken cancellationToken)
    {
        // In one cell the same columns of other cells are enough; across cells it takes whole ones.
        var isSingle = FirstCell == LastCell;
        var (columnOffset, columnCount) = isSingle ? (from - FirstCell * cellSize, to - from) : (0, cellSize);
        var cells = await CellReads.OpenAsync(path, segment, stripe, columnOffset, columnCount, wait, cancellationToken);
        var isTaken = false;
        try
        {
            var late = direct is { } tried ? TakeOver(cells, tried.Buffer, tried.Reads, columnCount) : [];
            if (!await ReadEnoughAsync(cells, late, cancellationToken)) return null;
            var wanted = new bool[segment.Geometry.TotalShards];
            for (var cell = FirstCell; cell <= LastCell; cell++) wanted[cell] = true;
            await cells.DecodeAsync(wanted, cancellationToken);
            isTaken = true;
            return new StripeBytes(cells, isSingle ? cells.Piece(FirstCell) : cells.Pieces[from..to]);
        }
        finally
        {
            if (!isTaken) cells.Dispose();
        }
    }

    private List<int> TakeOver(CellReads cells, PooledBuffer buffer, Task<bool>[] reads, int columnCount)
    {
        var late = new List<int>();
        for (var i = 0; i < reads.Length; i++)
        {
            var cell = FirstCell + i;
            var (first, last) = PieceOf(cell);
            if (!reads[i].IsCompleted) late.Add(cell);
            else if (reads[i].Result && last - first == columnCount) cells.Take(cell, buffer.Span[(first - from)..(last - from)]);
        }
        return late;
    }

    /// <summary>Reads until k pieces are there: as many as are missing at first, another for each that fails, all that are left when it takes longer than the hedge.</summary>
    /// <param name="avoided">Shards not to ask, except when nothing else is left.</param>
    private async ValueTask<bool> ReadEnoughAsync(CellReads cells, List<int> avoided, CancellationToken cancellationToken)
    {
        var candidates = new Queue<int>(Candidates(avoided).Where(shard => !cells.IsStarted(shard)));
        var started = path.Time.GetTimestamp();
        var needed = segment.Geometry.DataShards;
        var isHedged = false;
        while (true)
        {
            var (done, pending) = cells.Look();
            while (done < needed && (isHedged || done + pending < needed) && candidates.TryDequeue(out var shard))
            {
                cells.TryStart(shard);
                (done, pending) = cells.Look();
            }

            if (done >= needed) return true;
            if (done + pending < needed) return false;
            var limit = isHedged ? path.Options.StoreTimeout : segment.HedgeDelay;
            var left = limit - path.Time.GetElapsedTime(started);
            if (left > TimeSpan.Zero && await EndsWithinAsync(cells.NextAsync(), left, cancellationToken)) continue;
            if (isHedged) return false;
            isHedged = true;
        }
    }

    /// <summary>Shards in the order in which to ask them: those that are near, those that are far, those that were slow a moment ago or are not to be relied on; in each wanted data cells, then the nearest, then other data cells, then parity.</summary>
    private IEnumerable<int> Candidates(List<int> avoided)
    {
        int Rank(int shard) => avoided.Contains(shard) || !segment.IsSound(shard) ? 2 : segment.IsNear(shard) ? 0 : 1;
        return [.. Enumerable.Range(0, segment.Geometry.TotalShards).OrderBy(Rank).ThenBy(shard => shard >= FirstCell && shard <= LastCell ? 0 : 1).ThenBy(segment.DistanceOf)];
    }

    private async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (task.IsCompleted) return true;
        try
        {
            await task.WaitAsync(limit, path.Time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
