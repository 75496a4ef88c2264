using System.Buffers.Binary;
using System.Globalization;

namespace Oort.Objects;

/// <summary>Names one gateway, that is: one data directory, for as long as it exists. Random, 128 bits; a recovered directory is another gateway.</summary>
public readonly record struct GatewayId(UInt128 Value)
{
    /// <summary>Length on disk: one big-endian 128-bit number.</summary>
    public const int Size = 16;

    /// <param name="random">Fills a buffer with what cannot be guessed.</param>
    public static GatewayId Create(Action<Span<byte>> random)
    {
        Span<byte> bytes = stackalloc byte[Size];
        random(bytes);
        return Read(bytes);
    }

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static GatewayId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    public static bool TryParse(ReadOnlySpan<char> text, out GatewayId id)
    {
        var valid = UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && text.Length == 32;
        id = valid ? new(value) : default;
        return valid;
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
