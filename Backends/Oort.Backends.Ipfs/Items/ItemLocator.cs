namespace Oort.Backends.Ipfs;

/// <summary>What an item on IPFS is found by: the CID of its file, in bytes (docs/formats/ipfs-item.md).</summary>
internal static class ItemLocator
{
    public const int CodecOffset = 1;
    public const int HashOffset = 2;
    public const int LengthOffset = 3;
    public const int DigestOffset = 4;
    public const int DigestSize = 32;

    /// <summary>All of it, in bytes.</summary>
    public const int Size = DigestOffset + DigestSize;

    public static byte[] Write(Cid root) => root.ToBytes();

    /// <exception cref="BackendException">Permanent: it is no locator of this backend.</exception>
    public static Cid Read(ReadOnlyMemory<byte> bytes) =>
        bytes.Length == Size && Cid.TryRead(bytes.Span, out var cid) && !cid.IsVersion0
            ? cid
            : throw new BackendException(BackendErrorKind.Permanent, "Where the item's CID should be is something else: it is another network's item, or damaged.");
}
