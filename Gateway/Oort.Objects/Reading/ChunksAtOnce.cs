using System.IO.Pipelines;
using Oort.Backends;

namespace Oort.Objects.Reading;

/// <summary>Reads what is in memory: each sealed chunk straight from its store into the memory of the writer that sends it, and opened there. No buffer, no task, no timer.</summary>
internal static class ChunksAtOnce
{
    /// <summary>Copies the first chunks of a window, as many as are in memory and open.</summary>
    /// <returns>How many.</returns>
    /// <remarks>Where a store is missing or was slow, other shards of the stripe are needed as well, so nothing of the window is read here.</remarks>
    public static int Copy(DataPath path, ChunkWindow window, PipeWriter destination)
    {
        if (!window.Segment.IsPrompt(window.PayloadOffset, window.PayloadEnd)) return 0;
        for (var index = 0; index < window.ChunkCount; index++)
        {
            var (from, to) = window.Place(index);
            var sealedChunk = destination.GetSpan((int)(to - from))[..(int)(to - from)];
            if (!TryRead(window.Segment, from, sealedChunk)) return index;
            if (ChunkSink.TryOpenInPlace(window, index, sealedChunk, destination)) continue;
            SharedStripe.Drop(path, window.Segment, from, to);
            return index;
        }
        return window.ChunkCount;
    }

    /// <summary>Reads payload bytes piece by piece, each from the cell it lies in.</summary>
    private static bool TryRead(OpenSegment segment, long offset, Span<byte> destination)
    {
        var layout = segment.Layout;
        while (!destination.IsEmpty)
        {
            var (stripe, cell, within) = layout.Locate(offset);
            var count = Math.Min(destination.Length, layout.CellSize(stripe) - within);
            if (segment.Find(cell) is not { } store || !store.TryReadCached(new ShardId(segment.Id, (byte)cell), layout.CellOffset(stripe) + within, destination[..count])) return false;
            destination = destination[count..];
            offset += count;
        }
        return true;
    }
}
