using System.Buffers;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>How one shard of a segment is.</summary>
internal enum ShardCondition
{
    /// <summary>Header, every cell and every table entry are right.</summary>
    Good,

    /// <summary>Its store can be read and has no such shard, or no store has been given to it.</summary>
    Missing,

    /// <summary>Something in it is wrong; its other cells still serve as sources.</summary>
    Damaged,

    /// <summary>Its store does not answer: nothing is known.</summary>
    Unreachable,
}

/// <summary>The shards of one segment as sources of cells, each cell checked against its own table entry before it is used.</summary>
/// <remarks>Not thread-safe. Memory: one stripe of k + m cells and the tables, at most 24 KiB each.</remarks>
internal sealed class SegmentShards : IDisposable
{
    private readonly SegmentRow row;
    private readonly IStoreSet stores;
    private readonly SegmentTagger tagger;
    private readonly BandwidthBudget budget;
    private readonly byte[]?[] tables;
    private readonly byte[] stripe;

    public SegmentShards(SegmentRow row, IStoreSet stores, SegmentTagger tagger, BandwidthBudget budget)
    {
        this.row = row;
        this.stores = stores;
        this.tagger = tagger;
        this.budget = budget;
        Layout = new ShardLayout(row.Geometry, row.PayloadLength);
        Conditions = new ShardCondition[row.Geometry.TotalShards];
        tables = new byte[row.Geometry.TotalShards][];
        stripe = ArrayPool<byte>.Shared.Rent(row.Geometry.TotalShards * ShardLayout.FullCellSize);
    }

    public ShardLayout Layout { get; }

    /// <summary>What is known so far, by shard index; complete after <see cref="OpenAsync(CancellationToken)"/> and a <see cref="ReadStripeAsync"/> of each stripe.</summary>
    public ShardCondition[] Conditions { get; }

    /// <summary>Reads the headers and tables.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < Conditions.Length; i++) Conditions[i] = await OpenAsync(i, cancellationToken);
    }

    /// <summary>Reads a stripe's cells from every shard that has them and says which are right.</summary>
    /// <param name="present">k + m flags; overwritten.</param>
    /// <returns>k + m cells end to end; those not present hold rubbish. Valid until the next call.</returns>
    public async ValueTask<Memory<byte>> ReadStripeAsync(int index, bool[] present, CancellationToken cancellationToken)
    {
        var cellSize = Layout.CellSize(index);
        var reads = new Task<bool>[present.Length];
        await budget.SpendAsync((long)cellSize * present.Length, cancellationToken);
        for (var i = 0; i < present.Length; i++) reads[i] = ReadCellAsync(i, index, stripe.AsMemory(i * cellSize, cellSize), cancellationToken);
        for (var i = 0; i < present.Length; i++) present[i] = await reads[i];
        return stripe.AsMemory(0, present.Length * cellSize);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(stripe);

    private async ValueTask<ShardCondition> OpenAsync(int index, CancellationToken cancellationToken)
    {
        if (row.Shards[index] == StoreId.None) return ShardCondition.Missing;
        if (stores.Find(row.Shards[index]) is not { } store) return ShardCondition.Unreachable;
        var id = new ShardId(row.Id, (byte)index);
        try
        {
            if (await store.StatAsync(id, cancellationToken) is not { } length) return ShardCondition.Missing;
            var header = new byte[ShardHeader.Size];
            var table = new byte[Layout.TableSize];
            var whole = length == Layout.ShardLength
                & await ReadExactlyAsync(store, id, 0, header, cancellationToken)
                & await ReadExactlyAsync(store, id, Layout.TableOffset, table, cancellationToken);
            if (!whole) return ShardCondition.Damaged;
            tables[index] = table;
            return ShardHeader.Check(header, id, Layout, tagger) == ShardHeaderOutcome.Ok ? ShardCondition.Good : ShardCondition.Damaged;
        }
        catch (BackendException e)
        {
            return Failed(store, e);
        }
    }

    private async Task<bool> ReadCellAsync(int index, int stripeIndex, Memory<byte> cell, CancellationToken cancellationToken)
    {
        if (tables[index] is not { } table || stores.Find(row.Shards[index]) is not { } store) return false;
        var id = new ShardId(row.Id, (byte)index);
        try
        {
            var whole = await ReadExactlyAsync(store, id, Layout.CellOffset(stripeIndex), cell, cancellationToken);
            if (whole && CellEntry.Read(table.AsSpan(stripeIndex * CellEntry.Size)).Check(cell.Span, index, stripeIndex, tagger) == CellOutcome.Ok) return true;
            Conditions[index] = ShardCondition.Damaged;
        }
        catch (BackendException e)
        {
            Conditions[index] = Failed(store, e);
        }

        return false;
    }

    private ShardCondition Failed(IStore store, BackendException failure)
    {
        switch (failure.Kind)
        {
            case BackendErrorKind.NotFound:
                return ShardCondition.Missing;
            case BackendErrorKind.Corrupt:
                return ShardCondition.Damaged;
            default:
                stores.Report(store.Id, failure);
                return ShardCondition.Unreachable;
        }
    }

    private static async ValueTask<bool> ReadExactlyAsync(IStore store, ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        await store.ReadAsync(id, offset, destination, cancellationToken) == destination.Length;
}
