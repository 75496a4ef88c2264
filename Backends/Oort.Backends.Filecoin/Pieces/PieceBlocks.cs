using System.Security.Cryptography;

namespace Oort.Backends.Filecoin;

/// <summary>An item's PieceCID together with the nodes of its tree at one height: each is the root over a block of the item, and all of them together make the PieceCID, so that a block that was read can be checked by itself.</summary>
/// <param name="Roots">32 bytes for each block, the last block shorter; blocks of nothing but padding are not among them.</param>
internal sealed record PieceBlocks(PieceCid Cid, ReadOnlyMemory<byte> Roots)
{
    /// <summary>Blocks at most: 2 KiB of roots.</summary>
    public const int CountMax = 64;

    /// <summary>Least height of a block: 65,024 bytes.</summary>
    private const int HeightMin = 11;

    /// <summary>Log2 of <see cref="CountMax"/>.</summary>
    private const int CountHeight = 6;

    /// <summary>Height of what one thread hashes at a time: 1,040,384 bytes.</summary>
    private const int ChunkHeight = 15;

    /// <summary>Height of the blocks of an item of this length.</summary>
    public static int HeightOf(long length)
    {
        var height = PieceTree.HeightOf(length);
        return Math.Min(height, Math.Max(HeightMin, height - CountHeight));
    }

    /// <summary>Bytes of each block but the last.</summary>
    public static long SizeOf(long length) => PieceTree.SizeOf(HeightOf(length));

    public static int CountOf(long length) => (int)((length + SizeOf(length) - 1) / SizeOf(length));

    /// <summary>The root over one block.</summary>
    public ReadOnlyMemory<byte> this[int index] => Roots.Slice(index * PieceTree.NodeSize, PieceTree.NodeSize);

    /// <summary>The item's PieceCID from its blocks' roots.</summary>
    /// <param name="length">Of the item, at least 1.</param>
    /// <param name="roots">Of as many blocks as it has.</param>
    public static PieceBlocks Of(long length, ReadOnlyMemory<byte> roots)
    {
        var hasher = new SubtreeHasher();
        for (var offset = 0; offset < roots.Length; offset += PieceTree.NodeSize) hasher.Push(roots.Span.Slice(offset, PieceTree.NodeSize), HeightOf(length));
        return new(PieceCid.Of(length, hasher.Finish(PieceTree.HeightOf(length))), roots);
    }

    /// <summary>Reads an item's source once, and computes the nodes and the SHA-256 together.</summary>
    /// <param name="threadCount">Chunks that are hashed at the same time, and held in memory: 1 MiB each.</param>
    /// <exception cref="BackendException">Corrupt: the source does not have the item's bytes. Otherwise whatever the source throws.</exception>
    public static async ValueTask<PieceBlocks> ComputeAsync(NetworkItem item, IItemSource source, int threadCount, CancellationToken cancellationToken)
    {
        if (source.Length != item.Length) throw Wrong(item, $"has {source.Length} bytes and not {item.Length}");
        var blockHeight = HeightOf(item.Length);
        var chunkHeight = Math.Min(ChunkHeight, blockHeight);
        var chunkSize = (int)PieceTree.SizeOf(chunkHeight);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var roots = new byte[CountOf(item.Length) * PieceTree.NodeSize];
        var block = new SubtreeHasher();
        var index = 0;
        var buffers = new Queue<byte[]>();
        var hashing = new Queue<(Task<byte[]> Root, byte[] Buffer, long End)>();
        for (var offset = 0L; offset < item.Length || hashing.Count > 0;)
        {
            if (offset < item.Length && hashing.Count < threadCount)
            {
                var buffer = buffers.TryDequeue(out var used) ? used : new byte[chunkSize];
                var wanted = (int)Math.Min(chunkSize, item.Length - offset);
                var count = await source.ReadAsync(offset, buffer.AsMemory(0, wanted), cancellationToken);
                if (count != wanted) throw Wrong(item, $"gave {count} bytes at {offset} where {wanted} are");
                sha256.AppendData(buffer, 0, count);
                offset += count;
                hashing.Enqueue((Task.Run(() => SubtreeHasher.Hash(buffer.AsSpan(0, count), chunkHeight), cancellationToken), buffer, offset));
                continue;
            }

            var (root, done, end) = hashing.Dequeue();
            block.Push(await root, chunkHeight);
            buffers.Enqueue(done);
            if (end % PieceTree.SizeOf(blockHeight) == 0 || end == item.Length) block.Finish(blockHeight).CopyTo(roots, PieceTree.NodeSize * index++);
        }

        if (!sha256.GetHashAndReset().AsSpan().SequenceEqual(item.Sha256.Span)) throw Wrong(item, "does not have its SHA-256");
        return Of(item.Length, roots);
    }

    private static BackendException Wrong(NetworkItem item, string what) => new(BackendErrorKind.Corrupt, $"The source of item {item.Id} {what}; make the item anew.");
}
