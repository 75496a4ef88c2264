using System.Runtime.ExceptionServices;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Budget;
using Oort.Objects.Packs;
using Oort.Objects.Reading;

namespace Oort.Objects.Collection;

/// <summary>Moves what still lives in a sparsely used pack into new packs, so that the old one loses its last reference and is collected.</summary>
/// <remarks>
/// Ciphertext moves as it is: same data id, same key, same chunk numbers, another run. Each cell is checked against its tag on the way, so damage is
/// never carried into a new segment under a fresh tag. A move is one commit per data id that holds only if its runs are still the ones that were read.
/// </remarks>
internal sealed class Compactor(DataPath path, PackWriter packs)
{
    // Data ids looked up at a time.
    private const int PageCount = 1_000;

    /// <summary>Empties a pack.</summary>
    /// <returns>Bytes moved. What could not be moved stays, and with it the pack.</returns>
    /// <exception cref="ObjectUnavailableException">Too few shards to read from, or stores to write to.</exception>
    public async ValueTask<long> EmptyAsync(SegmentRow row, CancellationToken cancellationToken)
    {
        using var pin = path.Pins.Pin([row.Id]);
        var segment = new OpenSegment(path, row);
        var placer = path.Stores.PlacerOf(row.Policy);
        var moved = 0L;
        DataId? after = null;
        while (true)
        {
            var page = await path.Metadata.ListDataInSegmentAsync(row.Id, after, PageCount, cancellationToken);
            if (page.IsEmpty) return moved;
            after = page[^1].Id;
            // What has several runs is a large object that has segments of its own: it frees them all when it goes.
            var small = page.Where(data => data.Runs.Length == 1 && data.Runs[0].Length <= path.Options.PackPayloadMax).OrderBy(data => data.Runs[0].Offset);
            foreach (var group in Groups(small, placer)) moved += await MoveAsync(segment, group, placer, cancellationToken);
        }
    }

    /// <summary>Splits into groups that fit one pack each: one at a time is in memory.</summary>
    private IEnumerable<List<DataRow>> Groups(IEnumerable<DataRow> rows, IPlacer placer)
    {
        var payloadMax = PackFlush.PayloadMax(path.Options, placer.Geometry);
        var group = new List<DataRow>();
        var end = 0;
        foreach (var row in rows)
        {
            var rowEnd = PackWriter.Align(end) + (int)row.Runs[0].Length;
            if (group.Count > 0 && rowEnd > payloadMax)
            {
                yield return group;
                (group, rowEnd) = ([], (int)row.Runs[0].Length);
            }

            group.Add(row);
            end = rowEnd;
        }

        if (group.Count > 0) yield return group;
    }

    /// <summary>Reads a group whole before any of it is written, so that it makes one pack and not many small ones.</summary>
    /// <returns>Bytes moved.</returns>
    private async ValueTask<long> MoveAsync(OpenSegment segment, List<DataRow> group, IPlacer placer, CancellationToken cancellationToken)
    {
        var entries = new List<PackEntry>(group.Count);
        Task<PackPlace>[] places;
        try
        {
            using (var stripes = new StripeCursor(path, segment))
                foreach (var data in group) entries.Add(await ReadAsync(stripes, data.Runs[0], placer, cancellationToken));
            places = packs.AppendAll(entries);
        }
        catch
        {
            foreach (var entry in entries) entry.Dispose();
            throw;
        }

        // Each place is taken, also after a failure: it may hold a segment id in use, and one that nobody lets go of would keep the low-water mark down.
        var moved = 0L;
        ExceptionDispatchInfo? failure = null;
        for (var i = 0; i < places.Length; i++)
        {
            try
            {
                if (await MoveAsync(group[i], await places[i])) moved += group[i].Runs[0].Length;
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        failure?.Throw();
        return moved;
    }

    private async ValueTask<bool> MoveAsync(DataRow data, PackPlace place)
    {
        using var use = place.Use;
        var isNew = place.Use is not null;
        var newData = new NewData(path.SegmentIds.Epoch, isNew ? [place.Segment] : [], []);
        var (outcome, hasMoved) = await path.Metadata.MoveDataAsync([(data, [place.Run])], newData, CancellationToken.None);
        if (isNew && outcome == CommitOutcome.Done && !place.Segment.IsFull) path.Repairs.Enqueue(place.Segment.Id, -1, RepairReason.WrittenPartly);
        return outcome == CommitOutcome.Done && hasMoved[0];
    }

    /// <summary>The run's sealed bytes, every cell they lie in checked.</summary>
    private async ValueTask<PackEntry> ReadAsync(StripeCursor stripes, SegmentRun run, IPlacer placer, CancellationToken cancellationToken)
    {
        var buffer = await path.Buffers.RentAsync((int)run.Length, MemoryBudget.ProgressWait, cancellationToken);
        try
        {
            for (var done = 0; done < buffer.Size;)
            {
                var bytes = await stripes.ReadAsync(run.Offset + done, cancellationToken);
                var count = Math.Min(bytes.Length, buffer.Size - done);
                bytes.Span[..count].CopyTo(buffer.Span[done..]);
                done += count;
            }

            return new PackEntry(buffer, placer);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the stripe that was read last: runs come in the order of their offsets, and many lie in one stripe.</summary>
    private sealed class StripeCursor(DataPath path, OpenSegment segment) : IDisposable
    {
        private StripeBytes? last;
        private int lastStripe = -1;

        /// <summary>The checked payload from an offset to the end of its stripe.</summary>
        public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long offset, CancellationToken cancellationToken)
        {
            var stripe = segment.Layout.Locate(offset).Stripe;
            if (stripe != lastStripe)
            {
                Dispose();
                last = await new VerifiedStripe(path, segment, stripe).ReadAsync(cancellationToken);
                lastStripe = stripe;
            }

            return last!.Payload[(int)(offset - segment.Layout.StripeOffset(stripe))..];
        }

        public void Dispose()
        {
            last?.Dispose();
            (last, lastStripe) = (null, -1);
        }
    }
}
