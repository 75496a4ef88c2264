namespace Oort.Backends.Ipfs;

/// <summary>Blocks one after the other (CARv1): a header, then each block as varint length ‖ CID ‖ bytes.</summary>
internal static class Car
{
    /// <summary>The end of every header: the last key in the order of DAG-CBOR, and its value.</summary>
    private static ReadOnlySpan<byte> Version => "gversion\u0001"u8;

    /// <summary>A map of two.</summary>
    private const byte Map2 = 0xa2;

    /// <summary>{ "roots": [CID], "version": 1 } in DAG-CBOR, behind its length.</summary>
    public static byte[] Header(Cid root)
    {
        // A CID is tag 42 over a byte string that begins with 0, the multibase "identity".
        byte[] roots = [Map2, 0x65, .. "roots"u8, 0x81, 0xd8, 42, 0x58, (byte)(root.Size + 1), 0];
        var size = roots.Length + root.Size + Version.Length;
        var header = new byte[Varint.SizeOf(size) + size];
        var rest = header.AsSpan();
        rest = rest[Varint.Write(rest, size)..];
        roots.CopyTo(rest);
        root.Write(rest[roots.Length..]);
        Version.CopyTo(rest[(roots.Length + root.Size)..]);
        return header;
    }

    /// <summary>Whether a header, without its length, is of version 1. Its roots are not looked at: gateways put there what they like, and what was asked for is known.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> header) => header.Length > Version.Length && header[0] == Map2 && header.EndsWith(Version);

    /// <summary>What stands before a block.</summary>
    public static byte[] Prefix(Cid cid, int blockLength)
    {
        var size = cid.Size + blockLength;
        var prefix = new byte[Varint.SizeOf(size) + cid.Size];
        cid.Write(prefix.AsSpan(Varint.Write(prefix, size)));
        return prefix;
    }

    /// <summary>Bytes that a block takes up.</summary>
    public static long SizeOf(Cid cid, int blockLength)
    {
        var size = cid.Size + blockLength;
        return Varint.SizeOf(size) + size;
    }
}
