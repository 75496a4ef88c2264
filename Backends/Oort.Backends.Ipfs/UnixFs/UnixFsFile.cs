using System.Buffers;
using System.Security.Cryptography;

namespace Oort.Backends.Ipfs;

/// <summary>What a file is called, and what it has become.</summary>
/// <param name="DagSize">Bytes of all its blocks.</param>
/// <param name="Sha256">Of the file itself.</param>
internal sealed record UnixFsFile(Cid Root, long DagSize, byte[] Sha256)
{
    /// <summary>Takes a block. Its bytes are the caller's again afterwards.</summary>
    public delegate ValueTask BlockSink(Cid cid, ReadOnlyMemory<byte> block, CancellationToken cancellationToken);

    /// <summary>Cuts a file into blocks: leaves of one size, above them nodes of as many links as they may have, all leaves at one depth ("balanced").</summary>
    /// <param name="sink">Gets every block once its children were given, the root last.</param>
    /// <exception cref="BackendException">Corrupt: the source has fewer bytes than it says.</exception>
    /// <remarks>Holds one leaf, and the links of one node for each depth.</remarks>
    public static async ValueTask<UnixFsFile> BuildAsync(IItemSource source, UnixFsProfile profile, BlockSink sink, CancellationToken cancellationToken)
    {
        var levels = new List<List<UnixFsLink>>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(profile.ChunkSize);
        try
        {
            var offset = 0L;
            // A file without bytes is one leaf without bytes.
            do
            {
                var chunk = buffer.AsMemory(0, (int)Math.Min(profile.ChunkSize, source.Length - offset));
                await FillAsync(source, offset, chunk, cancellationToken);
                hash.AppendData(chunk.Span);
                await AddAsync(0, await LeafAsync(chunk));
                offset += chunk.Length;
            }
            while (offset < source.Length);

            for (var level = 0; ; level++)
            {
                var links = levels[level];
                if (level == levels.Count - 1 && links.Count == 1) return new(links[0].Cid, links[0].DagSize, hash.GetHashAndReset());
                await AddAsync(level + 1, await CloseAsync(links));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // A full node is closed only when another link comes: one that all of a level just fill may be the root.
        async ValueTask AddAsync(int level, UnixFsLink link)
        {
            for (; ; level++)
            {
                if (level == levels.Count) levels.Add([]);
                var links = levels[level];
                var isFull = links.Count == profile.LinkCountMax;
                var parent = isFull ? await CloseAsync(links) : default;
                links.Add(link);
                if (!isFull) return;
                link = parent;
            }
        }

        async ValueTask<UnixFsLink> CloseAsync(List<UnixFsLink> links)
        {
            var node = UnixFsNode.Encode(links, default);
            var below = (Bytes: 0L, Dag: 0L);
            foreach (var link in links) below = (below.Bytes + link.FileSize, below.Dag + link.DagSize);
            links.Clear();
            return await GiveAsync(BlockCodec.DagPb, node, below.Bytes, below.Dag);
        }

        ValueTask<UnixFsLink> LeafAsync(ReadOnlyMemory<byte> chunk) =>
            profile.HasRawLeaves ? GiveAsync(BlockCodec.Raw, chunk, chunk.Length, 0) : GiveAsync(BlockCodec.DagPb, UnixFsNode.Encode([], chunk.Span), chunk.Length, 0);

        async ValueTask<UnixFsLink> GiveAsync(BlockCodec codec, ReadOnlyMemory<byte> block, long fileSize, long dagBelow)
        {
            var cid = Cid.Of(codec, block.Span, profile.IsVersion0 && codec == BlockCodec.DagPb);
            await sink(cid, block, cancellationToken);
            return new(cid, fileSize, dagBelow + block.Length);
        }
    }

    private static async ValueTask FillAsync(IItemSource source, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            var count = await source.ReadAsync(offset, destination, cancellationToken);
            if (count == 0) throw new BackendException(BackendErrorKind.Corrupt, $"The item's source ends at {offset} of {source.Length} bytes; put the item again from an intact copy.");
            offset += count;
            destination = destination[count..];
        }
    }
}
