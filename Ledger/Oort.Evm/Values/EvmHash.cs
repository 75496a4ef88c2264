using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Oort.Evm;

/// <summary>32 bytes: a hash, a digest to be signed, a log's topic.</summary>
public readonly struct EvmHash : IEquatable<EvmHash>
{
    public const int Size = 32;

    private readonly Storage bytes;

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public EvmHash(ReadOnlySpan<byte> value)
    {
        if (value.Length != Size) throw new ArgumentException($"A hash has {Size} bytes, not {value.Length}.", nameof(value));
        value.CopyTo(bytes);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => bytes;

    public byte[] ToArray() => Bytes.ToArray();

    /// <summary>0x and 64 hexadecimal digits.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public static EvmHash Parse(string text)
    {
        Span<byte> value = stackalloc byte[Size];
        return EvmHex.TryDecode(text, value) ? new(value) : throw EvmException.Malformed($"\"{EvmHex.Shown(text)}\" is not 0x and {Size * 2} hexadecimal digits");
    }

    public override string ToString() => EvmHex.Encode(bytes);

    public bool Equals(EvmHash other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is EvmHash other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    public static bool operator ==(EvmHash left, EvmHash right) => left.Equals(right);

    public static bool operator !=(EvmHash left, EvmHash right) => !left.Equals(right);

    [InlineArray(Size)]
    private struct Storage
    {
        private byte first;
    }
}
