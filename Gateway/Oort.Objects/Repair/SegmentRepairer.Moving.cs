using System.Collections.Immutable;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>What became of the move of one shard.</summary>
internal enum MoveOutcome
{
    Moved,

    /// <summary>The segment was changed or dropped meanwhile; nothing was moved.</summary>
    Changed,

    /// <summary>The shard is not whole where it is: it is for repair to make it anew.</summary>
    BadSource,

    /// <summary>The store that it was to go to did not take it.</summary>
    TargetFailed,
}

/// <content>Moves a good shard from store to store.</content>
internal sealed partial class SegmentRepairer
{
    /// <summary>Copies one shard, every cell checked against its tag, and then flips the row. Until then, and for who still holds the old row a while after it, the old copy is there.</summary>
    /// <param name="planned">The row that the move was decided by; of another generation it is another decision.</param>
    /// <remarks>1. The row and the shard are as they were thought to be. 2. A copy. 3. Durable, then the row by compare-and-swap; when that fails, the copy is taken back.</remarks>
    public async Task<MoveOutcome> MoveAsync(SegmentRow planned, int index, IStore target, Pacer pacer, CancellationToken cancellationToken)
    {
        // 1.
        using var claim = await claims.ClaimAsync(planned.Id, cancellationToken);
        if (await metadata.FindSegmentAsync(planned.Id, cancellationToken) is not { } row || row.PlacementGeneration != planned.PlacementGeneration) return MoveOutcome.Changed;
        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        using var tagger = CreateTagger(row.Id);
        var tagging = new Lock();
        var sources = row.Shards.Select((store, shard) => CreateSource(row.Id, shard, store, layout)).ToImmutableArray();
        var source = sources[index];
        await source.OpenAsync(tagger, tagging, cancellationToken);
        if (source.Condition != ShardCondition.Good) return Bad(source);

        // 2.
        var targets = new ShardTargets(row, layout, stores, tagger, options, time);
        try
        {
            if (!await targets.TryBeginAsync(index, target, cancellationToken)) return MoveOutcome.TargetFailed;
            var stripe = new byte[row.Geometry.TotalShards * layout.CellSize(0)];
            for (var number = 0; number < layout.StripeCount; number++)
            {
                var size = layout.CellSize(number);
                var cell = await source.ReadCellAsync(number, tagger, tagging, cancellationToken);
                if (cell.IsEmpty) return Bad(source);
                cell.CopyTo(stripe.AsMemory(index * size));
                await pacer.SpendAsync(size, cancellationToken);
                await targets.WriteStripeAsync(number, stripe.AsMemory(0, row.Geometry.TotalShards * size), cancellationToken);
                if (!targets.Any) return MoveOutcome.TargetFailed;
            }

            // 3.
            var (_, moved, _) = await FinishAsync(row, sources, targets, cancellationToken);
            return moved.Contains(index) ? MoveOutcome.Moved : targets.Any ? MoveOutcome.Changed : MoveOutcome.TargetFailed;
        }
        finally
        {
            await targets.DisposeAsync();
        }
    }

    /// <summary>Adds a shard to a hash as it is to be: header and table from what is known, every cell as it is, checked.</summary>
    /// <returns>Bytes that were added: fewer than the shard's length when it is not whole where it is.</returns>
    public async Task<long> HashAsync(SegmentRow row, int index, IncrementalHash hash, Pacer pacer, CancellationToken cancellationToken)
    {
        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        using var tagger = CreateTagger(row.Id);
        var tagging = new Lock();
        var source = CreateSource(row.Id, index, row.Shards[index], layout);
        await source.OpenAsync(tagger, tagging, cancellationToken);
        if (source.Condition != ShardCondition.Good) return 0;
        var header = new byte[ShardHeader.Size];
        ShardHeader.Write(header, source.Id, layout, tagger);
        hash.AppendData(header);
        var table = new byte[layout.TableSize];
        for (var number = 0; number < layout.StripeCount; number++)
        {
            var cell = await source.ReadCellAsync(number, tagger, tagging, cancellationToken);
            if (cell.IsEmpty) return layout.CellOffset(number);
            CellEntry.Compute(cell.Span, index, number, tagger).Write(table.AsSpan(number * CellEntry.Size));
            hash.AppendData(cell.Span);
            await pacer.SpendAsync(cell.Length, cancellationToken);
        }

        hash.AppendData(table);
        return layout.ShardLength;
    }

    private MoveOutcome Bad(ShardSource source)
    {
        if (source is { Failure: { } failure, Store: { } store }) stores.Report(store.Id, failure);
        return MoveOutcome.BadSource;
    }
}
