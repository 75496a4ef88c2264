using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Oort.Backends.Arweave.Hashing;

namespace Oort.Backends.Arweave.Items;

/// <summary>All of a data item before its data (ANS-104, as programs in use write it).</summary>
/// <remarks>Kind (u16, little-endian) ‖ signature ‖ owner ‖ 0, or 1 and target ‖ 0, or 1 and anchor ‖ count of tags ‖ bytes of tags (both u64, little-endian) ‖ tags.</remarks>
internal sealed record DataItemHeader
{
    /// <summary>Bytes of a target, and of an anchor.</summary>
    public const int AddressSize = 32;

    /// <summary>The longest header.</summary>
    public const int SizeMax = 2 + 2 * 512 + 2 * (1 + AddressSize) + 16 + DataItemTags.SizeMax;

    public required DataItemSignatureKind Kind { get; init; }

    public required ReadOnlyMemory<byte> Signature { get; init; }

    public required ReadOnlyMemory<byte> Owner { get; init; }

    /// <summary>32 bytes, or none.</summary>
    public ReadOnlyMemory<byte> Target { get; init; }

    /// <summary>32 bytes, or none: makes two items of the same data differ.</summary>
    public ReadOnlyMemory<byte> Anchor { get; init; }

    public IReadOnlyList<DataItemTag> Tags { get; init; } = [];

    /// <summary>SHA-256 of the signature.</summary>
    public byte[] Id => SHA256.HashData(Signature.Span);

    /// <summary>Bytes of the header, and so where the data begins.</summary>
    public int Size => 2 + Signature.Length + Owner.Length + 2 + Target.Length + Anchor.Length + 16 + DataItemTags.Encode(Tags).Length;

    /// <summary>Bytes of a signature and of an owner; null for kinds that are not spoken here.</summary>
    public static (int Signature, int Owner)? SizesOf(DataItemSignatureKind kind) => kind switch
    {
        DataItemSignatureKind.Arweave => (512, 512),
        DataItemSignatureKind.Ethereum => (65, 65),
        _ => null,
    };

    public byte[] Write()
    {
        var tags = DataItemTags.Encode(Tags);
        var numbers = new byte[18];
        BinaryPrimitives.WriteUInt16LittleEndian(numbers, (ushort)Kind);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers.AsSpan(2), (ulong)Tags.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers.AsSpan(10), (ulong)tags.Length);
        return [.. numbers.AsSpan(0, 2), .. Signature.Span, .. Owner.Span, .. Optional(Target.Span), .. Optional(Anchor.Span), .. numbers.AsSpan(2), .. tags];
    }

    /// <summary>Reads the header at the beginning of an item.</summary>
    /// <param name="bytes">The item, or its first <see cref="SizeMax"/> bytes.</param>
    /// <param name="problem">What is wrong, where nothing is returned.</param>
    public static DataItemHeader? Read(ReadOnlySpan<byte> bytes, out string problem)
    {
        problem = "it ends within its header";
        if (bytes.Length < 2) return null;
        var kind = (DataItemSignatureKind)BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (SizesOf(kind) is not { } sizes)
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"its signature is of kind {(int)kind}, which is not spoken here");
            return null;
        }

        var rest = bytes[2..];
        if (!TryTake(ref rest, sizes.Signature, out var signature) || !TryTake(ref rest, sizes.Owner, out var owner)) return null;
        if (!TryOptional(ref rest, out var target, ref problem) || !TryOptional(ref rest, out var anchor, ref problem)) return null;
        if (!TryTake(ref rest, 16, out var numbers)) return null;
        var (count, size) = (BinaryPrimitives.ReadUInt64LittleEndian(numbers), BinaryPrimitives.ReadUInt64LittleEndian(numbers[8..]));
        if (count > DataItemTags.CountMax || size > DataItemTags.SizeMax)
        {
            problem = "it has too many tags";
            return null;
        }

        if (!TryTake(ref rest, (int)size, out var tagBytes)) return null;
        if (DataItemTags.Decode(tagBytes, (int)count) is not { } tags)
        {
            problem = "its tags cannot be read";
            return null;
        }

        problem = "";
        return new() { Kind = kind, Signature = signature.ToArray(), Owner = owner.ToArray(), Target = target.ToArray(), Anchor = anchor.ToArray(), Tags = tags };
    }

    /// <summary>What is signed: 48 bytes. The signature itself is not part of it.</summary>
    /// <param name="dataSha384">Over all of the data.</param>
    /// <remarks>The tags are hashed as the bytes that they are, and the kind is one of the fields; the published text of ANS-104 says otherwise.</remarks>
    public byte[] Digest(long dataLength, ReadOnlySpan<byte> dataSha384) => DeepHash.OfList(
        DeepHash.OfText("dataitem"),
        DeepHash.OfText("1"),
        DeepHash.OfText(((int)Kind).ToString(CultureInfo.InvariantCulture)),
        DeepHash.OfBytes(Owner.Span),
        DeepHash.OfBytes(Target.Span),
        DeepHash.OfBytes(Anchor.Span),
        DeepHash.OfBytes(DataItemTags.Encode(Tags)),
        DeepHash.OfHashed(dataLength, dataSha384));

    private static byte[] Optional(ReadOnlySpan<byte> field) => field.IsEmpty ? [0] : [1, .. field];

    private static bool TryTake(ref ReadOnlySpan<byte> rest, int count, out ReadOnlySpan<byte> taken)
    {
        taken = rest.Length >= count ? rest[..count] : default;
        if (rest.Length < count) return false;
        rest = rest[count..];
        return true;
    }

    private static bool TryOptional(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> field, ref string problem)
    {
        field = default;
        if (!TryTake(ref rest, 1, out var flag)) return false;
        if (flag[0] == 0) return true;
        if (flag[0] == 1) return TryTake(ref rest, AddressSize, out field);
        problem = "it says neither 0 nor 1 where a target or an anchor may follow";
        return false;
    }
}
