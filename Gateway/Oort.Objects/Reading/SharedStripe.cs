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
    /// <param name="to">The byte after the last.</param>
    /// <param name="pieces">Gets the bytes, with their offsets in the segment's payload. Cells that are kept come whole. Where the call fails, it has some of them.</param>
    /// <param name="wait">How long to wait for memory.</param>
    public async ValueTask ReadAsync(int from, int to, List<(long Offset, StripeBytes Bytes)> pieces, TimeSpan wait, CancellationToken cancellationToken)
    {
        // 1.
        var (first, last) = (from / cellSize, (to - 1) / cellSize);
        while (first <= last && TryTake(first, pieces)) first++;
        while (first < last && TryTake(last, pieces)) last--;
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
            read = path.SharedReads.ReadAsync(range, wait, stop => new StripeReader(path, segment, stripe, range.From, range.To).ReadAsync(wait, stop), (bytes, isJoined) => Keep(range, bytes, cell => isJoined || isHot[cell - first]), cancellationToken);
        }
        pieces.Add((segment.Layout.StripeOffset(stripe) + from, await read));
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

    private bool TryTake(int cell, List<(long Offset, StripeBytes Bytes)> pieces)
    {
        var range = RangeOf(cell);
        if (!path.HotCells.TryLend(range, out var lent)) return false;
        pieces.Add((segment.Layout.StripeOffset(stripe) + range.From, lent));
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
