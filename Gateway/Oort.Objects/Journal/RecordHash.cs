using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Oort.Objects;

/// <summary>SHA-256 of a journal record or log header as it stands on the stores: a link of the chain.</summary>
internal readonly record struct RecordHash(UInt128 High, UInt128 Low)
{
    public const int Size = 32;

    /// <summary>All zero: what the very first log follows.</summary>
    public static RecordHash None => default;

    public static RecordHash Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(bytes, hash);
        return Read(hash);
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, High);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], Low);
    }

    public static RecordHash Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt128BigEndian(source[16..]));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x32}{Low:x32}");
}
