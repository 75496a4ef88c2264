namespace Oort.Objects.Reading;

/// <summary>Reads of one stripe that are not in its stores' memory: out of the cells that are kept, with others who read the same, or from the stores.</summary>
internal sealed class SharedStripe(DataPath path, OpenSegment segment, int stripe)
{
    private readonly int cellSize = segment.Layout.CellSize(stripe);
    private readonly int stripeLength = (int)segment.Layout.StripeLength(stripe);

    /// <summary>
    /// 1. Take the cells at the beginning and at the end that are kept; what lies between is read in one go. 2. Join those who read the same bytes. 3. Otherwise read. A cell
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
        if (first > last) return;
        from = Math.Max(from, first * cellSize);
        to = Math.Min(to, (last + 1) * cellSize);

        // 2.
        if (path.SharedReads.TryJoin(new StripeRange(segment.Id, stripe, from, to), wait, cancellationToken) is not { } read)
        {
            // 3.
            var isHot = new bool[last - first + 1];
            for (var cell = first; cell <= last; cell++) isHot[cell - first] = path.HotCells.Remember(RangeOf(cell));
            if (isHot[0]) from = first * cellSize;
            if (isHot[^1]) to = RangeOf(last).To;
            var range = new StripeRange(segment.Id, stripe, from, to);
            read = path.SharedReads.ReadAsync(range, wait, stop => new StripeReader(path, segment, stripe, 1, range.From, range.To).ReadAsync(wait, stop), (bytes, isJoined) => Keep(range, bytes, cell => isJoined || isHot[cell - first]), cancellationToken);
        }
        window.Add(segment.Layout.StripeOffset(stripe) + from, await read);
    }

    /// <summary>How many full stripes, from this one on, are wanted whole and can be read in one go: not those of which the first cell is kept. 0 when this one is not.</summary>
    /// <param name="from">First byte that is wanted, within the payload from this stripe on.</param>
    /// <param name="end">The byte after the last.</param>
    public int CountFull(int from, long end) =>
        from > 0 || path.HotCells.Has(RangeOf(0)) ? 0 : (int)Math.Min(end / stripeLength, Math.Max(0, segment.Layout.FullStripeCount - stripe));

    /// <summary>Reads full stripes in one go, with those who read the same. Cells that were asked for a short while ago, or that others joined for, are kept.</summary>
    /// <param name="count">At most what <see cref="CountFull"/> says.</param>
    /// <param name="window">Gets the bytes.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask ReadRunAsync(int count, WindowBytes window, TimeSpan wait, CancellationToken cancellationToken)
    {
        var range = new StripeRange(segment.Id, stripe, 0, count * stripeLength);
        if (path.SharedReads.TryJoin(range, wait, cancellationToken) is not { } read)
        {
            var cells = new StripeRange[count * segment.Geometry.DataShards];
            for (var i = 0; i < cells.Length; i++) cells[i] = new SharedStripe(path, segment, stripe + i % count).RangeOf(i / count);
            var isHot = Array.ConvertAll(cells, path.HotCells.Remember);
            read = path.SharedReads.ReadAsync(range, wait, stop => new StripeReader(path, segment, stripe, count, 0, range.To).ReadAsync(wait, stop), (bytes, isJoined) =>
            {
                for (var i = 0; i < cells.Length; i++)
                    if (isJoined || isHot[i]) path.HotCells.Keep(cells[i], bytes.Span.Slice(i * cellSize, cellSize));
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
            var range = new SharedStripe(path, segment, stripe).RangeOf(cell);
            path.HotCells.Drop(range);
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

    /// <summary>Keeps those of the cells that were read whole.</summary>
    private void Keep(StripeRange read, ReadOnlyMemory<byte> bytes, Func<int, bool> isHot)
    {
        for (var cell = read.From / cellSize; cell <= (read.To - 1) / cellSize; cell++)
        {
            var range = RangeOf(cell);
            if (range.From >= read.From && range.To <= read.To && isHot(cell)) path.HotCells.Keep(range, bytes.Span[(range.From - read.From)..(range.To - read.From)]);
        }
    }

    /// <summary>A whole cell, without its padding.</summary>
    private StripeRange RangeOf(int cell) => new(segment.Id, stripe, cell * cellSize, Math.Min((cell + 1) * cellSize, stripeLength));
}
