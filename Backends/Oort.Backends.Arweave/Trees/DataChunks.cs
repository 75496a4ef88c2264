namespace Oort.Backends.Arweave.Trees;

/// <summary>One chunk of a transaction's data.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="End">The byte after its last.</param>
internal readonly record struct ChunkRange(long Start, long End)
{
    public int Length => (int)(End - Start);
}

/// <summary>How a transaction's data is cut: into 256 KiB, and where the last chunk would be short, the last two evenly.</summary>
internal static class DataChunks
{
    /// <summary>Longest chunk in bytes; nodes take no longer one.</summary>
    public const int SizeMax = 256 * 1024;

    /// <summary>A last chunk below this is joined with the one before it, and both are cut in halves.</summary>
    public const int SizeMin = 32 * 1024;

    /// <summary>The chunks with bytes in them, in order.</summary>
    /// <param name="size">Bytes of the data, at least 1.</param>
    public static IEnumerable<ChunkRange> Of(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        var start = 0L;
        for (var rest = size; rest >= SizeMax; rest = size - start)
        {
            var next = rest - SizeMax;
            var length = next is > 0 and < SizeMin ? (rest + 1) / 2 : SizeMax;
            yield return new(start, start + length);
            start += length;
        }

        if (start < size) yield return new(start, size);
    }
}
