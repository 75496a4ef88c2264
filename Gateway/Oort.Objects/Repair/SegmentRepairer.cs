using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Erasure;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>Checks every cell of a segment's shards and writes those anew that are missing or wrong, or that lie on a store that is being emptied.</summary>
/// <remarks>
/// Memory: one stripe of all shards, twice. A shard's bytes are determined by its id, so a rebuilt one is the same as the lost one, and writing over a bad one in
/// place is safe at any moment. A shard that goes elsewhere is written and committed first, then the row is flipped by compare-and-swap; when that fails, the write
/// is taken back. A crash in between leaves an orphan for the collector.
/// </remarks>
internal sealed partial class SegmentRepairer(IMetadataStore metadata, StoreSet stores, SegmentClaims claims, Keyring keyring, SegmentRepairOptions options, TimeProvider time, ILogger<SegmentRepairer> logger)
{
    /// <summary>Looks at a segment once.</summary>
    /// <param name="repair">False: only look.</param>
    /// <param name="suspects">Shards that an earlier look found bad on its way, when it was too late to write them anew: they are written anew now.</param>
    /// <param name="believesNetworks">Shards on outside networks, each read of which may cost, count as good where the rows say so, and are not read: the segment is readable then if it is without them.</param>
    /// <remarks>
    /// 1. Opens all shards that can be read. 2. Decides where those that are needed go. 3. Reads stripe by stripe, checks, rebuilds, writes. 4. Commits the new
    /// shards. 5. Flips the row.
    /// </remarks>
    public async Task<SegmentOutcome> RunAsync(SegmentRow row, bool repair, ImmutableArray<int> suspects, bool believesNetworks, Pacer pacer, CancellationToken cancellationToken)
    {
        // Of two repairs of one segment, one could take back what the other has just placed. After the wait the row may be another one, or gone.
        using var claim = repair ? await claims.ClaimAsync(row.Id, cancellationToken) : null;
        if (repair)
        {
            if (await metadata.FindSegmentAsync(row.Id, cancellationToken) is not { } current) return SegmentOutcome.Gone;
            row = current;
        }

        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        using var tagger = CreateTagger(row.Id);
        var tagging = new Lock();

        // 1.
        var sources = row.Shards.Select((store, index) => CreateSource(row.Id, index, store, layout)).ToImmutableArray();
        await Task.WhenAll(sources.Select(source => believesNetworks && stores.Networks.GetValueOrDefault(row.Shards[source.Id.Index]) is { Backend: not null }
            ? source.BelieveAsync(cancellationToken)
            : source.OpenAsync(tagger, tagging, cancellationToken)));

        // 2.
        var targets = new ShardTargets(row, layout, stores, tagger, options, time);
        try
        {
            if (repair) await targets.PlanAsync(sources, suspects, cancellationToken);

            // 3. A cell that turns out wrong on the way makes its shard a target of the next look.
            var readable = await PassAsync(layout, sources, targets, tagger, tagging, pacer, cancellationToken);
            foreach (var source in sources)
            {
                if (source.Failure is { } failure) stores.Report(source.Store!.Id, failure);
                else if (source.Condition == ShardCondition.Bad) stores.Doubt(source.Store!.Id);
            }

            // 4. and 5.
            var (repaired, moved, replaced) = readable && targets.Any ? await FinishAsync(row, sources, targets, cancellationToken) : ([], [], []);
            var conditions = sources.Select(source => source.Condition).ToImmutableArray();
            var remaining = conditions.Where((condition, index) => condition is not (ShardCondition.Good or ShardCondition.Away) && !repaired.Contains(index)).Count();
            return new(conditions, repaired, moved, readable, remaining, sources.Sum(source => source.BytesRead), replaced);
        }
        finally
        {
            await targets.DisposeAsync();
        }
    }

    private SegmentTagger CreateTagger(SegmentId segment)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        segment.Write(id);
        return keyring.CreateTagger(id);
    }

    private ShardSource CreateSource(SegmentId segment, int index, StoreId storeId, in ShardLayout layout)
    {
        var store = stores.Find(storeId);
        var condition = storeId == StoreId.None ? ShardCondition.Unplaced
            : store is not null ? ShardCondition.Good
            : stores.IsGivenUp(storeId, options.RebuildElsewhereAfter) ? ShardCondition.GivenUp
            : ShardCondition.Away;
        return new(new(segment, (byte)index), store, condition, layout, time, options.ReadTimeout);
    }

    /// <summary>One pass over all stripes. Returns whether each had k good cells.</summary>
    private static async Task<bool> PassAsync(ShardLayout layout, ImmutableArray<ShardSource> sources, ShardTargets targets, SegmentTagger tagger, Lock tagging, Pacer pacer, CancellationToken cancellationToken)
    {
        var (k, n) = (layout.Geometry.DataShards, layout.Geometry.TotalShards);
        var code = ReedSolomon.For(k, layout.Geometry.ParityShards);
        var stripe = new byte[n * layout.CellSize(0)];
        var present = new bool[n];
        var readable = true;
        for (var number = 0; number < layout.StripeCount; number++)
        {
            var size = layout.CellSize(number);
            var cells = await Task.WhenAll(sources.Select(source => source.ReadCellAsync(number, tagger, tagging, cancellationToken)));
            for (var shard = 0; shard < n; shard++)
            {
                present[shard] = !cells[shard].IsEmpty;
                cells[shard].Span.CopyTo(stripe.AsSpan(shard * size, size));
            }

            await pacer.SpendAsync(cells.Sum(cell => (long)cell.Length), cancellationToken);
            readable &= present.Count(static one => one) >= k;
            if (!readable || !targets.Any) continue;
            code.Reconstruct(stripe.AsSpan(0, n * size), size, present, targets.Wanted);
            await targets.WriteStripeAsync(number, stripe.AsMemory(0, n * size), cancellationToken);
        }

        return readable;
    }

    private async Task<(ImmutableArray<int> Repaired, ImmutableArray<int> Moved, ImmutableArray<(ShardId, StoreId)> Replaced)> FinishAsync(SegmentRow row, ImmutableArray<ShardSource> sources, ShardTargets targets, CancellationToken cancellationToken)
    {
        // 4. From here on the work is done to its end: a cancelled flip would leave a write without a row.
        var placed = await targets.CommitAsync(cancellationToken);

        // 5.
        var shards = row.Shards.ToBuilder();
        foreach (var (index, store) in placed) shards[index] = store;
        var outcome = CommitOutcome.Done;
        if (!shards.SequenceEqual(row.Shards)) outcome = await metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, shards.ToImmutable(), CancellationToken.None);
        if (outcome != CommitOutcome.Done)
        {
            logger.LogInformation("Segment {Segment} changed while it was repaired; what was written is taken back.", row.Id);
            await TakeBackAsync(row.Id, placed);
            return ([], [], []);
        }

        return (
            [.. placed.Keys.Where(index => sources[index].Condition != ShardCondition.Good).Order()],
            [.. placed.Keys.Where(index => sources[index].Condition == ShardCondition.Good).Order()],
            [.. placed.Where(pair => row.Shards[pair.Key] != pair.Value && row.Shards[pair.Key] != StoreId.None).Select(pair => (new ShardId(row.Id, (byte)pair.Key), row.Shards[pair.Key]))]);
    }

    /// <summary>Deletes what was written and is in nobody's row. What cannot be deleted now is an orphan, which the collector finds.</summary>
    private async Task TakeBackAsync(SegmentId segment, IReadOnlyDictionary<int, StoreId> placed)
    {
        var present = await metadata.FindSegmentAsync(segment, CancellationToken.None);
        foreach (var (index, storeId) in placed)
        {
            if (present is not null && present.Shards[index] == storeId) continue;
            if (stores.Find(storeId) is not { } store) continue;
            try
            {
                await store.DeleteAsync(new(segment, (byte)index), CancellationToken.None);
            }
            catch (BackendException failure)
            {
                stores.Report(storeId, failure);
            }
        }
    }
}

/// <summary>Patience of checks and repairs.</summary>
internal sealed record SegmentRepairOptions
{
    public static SegmentRepairOptions Default { get; } = new();

    /// <summary>How long one read or write may take before its store counts as away for this segment.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a store must have been offline before its shards are rebuilt on others: longer than a restart or a swapped cable, since a rebuild moves terabytes.</summary>
    public TimeSpan RebuildElsewhereAfter { get; init; } = TimeSpan.FromHours(1);
}
