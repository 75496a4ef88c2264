using Oort.Backends;
using Oort.Objects.Shards;

namespace Oort.Objects.Writing;

/// <summary>How a run is laid out: some stripes in a row of one segment, shard by shard, so that what one store gets of it lies in one piece.</summary>
/// <remarks>
/// <code>
/// region of shard 0 │ region of shard 1 │ … │ scratch
/// region:  <see cref="HeadSize"/> bytes that come before the cells in the shard's file │ cells │ with the last cells: the table
/// </code>
/// A run begins at a multiple of a cell in the shard's file: the bytes before its first cell are the header or the end of the cell before. So each
/// write begins at a page, in memory and in the file, and all but the last end at one: a store can write it past the page cache without copying.
/// </remarks>
internal readonly record struct RunShape
{
    /// <summary>Bytes of a region before its first cell.</summary>
    public const int HeadSize = ShardHeader.Size;

    /// <summary>What direct writes align to: pages of memory, blocks of all usual media.</summary>
    private const int PageSize = 4096;

    /// <param name="stripeCount">Stripes that it must have room for, at least 1.</param>
    /// <param name="segmentChunks">Chunks of a segment at most, which says how long tables are.</param>
    public RunShape(Geometry geometry, int stripeCount, int segmentChunks)
    {
        Geometry = geometry;
        StripeCount = stripeCount;
        var tableMax = (segmentChunks + geometry.DataShards - 1) / geometry.DataShards * CellEntry.Size;
        RegionSize = (HeadSize + stripeCount * ShardLayout.FullCellSize + tableMax + PageSize - 1) / PageSize * PageSize;
    }

    public Geometry Geometry { get; }

    public int StripeCount { get; }

    /// <summary>Bytes from one shard's region to the next.</summary>
    public int RegionSize { get; }

    /// <summary>Where chunks of a short stripe are sealed, which are then cut up over its cells.</summary>
    public int ScratchOffset => Geometry.TotalShards * RegionSize;

    /// <summary>Bytes of a buffer.</summary>
    public int BufferSize => ScratchOffset + ShardLayout.FullCellSize;

    /// <summary>How many stripes of a segment one run takes, from the <paramref name="first"/> on: all that are left if they fit with the table, or as many full ones as there is room for.</summary>
    public int CountFrom(in ShardLayout layout, int first) =>
        layout.ShardLength - FileOffset(first) <= RegionSize ? layout.StripeCount - first : StripeCount;

    /// <summary>Where a run that begins with a stripe begins in the shard's file.</summary>
    public static long FileOffset(int first) => (long)first * ShardLayout.FullCellSize;
}
