namespace Oort.Backends.Ipfs;

/// <summary>Reads a range of a file out of its blocks, and only those that it needs.</summary>
internal static class UnixFsReader
{
    /// <summary>Nodes above a leaf: with two links a node it is still 1 GiB in blocks of 256 KiB.</summary>
    private const int DepthMax = 12;

    /// <summary>Reads from <paramref name="from"/> up to, not including, <paramref name="to"/>, or to the file's end.</summary>
    /// <param name="sink">Gets the range in runs, in order.</param>
    /// <returns>The length of the whole file.</returns>
    /// <exception cref="BackendException">As the source; Corrupt: the blocks are what they are called and no file, or one that disagrees with itself.</exception>
    public static ValueTask<long> ReadAsync(Cid root, long from, long to, IBlockSource source, Action<ReadOnlyMemory<byte>> sink, CancellationToken cancellationToken)
    {
        return WalkAsync(root, 0, null, 0);

        async ValueTask<long> WalkAsync(Cid cid, long start, long? size, int depth)
        {
            if (depth > DepthMax) throw Corrupt(cid, $"is more than {DepthMax} links below its root");
            var block = await source.GetAsync(cid, cancellationToken);
            if (block.Length > Blocks.SizeMax) throw Corrupt(cid, $"has {block.Length} bytes, more than a block may have");
            var node = cid.Codec == BlockCodec.Raw ? new UnixFsNode([], block, block.Length) : UnixFsNode.TryDecode(block) ?? throw Corrupt(cid, "is no node of a file");
            if (size is { } expected && node.FileSize != expected) throw Corrupt(cid, $"has {node.FileSize} bytes of the file where its parent says {expected}");
            Give(start, node.Data);
            foreach (var link in node.Links)
            {
                if (start >= to) break;
                if (start + link.FileSize > from) await WalkAsync(link.Cid, start, link.FileSize, depth + 1);
                start += link.FileSize;
            }

            return node.FileSize;
        }

        void Give(long start, ReadOnlyMemory<byte> data)
        {
            var first = Math.Clamp(from - start, 0, data.Length);
            var end = Math.Clamp(to - start, first, data.Length);
            if (end > first) sink(data[(int)first..(int)end]);
        }

        BackendException Corrupt(Cid cid, string what) => new(BackendErrorKind.Corrupt, $"Block {cid} of {root} {what}.");
    }
}
