using System.Numerics;

namespace Oort.Evm;

/// <summary>A byte string, or a list of items, as read from its canonical encoding. Bytes are not copied: they are those of what was decoded.</summary>
public sealed class RlpItem
{
    /// <summary>Lists in lists: a transaction needs three.</summary>
    private const int DepthMax = 16;

    /// <summary>Items of one encoding, so that a kilobyte of empty strings is not a megabyte of objects.</summary>
    private const int ItemCountMax = 10_000;

    private const int NumberSizeMax = 32;

    private readonly ReadOnlyMemory<byte> content;
    private readonly RlpItem[]? items;

    private RlpItem(ReadOnlyMemory<byte> content, RlpItem[]? items) => (this.content, this.items) = (content, items);

    public bool IsList => items is not null;

    /// <summary>The bytes of a string.</summary>
    /// <exception cref="EvmException">Malformed: a list.</exception>
    public ReadOnlyMemory<byte> Bytes => items is null ? content : throw EvmException.Malformed("RLP has a list where a byte string must be");

    /// <summary>The items of a list.</summary>
    /// <exception cref="EvmException">Malformed: a byte string.</exception>
    public IReadOnlyList<RlpItem> Items => items ?? throw EvmException.Malformed("RLP has a byte string where a list must be");

    /// <summary>A string as a number of at most 256 bits.</summary>
    /// <exception cref="EvmException">Malformed: a list, longer, or with leading zeros.</exception>
    public BigInteger Number
    {
        get
        {
            var digits = Bytes.Span;
            if (digits.Length > NumberSizeMax) throw EvmException.Malformed($"RLP has a number of {digits.Length} bytes; at most {NumberSizeMax} are allowed");
            if (digits is [0, ..]) throw EvmException.Malformed("RLP has a number with leading zeros");
            return new(digits, isUnsigned: true, isBigEndian: true);
        }
    }

    /// <summary>A string as a number of at most 64 bits.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public ulong Number64 => Number is var number && number <= ulong.MaxValue ? (ulong)number : throw EvmException.Malformed("RLP has a number above 64 bits where at most these are allowed");

    /// <summary>Reads one item, which must be all of the encoding and in its only canonical form.</summary>
    /// <exception cref="EvmException">Malformed.</exception>
    public static RlpItem Decode(ReadOnlyMemory<byte> encoding)
    {
        var count = 0;
        var item = Read(ref encoding, 0, ref count);
        return encoding.IsEmpty ? item : throw EvmException.Malformed($"RLP has {encoding.Length} bytes behind its end");
    }

    private static RlpItem Read(ref ReadOnlyMemory<byte> rest, int depth, ref int count)
    {
        if (++count > ItemCountMax) throw EvmException.Malformed($"RLP has more than {ItemCountMax} items");
        if (depth > DepthMax) throw EvmException.Malformed($"RLP has lists in lists more than {DepthMax} deep");
        if (rest.IsEmpty) throw EvmException.Malformed("RLP ends where an item must be");

        var first = rest.Span[0];
        if (first < RlpEncoder.StringMark) return new(Take(ref rest, 1), null);
        rest = rest[1..];
        if (first < RlpEncoder.ListMark)
        {
            var value = Take(ref rest, ReadLength(ref rest, first - RlpEncoder.StringMark));
            return value.Span is [< RlpEncoder.StringMark] ? throw EvmException.Malformed("RLP has a length before a byte that stands for itself") : new(value, null);
        }

        var list = Take(ref rest, ReadLength(ref rest, first - RlpEncoder.ListMark));
        var items = new List<RlpItem>();
        for (var left = list; !left.IsEmpty;) items.Add(Read(ref left, depth + 1, ref count));
        return new(list, [.. items]);
    }

    /// <summary>What the first byte says above its mark: a length, or how many bytes of length follow.</summary>
    private static int ReadLength(ref ReadOnlyMemory<byte> rest, int said)
    {
        if (said <= RlpEncoder.ShortLengthMax) return said;
        var digits = Take(ref rest, said - RlpEncoder.ShortLengthMax).Span;
        if (digits[0] == 0) throw EvmException.Malformed("RLP has a length with leading zeros");
        var length = 0L;
        foreach (var digit in digits)
        {
            length = (length << 8) | digit;
            if (length > int.MaxValue) throw EvmException.Malformed("RLP has an item longer than what holds it");
        }

        return length > RlpEncoder.ShortLengthMax ? (int)length : throw EvmException.Malformed("RLP has a long form of a short length");
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, int length)
    {
        if (length > rest.Length) throw EvmException.Malformed($"RLP has an item of {length} bytes where {rest.Length} are left");
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
