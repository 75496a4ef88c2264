namespace Oort.Backends.Ipfs;

/// <summary>A link of a node to one below it.</summary>
/// <param name="FileSize">Bytes of the file that are below it.</param>
/// <param name="DagSize">Bytes of all blocks below it, its own included.</param>
internal readonly record struct UnixFsLink(Cid Cid, long FileSize, long DagSize);

/// <summary>A dag-pb block of a file (the dag-pb and UnixFS specifications): either links, or bytes of the file.</summary>
/// <remarks>
/// PBNode { repeated PBLink Links = 2; bytes Data = 1 }, links first; PBLink { bytes Hash = 1; string Name = 2 (empty); uint64 Tsize = 3 };
/// Data { Type = 1 (File); bytes Data = 2; uint64 filesize = 3; repeated uint64 blocksizes = 4, one a link }. Read strictly in this form, fields in this order.
/// </remarks>
internal sealed record UnixFsNode(IReadOnlyList<UnixFsLink> Links, ReadOnlyMemory<byte> Data, long FileSize)
{
    // Tags of protobuf: number of the field, and whether a length follows (2) or a number (0).
    private const byte NodeData = (1 << 3) | 2;
    private const byte NodeLink = (2 << 3) | 2;
    private const byte LinkHash = (1 << 3) | 2;
    private const byte LinkName = (2 << 3) | 2;
    private const byte LinkSize = 3 << 3;
    private const byte FileType = 1 << 3;
    private const byte FileData = (2 << 3) | 2;
    private const byte FileLength = 3 << 3;
    private const byte FileBlockSize = 4 << 3;

    /// <summary>Type "File"; old writers marked leaves as type "Raw", 0.</summary>
    private const byte TypeFile = 2;

    public static byte[] Encode(IReadOnlyList<UnixFsLink> links, ReadOnlySpan<byte> data)
    {
        var fileSize = (long)data.Length;
        var messageSize = 2 + (data.IsEmpty ? 0 : 1 + Varint.SizeOf(data.Length) + data.Length);
        var linksSize = 0;
        foreach (var link in links)
        {
            fileSize += link.FileSize;
            messageSize += 1 + Varint.SizeOf(link.FileSize);
            var size = SizeOf(link);
            linksSize += 1 + Varint.SizeOf(size) + size;
        }

        messageSize += 1 + Varint.SizeOf(fileSize);
        var block = new byte[linksSize + 1 + Varint.SizeOf(messageSize) + messageSize];
        var rest = block.AsSpan();
        foreach (var link in links)
        {
            Number(ref rest, NodeLink, SizeOf(link));
            Number(ref rest, LinkHash, link.Cid.Size);
            link.Cid.Write(rest);
            rest = rest[link.Cid.Size..];
            Number(ref rest, LinkName, 0);
            Number(ref rest, LinkSize, link.DagSize);
        }

        Number(ref rest, NodeData, messageSize);
        Number(ref rest, FileType, TypeFile);
        if (!data.IsEmpty)
        {
            Number(ref rest, FileData, data.Length);
            data.CopyTo(rest);
            rest = rest[data.Length..];
        }

        Number(ref rest, FileLength, fileSize);
        foreach (var link in links) Number(ref rest, FileBlockSize, link.FileSize);
        return block;
    }

    /// <returns>Null: not a node of a file in the form above.</returns>
    public static UnixFsNode? TryDecode(ReadOnlyMemory<byte> block)
    {
        var links = new List<(Cid Cid, long DagSize)>();
        var rest = block;
        while (TryRun(ref rest, NodeLink, out var link))
        {
            if (!TryRun(ref link, LinkHash, out var hash) || !Cid.TryRead(hash.Span, out var cid)) return null;
            if (!TryRun(ref link, LinkName, out var name) || !name.IsEmpty) return null;
            if (!TryNumber(ref link, LinkSize, out var dagSize) || !link.IsEmpty) return null;
            links.Add((cid, dagSize));
        }

        if (!TryRun(ref rest, NodeData, out var message) || !rest.IsEmpty) return null;
        if (!TryNumber(ref message, FileType, out var type) || type is not (TypeFile or 0)) return null;
        if (!TryRun(ref message, FileData, out var data)) data = default;
        if (!TryNumber(ref message, FileLength, out var fileSize)) return null;
        // Bytes beside links would have no place in the order of the file.
        if (links.Count > 0 && !data.IsEmpty) return null;

        var sum = (long)data.Length;
        var decoded = new List<UnixFsLink>(links.Count);
        foreach (var (cid, dagSize) in links)
        {
            // A child without bytes would be a walk that gets nowhere.
            if (!TryNumber(ref message, FileBlockSize, out var size) || size == 0 || size > fileSize - sum) return null;
            sum += size;
            decoded.Add(new(cid, size, dagSize));
        }

        return message.IsEmpty && sum == fileSize ? new(decoded, data, fileSize) : null;
    }

    private static int SizeOf(UnixFsLink link) => 2 + link.Cid.Size + 2 + 1 + Varint.SizeOf(link.DagSize);

    private static void Number(ref Span<byte> rest, byte tag, long value)
    {
        rest[0] = tag;
        rest = rest[(1 + Varint.Write(rest[1..], value))..];
    }

    private static bool TryNumber(ref ReadOnlyMemory<byte> rest, byte tag, out long value)
    {
        value = 0;
        if (rest.IsEmpty || rest.Span[0] != tag || !Varint.TryRead(rest.Span[1..], out value, out var size)) return false;
        rest = rest[(1 + size)..];
        return true;
    }

    private static bool TryRun(ref ReadOnlyMemory<byte> rest, byte tag, out ReadOnlyMemory<byte> run)
    {
        run = default;
        var after = rest;
        if (!TryNumber(ref after, tag, out var length) || length > after.Length) return false;
        run = after[..(int)length];
        rest = after[(int)length..];
        return true;
    }
}
