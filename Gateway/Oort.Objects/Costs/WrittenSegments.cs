using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Objects.Packs;
using Oort.Objects.Shards;

namespace Oort.Objects.Costs;

/// <summary>Segments of one length.</summary>
/// <param name="PayloadLength">Sealed bytes in each.</param>
/// <param name="ObjectCount">Objects that each holds something of: as many reads it takes to get all of them.</param>
internal readonly record struct SegmentGroup(long PayloadLength, long Count, long ObjectCount);

/// <summary>Which segments objects become when they are put whole: the arithmetic of the writers, without writing.</summary>
internal static class WrittenSegments
{
    public static ImmutableArray<SegmentGroup> Of(CostQuestion question, Geometry geometry, ObjectLayerOptions options)
    {
        var (size, larger) = Math.DivRem(question.Bytes, question.Objects);
        var groups = ImmutableArray.CreateBuilder<SegmentGroup>();
        Add(groups, size + 1, larger, question.Together, geometry, options);
        Add(groups, size, question.Objects - larger, question.Together, geometry, options);
        return groups.ToImmutable();
    }

    /// <summary>Adds the segments of objects of one size. Empty objects have none.</summary>
    private static void Add(ImmutableArray<SegmentGroup>.Builder groups, long size, long count, int together, Geometry geometry, ObjectLayerOptions options)
    {
        if (size == 0 || count == 0) return;
        var sealedLength = size + ChunkCipher.ChunkCount(size) * ChunkCipher.TagSize;
        if (size <= options.PackThreshold)
        {
            var step = PackWriter.Align((int)sealedLength);
            var fitting = 1 + Math.Max(0, (PackFlush.PayloadMax(options, geometry) - sealedLength) / step);
            var each = Math.Min(Math.Min(together, fitting), count);
            var (packs, rest) = Math.DivRem(count, each);
            groups.Add(new((each - 1) * step + sealedLength, packs, each));
            if (rest > 0) groups.Add(new((rest - 1) * step + sealedLength, 1, rest));
            return;
        }

        var full = (long)options.SegmentChunks * ChunkCipher.SealedSize;
        var (fullCount, last) = Math.DivRem(sealedLength, full);
        if (fullCount > 0) groups.Add(new(full, fullCount * count, 1));
        if (last > 0) groups.Add(new(last, count, 1));
    }
}
