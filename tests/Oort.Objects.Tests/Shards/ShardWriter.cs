using Oort.Backends;
using Oort.Crypto;
using Oort.Erasure;
using Oort.Objects.Shards;

namespace Oort.Objects.Tests.Shards;

/// <summary>Makes whole shards with the product's own parts, as a segment writer does.</summary>
internal static class ShardWriter
{
    internal static byte[][] Write(SegmentId segment, Geometry geometry, byte[] payload, SegmentTagger tagger)
    {
        var layout = new ShardLayout(geometry, payload.Length);
        var code = ReedSolomon.For(geometry.DataShards, geometry.ParityShards);
        var files = new byte[geometry.TotalShards][];
        for (var shard = 0; shard < files.Length; shard++)
        {
            files[shard] = new byte[layout.ShardLength];
            ShardHeader.Write(files[shard], new(segment, (byte)shard), layout, tagger);
        }

        for (var stripe = 0; stripe < layout.StripeCount; stripe++)
        {
            var cellSize = layout.CellSize(stripe);
            var cells = new byte[geometry.TotalShards * cellSize];
            payload.AsSpan((int)layout.StripeOffset(stripe), layout.StripeLength(stripe)).CopyTo(cells);
            var dataLength = geometry.DataShards * cellSize;
            code.Encode(cells.AsSpan(0, dataLength), cells.AsSpan(dataLength), cellSize);
            for (var shard = 0; shard < files.Length; shard++)
            {
                var cell = cells.AsSpan(shard * cellSize, cellSize);
                cell.CopyTo(files[shard].AsSpan((int)layout.CellOffset(stripe)));
                CellEntry.Compute(cell, shard, stripe, tagger).Write(files[shard].AsSpan((int)layout.EntryOffset(stripe)));
            }
        }

        return files;
    }
}
