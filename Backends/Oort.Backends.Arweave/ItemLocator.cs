using System.Buffers.Binary;

namespace Oort.Backends.Arweave;

/// <summary>How an item is found again (docs/formats/arweave-item.md): gateways serve it under its id, and what has another length is not it.</summary>
/// <param name="Id">Of the data item or of the transaction, 32 bytes.</param>
/// <param name="Length">Bytes of the item, at least 1.</param>
internal sealed record ItemLocator(byte[] Id, long Length)
{
    public const int IdOffset = 0;
    public const int IdSize = 32;
    public const int LengthOffset = 32;
    public const int Size = 40;

    public byte[] Encode()
    {
        var bytes = new byte[Size];
        Id.CopyTo(bytes, IdOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(LengthOffset), Length);
        return bytes;
    }

    /// <summary>Null for anything that <see cref="Encode"/> does not write.</summary>
    public static ItemLocator? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) return null;
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[LengthOffset..]);
        return length >= 1 ? new(bytes[..IdSize].ToArray(), length) : null;
    }

    /// <exception cref="BackendException">Permanent: it is not what this backend has written.</exception>
    public static ItemLocator Of(NetworkReceipt receipt) => Decode(receipt.Locator.Span)
        ?? throw new BackendException(BackendErrorKind.Permanent, $"The locator of {receipt.Address} is none of an item on Arweave: it has {receipt.Locator.Length} bytes instead of {Size}, or a length below 1.");
}
