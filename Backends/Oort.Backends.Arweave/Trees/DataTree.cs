using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Oort.Backends.Arweave.Trees;

/// <summary>The Merkle tree over a transaction's chunks: its root stands in the transaction, its paths go with the chunks.</summary>
/// <remarks>
/// A node's id is SHA-256 over the SHA-256 of each of its fields: of a leaf the chunk's SHA-256 and the note of its end, of a branch the ids of both children and the note of where the left
/// one ends. A note is a number of 32 bytes, big-endian. A node without a neighbour moves up as it is. Data of a whole number of 256 KiB chunks has one more, empty leaf, that is never sent.
/// </remarks>
internal sealed class DataTree
{
    /// <summary>Bytes of a hash, and of a note.</summary>
    public const int HashSize = 32;

    /// <summary>From the leaves up to the root.</summary>
    private readonly List<Node[]> levels = [];

    /// <param name="size">Bytes of the data, at least 1.</param>
    /// <param name="chunkHashes">SHA-256 of each chunk of <see cref="DataChunks.Of"/>.</param>
    public DataTree(long size, IReadOnlyList<byte[]> chunkHashes)
    {
        Chunks = [.. DataChunks.Of(size)];
        if (chunkHashes.Count != Chunks.Length) throw new ArgumentException($"{size} bytes have {Chunks.Length} chunks, not {chunkHashes.Count}.", nameof(chunkHashes));
        var leaves = Chunks.Zip(chunkHashes, (chunk, hash) => new Node(LeafId(hash, chunk.End), chunk.End, hash)).ToList();
        if (size % DataChunks.SizeMax == 0)
        {
            var empty = SHA256.HashData([]);
            leaves.Add(new(LeafId(empty, size), size, empty));
        }

        Node[] level = [.. leaves];
        for (levels.Add(level); level.Length > 1; levels.Add(level)) level = [.. level.Chunk(2).Select(pair => pair.Length == 1 ? pair[0] : Branch(pair[0], pair[1]))];
    }

    public ChunkRange[] Chunks { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> Root => levels[^1][0].Id;

    /// <summary>What leads from the root to a chunk: of each branch both ids and the note, then the leaf's hash and note.</summary>
    public byte[] PathOf(int chunk)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)chunk, (uint)Chunks.Length, nameof(chunk));
        var branches = new Stack<byte[]>();
        var index = chunk;
        foreach (var level in levels)
        {
            var (left, right) = (index & ~1, index | 1);
            // Without a neighbour it is its own parent.
            if (right < level.Length) branches.Push([.. level[left].Id, .. level[right].Id, .. Note(level[left].End)]);
            index /= 2;
        }

        Debug.Assert(index == 0, "A path ends at the root.");
        return [.. branches.SelectMany(branch => branch), .. levels[0][chunk].DataHash, .. Note(Chunks[chunk].End)];
    }

    public static byte[] LeafId(ReadOnlySpan<byte> dataHash, long end) => Hashed(dataHash, Note(end));

    public static byte[] BranchId(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, long leftEnd) => SHA256.HashData([.. SHA256.HashData(left), .. SHA256.HashData(right), .. SHA256.HashData(Note(leftEnd))]);

    public static byte[] Note(long number)
    {
        var note = new byte[HashSize];
        BinaryPrimitives.WriteInt64BigEndian(note.AsSpan(HashSize - sizeof(long)), number);
        return note;
    }

    private static Node Branch(Node left, Node right) => new(BranchId(left.Id, right.Id, left.End), right.End, []);

    private static byte[] Hashed(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => SHA256.HashData([.. SHA256.HashData(first), .. SHA256.HashData(second)]);

    private sealed record Node(byte[] Id, long End, byte[] DataHash);
}
