using Oort.Objects.Budget;
using Oort.Objects.Caching;

namespace Oort.Objects.Reading;

/// <summary>Reads of one stripe that are not in its stores' memory: out of the cells that are kept in memory or on a near disk, with others who read the same, or from the stores.</summary>
internal sealed class SharedStripe(DataPath path, OpenSegment segment, int stripe)
{
    private readonly int cellSize = segment.Layout.CellSize(stripe);
    private readonly int stripeLength = (int)segment.Layout.StripeLength(stripe);

    /// <summary>
    /// 1. Take the cells at the beginning and at the end that are kept in memory, then those on the near disk; what lies between is read in one go. 2. Join those who read the same bytes. 3. Otherwise read. A cell
    /// that was asked for a short while ago is read whole and kept: so the second reader of a pack's cell reads for all the other objects in it, and a scan, which asks once, reads no
    /// more than it needs. What others joined is kept as well.
    /// </summary>
    /// <param name="from">First byte within the stripe's payload.</param>
    /// <param name="end">The byte after the last; what of it lies behind the stripe is not this stripe's.</param>
    /// <param name="window">Gets the bytes. Cells that are kept come whole. Where the call fails, it has some of them.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask ReadAsync(int from, long end, WindowBytes window, TimeSpan wait, CancellationToken cancellationToken)
    {
        // 1.
        var to = (int)Math.Min(end, stripeLength);
        var (first, last) = (from / cellSize, (to - 1) / cellSize);
        while (first <= last && TryTake(first, window)) first++;
        while (first < last && TryTake(last, window)) last--;
        if (first <= last && path.CellCache is { } cache) (first, last) = await TakeCachedAsync(cache, first, last, window, wait, cancellationToken);
        if (first > last) return;
        from = Math.Max(from, first * cellSize);
        to = Math.Min(to, (last + 1) * cellSize);

        // 2.
        if (path.SharedReads.TryJoin(new StripeRange(segment.Id, stripe, from, to), wait, cancellationToken) is not { } read)
        {
            // 3.
            var worth = new Worth[last - first + 1];
            for (var cell = first; cell <= last; cell++) worth[cell - first] = Remember(cell);
            if (worth[0] != Worth.Nothing) from = first * cellSize;
            if (worth[^1] != Worth.Nothing) to = RangeOf(last).To;
            var range = new StripeRange(segment.Id, stripe, from, to);
            read = path.SharedReads.ReadAsync(range, wait, stop => new StripeReader(path, segment, stripe, 1, range.From, range.To).ReadAsync(wait, stop), (bytes, isJoined) => Keep(range, bytes, cell => isJoined ? Worth.Both : worth[cell - first]), cancellationToken);
        }
        window.Add(segment.Layout.StripeOffset(stripe) + from, await read);
    }

    /// <summary>How many full stripes, from this one on, are wanted whole and can be read in one go: those before the first of which the first cell is kept. 0 when it is this one's.</summary>
    /// <param name="from">First byte that is wanted, within the payload from this stripe on.</param>
    /// <param name="end">The byte after the last.</param>
    public int CountFull(int from, long end)
    {
        if (from > 0 || path.HotCells.Has(RangeOf(0))) return 0;
        var count = (int)Math.Min(end / stripeLength, Math.Max(0, segment.Layout.FullStripeCount - stripe));
        if (path.CellCache is not { } cache) return count;
        for (var next = 0; next < count; next++)
            if (cache.Has(new SharedStripe(path, segment, stripe + next).NameOf(0))) return next;
        return count;
    }

    /// <summary>Reads full stripes in one go, with those who read the same. Cells that were asked for a short while ago, or that others joined for, are kept.</summary>
    /// <param name="count">At most what <see cref="CountFull"/> says.</param>
    /// <param name="window">Gets the bytes.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask ReadRunAsync(int count, WindowBytes window, TimeSpan wait, CancellationToken cancellationToken)
    {
        var range = new StripeRange(segment.Id, stripe, 0, count * stripeLength);
        if (path.SharedReads.TryJoin(range, wait, cancellationToken) is not { } read)
        {
            var worth = new Worth[count * segment.Geometry.DataShards];
            for (var i = 0; i < worth.Length; i++) worth[i] = new SharedStripe(path, segment, stripe + i % count).Remember(i / count);
            read = path.SharedReads.ReadAsync(range, wait, stop => new StripeReader(path, segment, stripe, count, 0, range.To).ReadAsync(wait, stop), (bytes, isJoined) =>
            {
                for (var i = 0; i < worth.Length; i++)
                    new SharedStripe(path, segment, stripe + i % count).Keep(i / count, bytes.Span.Slice(i * cellSize, cellSize), isJoined ? Worth.Both : worth[i]);
            }, cancellationToken);
        }
        window.AddRun(stripe, count, await read);
    }

    /// <summary>Has nothing kept of some payload bytes that did not open: they are read from their stores again, and it shows which one lied.</summary>
    public static void Drop(DataPath path, OpenSegment segment, long from, long to)
    {
        for (var position = from; position < to;)
        {
            var (stripe, cell, offset) = segment.Layout.Locate(position);
            var shared = new SharedStripe(path, segment, stripe);
            var range = shared.RangeOf(cell);
            path.HotCells.Drop(range);
            path.CellCache?.Drop(shared.NameOf(cell));
            position += range.To - range.From - offset;
        }
    }

    private bool TryTake(int cell, WindowBytes window)
    {
        var range = RangeOf(cell);
        if (!path.HotCells.TryLend(range, out var lent)) return false;
        window.Add(segment.Layout.StripeOffset(stripe) + range.From, lent);
        return true;
    }

    /// <summary>Takes the cells at the beginning and at the end that are on the near disk, all read at the same time.</summary>
    /// <returns>What lies between.</returns>
    private async ValueTask<(int First, int Last)> TakeCachedAsync(CellCache cache, int first, int last, WindowBytes window, TimeSpan wait, CancellationToken cancellationToken)
    {
        var reads = new Task<PooledBuffer?>?[last - first + 1];
        for (var i = 0; i < reads.Length && TryBegin(i); i++) ;
        for (var i = reads.Length - 1; reads[i] is null && TryBegin(i); i--) ;
        try
        {
            await Task.WhenAll(reads.OfType<Task>());
            var (from, to) = (0, reads.Length - 1);
            while (from <= to && Take(from)) from++;
            while (from <= to && Take(to)) to--;
            return (first + from, first + to);
        }
        finally
        {
            foreach (var read in reads)
                if (read is { IsCompletedSuccessfully: true }) read.Result?.Dispose();
        }

        bool TryBegin(int i)
        {
            if (!IsCacheable(first + i) || !cache.Has(NameOf(first + i))) return false;
            var range = RangeOf(first + i);
            reads[i] = cache.TryReadAsync(NameOf(first + i), range.To - range.From, wait, cancellationToken);
            return true;
        }

        bool Take(int i)
        {
            if (reads[i]?.Result is not { } cell) return false;
            window.Add(segment.Layout.StripeOffset(stripe) + RangeOf(first + i).From, StripeBytes.Of(cell));
            reads[i] = null;
            return true;
        }
    }

    /// <summary>Whether a cell has its place on the near disk: what this machine's disks have is near already.</summary>
    private bool IsCacheable(int cell) => path.CellCache is { } cache && (cache.IncludesOwnDisks || !segment.IsOnOwnDisk(cell));

    /// <summary>Remembers that a cell is asked for.</summary>
    /// <returns>Where it is worth keeping, since it was asked for a short while ago.</returns>
    private Worth Remember(int cell) =>
        (path.HotCells.Remember(RangeOf(cell)) ? Worth.Memory : Worth.Nothing) | (IsCacheable(cell) && path.CellCache!.Remember(NameOf(cell)) ? Worth.Disk : Worth.Nothing);

    /// <summary>Keeps a whole cell where it is worth it.</summary>
    private void Keep(int cell, ReadOnlySpan<byte> bytes, Worth worth)
    {
        if (worth.HasFlag(Worth.Memory)) path.HotCells.Keep(RangeOf(cell), bytes);
        if (worth.HasFlag(Worth.Disk) && IsCacheable(cell)) path.CellCache!.Keep(NameOf(cell), bytes);
    }

    /// <summary>Keeps those of the cells that were read whole.</summary>
    private void Keep(StripeRange read, ReadOnlyMemory<byte> bytes, Func<int, Worth> worth)
    {
        for (var cell = read.From / cellSize; cell <= (read.To - 1) / cellSize; cell++)
        {
            var range = RangeOf(cell);
            if (range.From >= read.From && range.To <= read.To) Keep(cell, bytes.Span[(range.From - read.From)..(range.To - read.From)], worth(cell));
        }
    }

    /// <summary>A whole cell, without its padding.</summary>
    private StripeRange RangeOf(int cell) => new(segment.Id, stripe, cell * cellSize, Math.Min((cell + 1) * cellSize, stripeLength));

    private CellName NameOf(int cell) => new(segment.Id, (ushort)stripe, (byte)cell);

    /// <summary>Where a cell is worth keeping.</summary>
    [Flags]
    private enum Worth : byte
    {
        Nothing = 0,
        Memory = 1,
        Disk = 2,
        Both = Memory | Disk,
    }
}
