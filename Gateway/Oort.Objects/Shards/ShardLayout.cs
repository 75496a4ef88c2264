using System.Runtime.InteropServices;
using Oort.Backends;

namespace Oort.Objects.Shards;

/// <summary>Where a byte of a segment's payload lies: which stripe, which data cell of it, which byte of that cell.</summary>
public readonly record struct CellPlace(int Stripe, int Cell, int Offset);

/// <summary>The arithmetic of striping: how a payload is cut into cells, and where each lies in a shard's file (docs/formats/shard.md).</summary>
/// <remarks>All shards of a segment have the same layout. A shard is a header, one cell of each stripe, then the table with one entry a cell.</remarks>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ShardLayout
{
    /// <summary>The size of a cell of a full stripe, in bytes: one sealed chunk.</summary>
    public const int FullCellSize = 65_536;

    /// <summary>Cells of the last stripe are a multiple of this many bytes, the step of the vector kernels.</summary>
    public const int CellAlignment = 64;

    /// <summary>The largest payload of a segment, in bytes: what a writer must be able to hold for each upload.</summary>
    public const long PayloadLengthMax = 64 * 1024 * 1024;

    /// <summary>The most shards of a segment.</summary>
    public const int TotalShardsMax = 255;

    /// <param name="geometry">k of 1 or more, k + m of at most <see cref="TotalShardsMax"/>.</param>
    /// <param name="payloadLength">1 … <see cref="PayloadLengthMax"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such segment can be.</exception>
    public ShardLayout(Geometry geometry, long payloadLength)
    {
        if (!IsValid(geometry)) throw new ArgumentOutOfRangeException(nameof(geometry), geometry, "No such code.");
        ArgumentOutOfRangeException.ThrowIfLessThan(payloadLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, PayloadLengthMax);
        Geometry = geometry;
        PayloadLength = payloadLength;

        var stripeLength = (long)geometry.DataShards * FullCellSize;
        FullStripeCount = (int)(payloadLength / stripeLength);
        var rest = payloadLength - FullStripeCount * stripeLength;
        var cell = (rest + geometry.DataShards - 1) / geometry.DataShards;
        LastCellSize = (int)((cell + CellAlignment - 1) / CellAlignment * CellAlignment);
    }

    /// <summary>Whether there can be a segment of this geometry.</summary>
    public static bool IsValid(Geometry geometry) =>
        geometry is { DataShards: >= 1 and <= TotalShardsMax, ParityShards: >= 0 and <= TotalShardsMax } && geometry.TotalShards <= TotalShardsMax;

    public Geometry Geometry { get; }

    /// <summary>Bytes of the segment's payload, before padding.</summary>
    public long PayloadLength { get; }

    /// <summary>Stripes whose cells are of <see cref="FullCellSize"/>.</summary>
    public int FullStripeCount { get; }

    /// <summary>Cell size of the short stripe at the end; 0 when the payload ends with a full one.</summary>
    public int LastCellSize { get; }

    /// <summary>All stripes; also the cells of a shard.</summary>
    public int StripeCount => FullStripeCount + (LastCellSize == 0 ? 0 : 1);

    /// <summary>Offset of the table in the shard's file; where the cells end.</summary>
    public long TableOffset => ShardHeader.Size + (long)FullStripeCount * FullCellSize + LastCellSize;

    /// <summary>Bytes of the table.</summary>
    public int TableSize => StripeCount * CellEntry.Size;

    /// <summary>Bytes of the whole file of a shard.</summary>
    public long ShardLength => TableOffset + TableSize;

    /// <summary>Bytes of each cell of a stripe, data and parity alike.</summary>
    public int CellSize(int stripe)
    {
        CheckStripe(stripe);
        return stripe < FullStripeCount ? FullCellSize : LastCellSize;
    }

    /// <summary>Offset of a stripe's cell in the shard's file.</summary>
    public long CellOffset(int stripe)
    {
        CheckStripe(stripe);
        return ShardHeader.Size + (long)stripe * FullCellSize;
    }

    /// <summary>Offset of a stripe's entry in the shard's file.</summary>
    public long EntryOffset(int stripe)
    {
        CheckStripe(stripe);
        return TableOffset + stripe * CellEntry.Size;
    }

    /// <summary>Offset in the payload of the first byte of a stripe.</summary>
    public long StripeOffset(int stripe)
    {
        CheckStripe(stripe);
        return (long)stripe * Geometry.DataShards * FullCellSize;
    }

    /// <summary>Payload bytes in a stripe: k cells of it, less the zeros at the end of the last one.</summary>
    public int StripeLength(int stripe) =>
        (int)Math.Min((long)Geometry.DataShards * FullCellSize, PayloadLength - StripeOffset(stripe));

    /// <summary>Where a byte of the payload lies.</summary>
    /// <param name="payloadOffset">0 … <see cref="PayloadLength"/> − 1.</param>
    public CellPlace Locate(long payloadOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(payloadOffset, PayloadLength);
        var (stripe, rest) = Math.DivRem(payloadOffset, (long)Geometry.DataShards * FullCellSize);
        var (cell, offset) = Math.DivRem((int)rest, CellSize((int)stripe));
        return new((int)stripe, cell, offset);
    }

    private void CheckStripe(int stripe)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stripe);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stripe, StripeCount);
    }
}
