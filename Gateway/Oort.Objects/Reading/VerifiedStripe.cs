using System.Globalization;
using Oort.Crypto;
using Oort.Objects.Budget;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>Reads a whole stripe the slow way, checking each cell against its tag: after a chunk did not open, it tells which shard lied, and decodes from the others.</summary>
internal sealed class VerifiedStripe(DataPath path, OpenSegment segment, int stripe)
{
    /// <summary>
    /// 1. Read all cells and their table entries. 2. Check each cell; one that differs is a lie or damage: its shard is not read again and is repaired.
    /// 3. Decode the data cells that are missing now.
    /// </summary>
    /// <returns>The stripe's whole payload.</returns>
    /// <exception cref="ObjectUnavailableException">Fewer than k cells are what was written.</exception>
    public async ValueTask<StripeBytes> ReadAsync(CancellationToken cancellationToken)
    {
        var geometry = segment.Geometry;
        var size = segment.Layout.CellSize(stripe);
        var cells = await CellReads.OpenAsync(path, segment, stripe, 0, size, MemoryBudget.ProgressWait, cancellationToken);
        try
        {
            // 1.
            var entries = new Task<CellEntry?>[geometry.TotalShards];
            for (var shard = 0; shard < geometry.TotalShards; shard++)
            {
                cells.TryStart(shard);
                entries[shard] = ReadEntryAsync(shard, cancellationToken);
            }
            await WaitAsync(cells, entries, cancellationToken);

            // 2.
            using (var tagger = path.CreateTagger(segment.Id))
            {
                for (var shard = 0; shard < geometry.TotalShards; shard++) Check(cells, shard, entries[shard], tagger);
            }
            if (cells.DoneCount < geometry.DataShards)
                throw new ObjectUnavailableException($"Only {cells.DoneCount} cells of stripe {stripe} of segment {segment.Id} are what was written; {geometry.DataShards} are needed.");

            // 3.
            var wanted = new bool[geometry.TotalShards];
            Array.Fill(wanted, true, 0, geometry.DataShards);
            await cells.DecodeAsync(wanted, cancellationToken);
            return new StripeBytes(cells, cells.Pieces[..segment.Layout.StripeLength(stripe)]);
        }
        catch
        {
            cells.Dispose();
            throw;
        }
    }

    private void Check(CellReads cells, int shard, Task<CellEntry?> entry, SegmentTagger tagger)
    {
        if (!cells.IsDone(shard)) return;
        if (!entry.IsCompletedSuccessfully || entry.Result is not { } expected)
        {
            cells.Discard(shard);
            return;
        }
        var outcome = expected.Check(cells.Piece(shard).Span, shard, stripe, tagger);
        if (outcome == CellOutcome.Ok) return;
        cells.Discard(shard);
        segment.MarkBad(shard, string.Create(CultureInfo.InvariantCulture, $"has a wrong cell {stripe} ({outcome})"));
    }

    private async Task<CellEntry?> ReadEntryAsync(int shard, CancellationToken cancellationToken)
    {
        if (segment.Find(shard) is not { } store) return null;
        // Small and not from the pool: a late read may still write to it, and then nobody looks.
        var bytes = new byte[CellEntry.Size];
        return await CellRead.RunAsync(path, segment, store, shard, segment.Layout.EntryOffset(stripe), bytes, cancellationToken) ? CellEntry.Read(bytes) : null;
    }

    /// <summary>Waits for all; once k cells are there, no longer than the hedge for the rest.</summary>
    private async ValueTask WaitAsync(CellReads cells, Task<CellEntry?>[] entries, CancellationToken cancellationToken)
    {
        var allEntries = Task.WhenAll(entries);
        var started = path.Time.GetTimestamp();
        while (true)
        {
            var (done, pending) = cells.Look();
            if (pending == 0 && allEntries.IsCompleted) return;
            var isEnough = done >= segment.Geometry.DataShards && entries.Count(entry => entry.IsCompleted) >= segment.Geometry.DataShards;
            var left = (isEnough ? segment.HedgeDelay : path.Options.StoreTimeout) - path.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return;
            try
            {
                await Task.WhenAny(pending > 0 ? cells.NextAsync() : allEntries, NextEntry(entries)).WaitAsync(left, path.Time, cancellationToken);
            }
            catch (TimeoutException)
            {
                cells.Look();
                if (isEnough) return;
            }
        }
    }

    private static Task NextEntry(Task<CellEntry?>[] entries)
    {
        var pending = entries.Where(entry => !entry.IsCompleted).ToArray();
        return pending.Length == 0 ? new TaskCompletionSource().Task : Task.WhenAny(pending);
    }
}
