namespace Oort.Backends.Filecoin;

/// <summary>Computes a node from the bytes under it, in memory that grows with the tree's height alone: at each height at most one node waits for its right neighbour.</summary>
/// <remarks>Not thread-safe. Subtrees can be hashed each by itself, in parallel, and joined by <see cref="Push"/>.</remarks>
internal sealed class SubtreeHasher
{
    private readonly byte[] waiting = new byte[(PieceTree.HeightMax + 1) * PieceTree.NodeSize];
    private readonly byte[] quad = new byte[Fr32.QuadSize];
    private int quadLength;
    private ulong isWaiting;

    /// <summary>The node of a height over these bytes, and zeros behind them.</summary>
    /// <param name="bytes">At most <see cref="PieceTree.SizeOf"/> of the height.</param>
    public static byte[] Hash(ReadOnlySpan<byte> bytes, int height)
    {
        var hasher = new SubtreeHasher();
        hasher.Append(bytes);
        return hasher.Finish(height);
    }

    /// <summary>Adds bytes at the right.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (quadLength > 0)
        {
            var taken = Math.Min(bytes.Length, Fr32.QuadSize - quadLength);
            bytes[..taken].CopyTo(quad.AsSpan(quadLength));
            quadLength += taken;
            bytes = bytes[taken..];
            if (quadLength < Fr32.QuadSize) return;
            quadLength = 0;
            AppendQuad(quad);
        }

        for (; bytes.Length >= Fr32.QuadSize; bytes = bytes[Fr32.QuadSize..]) AppendQuad(bytes[..Fr32.QuadSize]);
        bytes.CopyTo(quad);
        quadLength = bytes.Length;
    }

    /// <summary>Adds a whole subtree at the right.</summary>
    /// <param name="node">32 bytes.</param>
    /// <param name="height">No smaller subtree may wait, nor bytes of half a quad.</param>
    /// <exception cref="ArgumentException">It would not begin where a subtree of its height does.</exception>
    public void Push(ReadOnlySpan<byte> node, int height)
    {
        if (quadLength > 0 || (isWaiting & ((1UL << height) - 1)) != 0) throw new ArgumentException($"No subtree of height {height} begins here.", nameof(height));
        Span<byte> pair = stackalloc byte[2 * PieceTree.NodeSize];
        var left = pair[..PieceTree.NodeSize];
        var right = pair[PieceTree.NodeSize..];
        node.CopyTo(right);
        for (; (isWaiting >> height & 1) != 0; height++)
        {
            Waiting(height).CopyTo(left);
            isWaiting &= ~(1UL << height);
            PieceTree.Join(pair, right);
        }

        right.CopyTo(Waiting(height));
        isWaiting |= 1UL << height;
    }

    /// <summary>The node of a height over all that was added, and zeros behind it. The hasher is then as new.</summary>
    /// <exception cref="ArgumentException">More was added than fits under it.</exception>
    public byte[] Finish(int height)
    {
        if (quadLength > 0)
        {
            quad.AsSpan(quadLength).Clear();
            quadLength = 0;
            AppendQuad(quad);
        }

        if (isWaiting > 1UL << height) throw new ArgumentException($"More was added than is under a node of height {height}.", nameof(height));
        Span<byte> pair = stackalloc byte[2 * PieceTree.NodeSize];
        var left = pair[..PieceTree.NodeSize];
        var right = pair[PieceTree.NodeSize..];
        // From the lowest that waits upwards: what has no neighbour to its right has zeros there.
        var level = isWaiting == 0 ? height : System.Numerics.BitOperations.TrailingZeroCount(isWaiting);
        var node = isWaiting == 0 ? PieceTree.Zero(height).ToArray() : Waiting(level).ToArray();
        for (var isFirst = true; level < height; level++)
        {
            if (!isFirst && (isWaiting >> level & 1) != 0)
            {
                Waiting(level).CopyTo(left);
                node.CopyTo(right);
            }
            else
            {
                node.CopyTo(left);
                PieceTree.Zero(level).CopyTo(right);
            }

            isFirst = false;
            PieceTree.Join(pair, node);
        }

        isWaiting = 0;
        return node;
    }

    private void AppendQuad(ReadOnlySpan<byte> bytes)
    {
        Span<byte> nodes = stackalloc byte[Fr32.ExpandedSize];
        Fr32.Expand(bytes, nodes);
        const int pairSize = 2 * PieceTree.NodeSize;
        PieceTree.Join(nodes[..pairSize], nodes[..PieceTree.NodeSize]);
        PieceTree.Join(nodes[pairSize..], nodes[PieceTree.NodeSize..pairSize]);
        PieceTree.Join(nodes[..pairSize], nodes[..PieceTree.NodeSize]);
        Push(nodes[..PieceTree.NodeSize], PieceTree.QuadHeight);
    }

    private Span<byte> Waiting(int height) => waiting.AsSpan(height * PieceTree.NodeSize, PieceTree.NodeSize);
}
