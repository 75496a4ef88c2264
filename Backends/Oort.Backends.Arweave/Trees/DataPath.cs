using System.Buffers.Binary;

namespace Oort.Backends.Arweave.Trees;

/// <summary>A chunk that a path has shown to be in a transaction's data.</summary>
internal sealed record ProvenChunk(ChunkRange Range, byte[] DataHash);

/// <summary>Checks what leads from a data root to a chunk (<see cref="DataTree.PathOf"/>).</summary>
internal static class DataPath
{
    public const int BranchSize = 3 * DataTree.HashSize;
    public const int LeafSize = 2 * DataTree.HashSize;

    /// <summary>A tree over 2^63 bytes has fewer levels.</summary>
    public const int SizeMax = LeafSize + 64 * BranchSize;

    /// <summary>The chunk in which a byte lies; null where the path does not lead there.</summary>
    /// <param name="root">32 bytes.</param>
    /// <param name="size">Bytes of all the data.</param>
    /// <param name="offset">Of any byte in the chunk.</param>
    public static ProvenChunk? Check(ReadOnlySpan<byte> root, long size, long offset, ReadOnlySpan<byte> path)
    {
        if (root.Length != DataTree.HashSize || offset < 0 || offset >= size) return null;
        if (path.Length is < LeafSize or > SizeMax || (path.Length - LeafSize) % BranchSize != 0) return null;
        var (start, end) = (0L, size);
        for (; path.Length > LeafSize; path = path[BranchSize..])
        {
            var left = path[..DataTree.HashSize];
            var right = path[DataTree.HashSize..LeafSize];
            if (ReadNote(path[LeafSize..BranchSize]) is not { } leftEnd || leftEnd <= start || leftEnd > end) return null;
            if (!root.SequenceEqual(DataTree.BranchId(left, right, leftEnd))) return null;
            var isLeft = offset < leftEnd;
            root = isLeft ? left : right;
            (start, end) = isLeft ? (start, leftEnd) : (leftEnd, end);
        }

        var hash = path[..DataTree.HashSize];
        if (ReadNote(path[DataTree.HashSize..]) != end || end - start is < 1 or > DataChunks.SizeMax) return null;
        return root.SequenceEqual(DataTree.LeafId(hash, end)) ? new(new(start, end), hash.ToArray()) : null;
    }

    /// <summary>Null for what no data is long enough for.</summary>
    private static long? ReadNote(ReadOnlySpan<byte> note)
    {
        var value = BinaryPrimitives.ReadInt64BigEndian(note[^sizeof(long)..]);
        return value >= 0 && note[..^sizeof(long)].IndexOfAnyExcept((byte)0) < 0 ? value : null;
    }
}
