using System.Buffers.Binary;
using System.Numerics;

namespace Oort.Evm;

/// <summary>Ethereum's serialization (Yellow Paper, appendix B): byte strings and lists of them. A list is put together from items that are encoded already.</summary>
public static class RlpEncoder
{
    // A byte below 0x80 stands for itself. A string begins with 0x80 plus its length, a list with 0xc0; above 55 with the length of the length, and the length.
    internal const byte StringMark = 0x80;
    internal const byte ListMark = 0xc0;
    internal const int ShortLengthMax = 55;

    public static byte[] Bytes(ReadOnlySpan<byte> value) => value is [< StringMark] ? value.ToArray() : [.. Head(StringMark, value.Length), .. value];

    /// <summary>A number, as its big-endian bytes without leading zeros; nought is the empty string.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public static byte[] Number(BigInteger value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value.IsZero ? Bytes([]) : Bytes(value.ToByteArray(isUnsigned: true, isBigEndian: true));
    }

    /// <summary>A list of encoded items.</summary>
    public static byte[] List(params ReadOnlySpan<byte[]> items)
    {
        var length = 0;
        foreach (var item in items) length = checked(length + item.Length);
        var head = Head(ListMark, length);
        var list = new byte[head.Length + length];
        head.CopyTo(list, 0);
        var end = head.Length;
        foreach (var item in items)
        {
            item.CopyTo(list, end);
            end += item.Length;
        }

        return list;
    }

    private static byte[] Head(byte mark, int length)
    {
        if (length <= ShortLengthMax) return [(byte)(mark + length)];
        Span<byte> digits = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(digits, length);
        var significant = digits.TrimStart((byte)0);
        return [(byte)(mark + ShortLengthMax + significant.Length), .. significant];
    }
}
