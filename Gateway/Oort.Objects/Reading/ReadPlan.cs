using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>Which chunks a range of an object's bytes takes, in order (docs/formats/segment.md).</summary>
internal static class ReadPlan
{
    /// <summary>The windows of a range, made one by one as they are needed.</summary>
    /// <param name="extents">The object's.</param>
    /// <param name="offset">First byte of the object.</param>
    /// <param name="length">Count of bytes; the range lies within the object.</param>
    public static IEnumerable<ChunkWindow> Windows(ImmutableArray<Extent> extents, long offset, long length, IReadOnlyDictionary<DataId, OpenData> data, IReadOnlyDictionary<SegmentId, OpenSegment> segments)
    {
        var begin = 0L;
        foreach (var extent in extents)
        {
            var end = begin + extent.Length;
            var from = Math.Max(begin, offset);
            var to = Math.Min(end, offset + length);
            if (from < to)
                foreach (var window in Windows(data[extent.Data], from - begin + extent.Offset, to - begin + extent.Offset, segments)) yield return window;
            begin = end;
            if (begin >= offset + length) yield break;
        }
    }

    private static IEnumerable<ChunkWindow> Windows(OpenData data, long from, long to, IReadOnlyDictionary<SegmentId, OpenSegment> segments)
    {
        var chunk = from / ChunkCipher.PlaintextSize;
        var chunkEnd = (to - 1) / ChunkCipher.PlaintextSize + 1;
        var runFirst = 0L;
        foreach (var run in data.Row.Runs)
        {
            var runEnd = runFirst + (run.Length + ChunkCipher.SealedSize - 1) / ChunkCipher.SealedSize;
            while (chunk < Math.Min(chunkEnd, runEnd))
            {
                var payloadOffset = run.Offset + (chunk - runFirst) * ChunkCipher.SealedSize;
                var count = CountInRun(payloadOffset, segments[run.Segment], Math.Min(chunkEnd, runEnd) - chunk);
                var first = Math.Max(from, chunk * ChunkCipher.PlaintextSize);
                var last = Math.Min(to, (chunk + count) * ChunkCipher.PlaintextSize);
                yield return new ChunkWindow(data, segments[run.Segment], payloadOffset, chunk, count, first, last);
                chunk += count;
            }
            if (chunk >= chunkEnd) yield break;
            runFirst = runEnd;
        }
        throw new ObjectUnavailableException($"The runs of data id {data.Row.Id} end before its bytes do.");
    }

    /// <summary>Chunks up to the end of the run of stripes; where the first one reaches over it (in a pack), that one alone. Runs begin at multiples of their length, so that readers of one object can share them.</summary>
    private static int CountInRun(long payloadOffset, OpenSegment segment, long countMax)
    {
        var stripeLength = (long)segment.Geometry.DataShards * ShardLayout.FullCellSize;
        var runLength = Math.Max(1, segment.RunBytes / stripeLength) * stripeLength;
        return (int)Math.Min(countMax, ChunkWindow.CountBefore(runLength, payloadOffset));
    }
}
