using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Erasure;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>How a look at a segment ended.</summary>
/// <param name="Rebuilt">Shards written anew.</param>
/// <param name="Damaged">Shards found damaged.</param>
/// <param name="Missing">Shards found missing.</param>
/// <param name="Waiting">Shards that could not be judged or rebuilt now: their store is away, or no store has room.</param>
/// <param name="IsLost">Some stripe has fewer than k good cells within reach.</param>
public readonly record struct RepairOutcome(int Rebuilt, int Damaged, int Missing, int Waiting, bool IsLost)
{
    /// <summary>Every shard is good now.</summary>
    public bool IsWhole => Waiting == 0 && !IsLost;
}

/// <summary>Checks every cell of a segment's shards and rebuilds what is missing or bad from any k good ones, stripe by stripe.</summary>
/// <remarks>
/// A shard's bytes follow from its id, so writing one again in place is safe at any moment. A shard on another store becomes part of the segment by
/// a compare-and-swap of the placement; who loses it removes what he wrote.
/// </remarks>
internal sealed partial class SegmentRepairer(IMetadataStore metadata, StoreSet stores, Keyring keyring, BandwidthBudget budget, ILogger<SegmentRepairer> logger)
{
    /// <summary>Looks at a segment and, where asked, repairs it.</summary>
    /// <param name="repair">False: only look.</param>
    public async ValueTask<RepairOutcome> RunAsync(SegmentId segment, bool repair, CancellationToken cancellationToken)
    {
        if (await metadata.FindSegmentAsync(segment, cancellationToken) is not { } row) return default;
        var id = new byte[SegmentId.Size];
        segment.Write(id);
        using var tagger = keyring.CreateTagger(id);

        // 1. Read everything once: which shards are bad, and is every stripe still decodable?
        using var shards = new SegmentShards(row, stores, tagger, budget);
        await shards.OpenAsync(cancellationToken);
        var present = new bool[row.Geometry.TotalShards];
        var isLost = false;
        for (var stripe = 0; stripe < shards.Layout.StripeCount; stripe++)
        {
            await shards.ReadStripeAsync(stripe, present, cancellationToken);
            isLost |= present.Count(p => p) < row.Geometry.DataShards;
        }

        var damaged = shards.Conditions.Count(c => c == ShardCondition.Damaged);
        var missing = shards.Conditions.Count(c => c == ShardCondition.Missing);

        // 2. Where does each shard that is not good, or not on a store that stays, go?
        var targets = Targets(row, shards.Conditions);
        var waiting = Enumerable.Range(0, targets.Length).Count(i => targets[i] is null && !IsSettled(row, shards.Conditions, i));
        if (isLost) LogLost(logger, segment, row.Geometry);
        if (isLost || !repair || targets.All(t => t is null)) return new(0, damaged, missing, repair ? waiting : damaged + missing, isLost);

        // 3. Rebuild them all in one pass, 4. flip the placement.
        var rebuilt = await RebuildAsync(row, shards, targets, tagger, cancellationToken);
        return await FlipAsync(row, targets, rebuilt, cancellationToken)
            ? new(rebuilt.Count(r => r), damaged, missing, waiting + targets.Count(t => t is not null) - rebuilt.Count(r => r), false)
            : new(0, damaged, missing, waiting + rebuilt.Count(r => r), false);
    }

    private bool IsSettled(SegmentRow row, ShardCondition[] conditions, int index) =>
        conditions[index] == ShardCondition.Good && stores.StateOf(row.Shards[index]) == StoreState.Active;

    /// <summary>The store to write each shard to; null where nothing is to be done or can be.</summary>
    private IStore?[] Targets(SegmentRow row, ShardCondition[] conditions)
    {
        var targets = new IStore?[row.Shards.Length];
        var planned = row;
        for (var i = 0; i < targets.Length; i++)
        {
            if (IsSettled(row, conditions, i)) continue;
            var home = row.Shards[i];
            var stays = home != StoreId.None && stores.StateOf(home) == StoreState.Active;
            // A store that is only away for now keeps its shards: it most likely comes back with them.
            if (stays && conditions[i] == ShardCondition.Unreachable) continue;
            targets[i] = stays ? stores.FindWritable(home) : stores.PlaceOne(planned);
            if (targets[i] is { } target) planned = planned with { Shards = planned.Shards.SetItem(i, target.Id) };
        }

        return targets;
    }

    /// <summary>Writes the targets' shards; a target that fails is dropped, the others go on. Result: which were committed.</summary>
    private async ValueTask<bool[]> RebuildAsync(SegmentRow row, SegmentShards shards, IStore?[] targets, SegmentTagger tagger, CancellationToken cancellationToken)
    {
        var code = ReedSolomon.For(row.Geometry.DataShards, row.Geometry.ParityShards);
        var writers = new ShardRebuild?[targets.Length];
        try
        {
            for (var i = 0; i < targets.Length; i++)
                if (targets[i] is { } target)
                    writers[i] = await ShardRebuild.BeginAsync(target, new ShardId(row.Id, (byte)i), shards.Layout, tagger, stores, cancellationToken);

            var present = new bool[targets.Length];
            var wanted = new bool[targets.Length];
            for (var stripe = 0; stripe < shards.Layout.StripeCount; stripe++)
            {
                var cells = await shards.ReadStripeAsync(stripe, present, cancellationToken);
                // Checked a moment ago; a store may have gone since.
                if (present.Count(p => p) < row.Geometry.DataShards) return new bool[targets.Length];
                for (var i = 0; i < wanted.Length; i++) wanted[i] = writers[i] is not null;
                var cellSize = shards.Layout.CellSize(stripe);
                code.Reconstruct(cells.Span, cellSize, present, wanted);
                for (var i = 0; i < writers.Length; i++)
                    if (writers[i] is { } writer)
                        await writer.WriteAsync(cells.Slice(i * cellSize, cellSize), stripe, cancellationToken);
            }

            var committed = new bool[targets.Length];
            for (var i = 0; i < writers.Length; i++) committed[i] = writers[i] is { } writer && await writer.CommitAsync(cancellationToken);
            return committed;
        }
        finally
        {
            foreach (var writer in writers)
                if (writer is not null)
                    await writer.DisposeAsync();
        }
    }

    /// <summary>Makes the rebuilt shards part of the segment where their store changed. False: somebody else moved the segment meanwhile.</summary>
    private async ValueTask<bool> FlipAsync(SegmentRow row, IStore?[] targets, bool[] rebuilt, CancellationToken cancellationToken)
    {
        var places = row.Shards.ToBuilder();
        for (var i = 0; i < rebuilt.Length; i++)
            if (rebuilt[i])
                places[i] = targets[i]!.Id;
        var flipped = places.ToImmutable();
        if (flipped.SequenceEqual(row.Shards)) return true;
        // Not cancelled from here on: what was written is either referred to or removed.
        var outcome = await metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, flipped, CancellationToken.None);
        if (outcome == CommitOutcome.Done)
        {
            for (var i = 0; i < flipped.Length; i++)
                if (flipped[i] != row.Shards[i] && row.Shards[i] != StoreId.None)
                    await RemoveAsync(new ShardId(row.Id, (byte)i), row.Shards[i]);
        }
        else
        {
            var present = await metadata.FindSegmentAsync(row.Id, CancellationToken.None);
            for (var i = 0; i < flipped.Length; i++)
                if (rebuilt[i] && flipped[i] != row.Shards[i] && present?.Shards[i] != flipped[i])
                    await RemoveAsync(new ShardId(row.Id, (byte)i), flipped[i]);
        }

        if (outcome == CommitOutcome.Done) LogRepaired(logger, row.Id, rebuilt.Count(r => r));
        return outcome == CommitOutcome.Done;
    }

    private async ValueTask RemoveAsync(ShardId shard, StoreId from)
    {
        if (stores.Find(from) is not { } store) return;
        try
        {
            await store.DeleteAsync(shard, CancellationToken.None);
        }
        catch (BackendException e)
        {
            // An orphan now; the collector finds it when the store is well again.
            LogLeft(logger, e, shard, store.Location);
            stores.Report(from, e);
        }
    }

    [LoggerMessage(LogLevel.Error, "Segment {Segment} ({Geometry}) cannot be decoded: fewer good cells than data shards are within reach. Bring stores that are away back.")]
    private static partial void LogLost(ILogger logger, SegmentId segment, Geometry geometry);

    [LoggerMessage(LogLevel.Information, "Segment {Segment}: {Count} shard(s) rebuilt.")]
    private static partial void LogRepaired(ILogger logger, SegmentId segment, int count);

    [LoggerMessage(LogLevel.Warning, "Shard {Shard} on {Location} is no longer needed but could not be deleted.")]
    private static partial void LogLeft(ILogger logger, Exception exception, ShardId shard, string location);
}
