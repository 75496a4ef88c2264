using System.Numerics;

namespace Oort.Evm;

/// <summary>Numbers of the ABI: 8 to 256 bits, in a word, big-endian, two's complement where signed.</summary>
internal static class AbiInteger
{
    public static BigInteger From(AbiType type, object value)
    {
        BigInteger number = value switch
        {
            BigInteger big => big,
            int n => n,
            uint n => n,
            long n => n,
            ulong n => n,
            short n => n,
            ushort n => n,
            byte n => n,
            sbyte n => n,
            _ => throw AbiEncoder.WrongValue(type, value),
        };
        return IsInRange(type, number) ? number : throw new ArgumentException($"{number} is not a {type}.", nameof(value));
    }

    public static void Write(AbiType type, BigInteger number, Span<byte> word)
    {
        var isUnsigned = type.Kind == AbiKind.UnsignedInteger;
        word.Fill(number < 0 ? (byte)0xff : (byte)0);
        number.TryWriteBytes(word[^number.GetByteCount(isUnsigned)..], out _, isUnsigned, isBigEndian: true);
    }

    /// <summary>False when the word holds more than the type does.</summary>
    public static bool TryRead(AbiType type, ReadOnlySpan<byte> word, out BigInteger number)
    {
        number = new(word, isUnsigned: type.Kind == AbiKind.UnsignedInteger, isBigEndian: true);
        return IsInRange(type, number);
    }

    private static bool IsInRange(AbiType type, BigInteger number) => type.Kind == AbiKind.UnsignedInteger
        ? number >= 0 && number >> type.Size == 0
        : number >> (type.Size - 1) is { } sign && (sign.IsZero || sign == BigInteger.MinusOne);
}
