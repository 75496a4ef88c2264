using System.Collections.Immutable;
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
    // Data ids looked up, and moves waiting for their packs, at a time.
    private const int PageCount = 256;

    /// <summary>Empties a pack.</summary>
    /// <returns>Bytes moved. What could not be moved stays, and with it the pack.</returns>
    /// <exception cref="ObjectUnavailableException">Too few shards to read from, or stores to write to.</exception>
    public async ValueTask<long> EmptyAsync(SegmentRow row, CancellationToken cancellationToken)
    {
        using var pin = path.Pins.Pin([row.Id]);
        var segment = new OpenSegment(path, row);
        var moved = 0L;
        DataId? after = null;
        while (true)
        {
            var page = await path.Metadata.ListDataInSegmentAsync(row.Id, after, PageCount, cancellationToken);
            if (page.IsEmpty) return moved;
            after = page[^1].Id;
            // What has several runs is a large object that has segments of its own: it frees them all when it goes.
            var small = page.Where(data => data.Runs.Length == 1 && data.Runs[0].Length <= path.Options.PackPayloadMax).ToArray();
            var places = new List<(DataRow Data, Task<PackPlace> Place)>(small.Length);
            var next = 0;
            try
            {
                foreach (var data in small)
                {
                    var entry = await ReadAsync(segment, data.Runs[0], cancellationToken);
                    places.Add((data, packs.AppendAsync(entry, cancellationToken).AsTask()));
                }

                while (next < places.Count)
                {
                    var (data, place) = places[next++];
                    if (await MoveAsync(data, await place)) moved += data.Runs[0].Length;
                }
            }
            catch
            {
                foreach (var (_, place) in places.Skip(next)) _ = GiveUpAsync(place);
                throw;
            }
        }
    }

    /// <summary>Lets a segment go that nobody will commit: while its id counts as in use, no orphan after it would be found.</summary>
    private static async Task GiveUpAsync(Task<PackPlace> place)
    {
        await ((Task)place).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (place.IsCompletedSuccessfully) place.Result.Use?.Dispose();
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
    private async ValueTask<PackEntry> ReadAsync(OpenSegment segment, SegmentRun run, CancellationToken cancellationToken)
    {
        var buffer = await path.Buffers.RentAsync((int)run.Length, MemoryBudget.ProgressWait, cancellationToken);
        try
        {
            for (var done = 0; done < buffer.Size;)
            {
                var stripe = segment.Layout.Locate(run.Offset + done).Stripe;
                var within = (int)(run.Offset + done - segment.Layout.StripeOffset(stripe));
                using var bytes = await new VerifiedStripe(path, segment, stripe).ReadAsync(cancellationToken);
                var count = Math.Min(bytes.Payload.Length - within, buffer.Size - done);
                bytes.Payload.Span.Slice(within, count).CopyTo(buffer.Span[done..]);
                done += count;
            }

            return new PackEntry(buffer);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
