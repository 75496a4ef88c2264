using System.Buffers.Binary;
using System.Text;

namespace Oort.Evm;

/// <summary>Reads values in the ABI's strict form, and no other: each offset must be where the value before ended, padding zero, and nothing behind the last.</summary>
/// <remarks>
/// The specification allows offsets that go anywhere; compilers write only this form (Solidity documentation: "Strict Encoding Mode"). Offsets that may repeat let a kilobyte be read as a gigabyte; here every byte is
/// read once, so what is read is of the size of what was sent.
/// </remarks>
public static class AbiDecoder
{
    /// <summary>Larger encodings are refused: no contract that is called here answers with more.</summary>
    private const int SizeMax = 16 << 20;

    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads what a contract answered, or what abi.encode made.</summary>
    /// <param name="types">"(address,uint256,string[])".</param>
    /// <param name="data">All of the encoding.</param>
    /// <returns>A value for each type; <see cref="AbiType"/> says which.</returns>
    /// <exception cref="EvmException">Malformed.</exception>
    public static object[] Decode(string types, ReadOnlySpan<byte> data) => Decode(AbiParser.ReadTypes(types), data);

    internal static object[] Decode(AbiType[] types, ReadOnlySpan<byte> data)
    {
        if (data.Length > SizeMax) throw EvmException.Malformed($"ABI data have {data.Length} bytes; at most {SizeMax} are read");
        var end = 0;
        var values = ReadSequence(new(types), data, ref end);
        return end == data.Length ? values : throw EvmException.Malformed($"ABI data have {data.Length - end} bytes behind their end");
    }

    /// <summary>The value of one word: of a head, or an event's topic.</summary>
    internal static object ReadWord(AbiType type, ReadOnlySpan<byte> word)
    {
        switch (type.Kind)
        {
            case AbiKind.UnsignedInteger or AbiKind.SignedInteger:
                return AbiInteger.TryRead(type, word, out var number) ? number : throw WrongWord(type, word);
            case AbiKind.Address:
                return word[..^EvmAddress.Size].ContainsAnyExcept((byte)0) ? throw WrongWord(type, word) : new EvmAddress(word[^EvmAddress.Size..]);
            case AbiKind.Boolean:
                return word[^1] <= 1 && !word[..^1].ContainsAnyExcept((byte)0) ? word[^1] == 1 : throw WrongWord(type, word);
            default:
                return word[type.Size..].ContainsAnyExcept((byte)0) ? throw WrongWord(type, word) : word[..type.Size].ToArray();
        }
    }

    /// <summary>Values that share a head.</summary>
    /// <param name="end">Where the head begins; afterwards where the last value ended.</param>
    private static object[] ReadSequence(AbiFields fields, ReadOnlySpan<byte> data, ref int end)
    {
        var start = end;
        // Before there is room for the values: no length makes more of them than what was sent.
        if (fields.HeadSize > data.Length - start) throw Short(fields.HeadSize, data.Length - start);
        var head = start;
        end = start + (int)fields.HeadSize;
        var values = new object[fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var type = fields[i];
            if (type.IsDynamic)
            {
                if (ReadNumber(data.Slice(head, AbiType.WordSize)) != end - start) throw EvmException.Malformed($"ABI data have an offset at {head} that is not where the value before ended");
                values[i] = ReadDynamic(type, data, ref end);
            }
            else
            {
                values[i] = ReadStatic(type, data.Slice(head, type.HeadSize));
            }

            head += type.HeadSize;
        }

        return values;
    }

    private static object ReadStatic(AbiType type, ReadOnlySpan<byte> head)
    {
        if (type.IsWord) return ReadWord(type, head);
        var fields = type.Kind == AbiKind.Tuple ? new AbiFields(type.Components) : new AbiFields(type.Element!, type.Count!.Value);
        var values = new object[fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = ReadStatic(fields[i], head[..fields[i].HeadSize]);
            head = head[fields[i].HeadSize..];
        }

        return values;
    }

    private static object ReadDynamic(AbiType type, ReadOnlySpan<byte> data, ref int end)
    {
        if (type.Kind == AbiKind.Tuple) return ReadSequence(new(type.Components), data, ref end);
        if (type is { Kind: AbiKind.Array, Count: { } fixedCount }) return ReadSequence(new(type.Element!, fixedCount), data, ref end);

        var length = ReadNumber(Take(data, AbiType.WordSize, ref end));
        if (type.Kind == AbiKind.Array) return ReadSequence(new(type.Element!, (int)length), data, ref end);

        var bytes = Take(data, length, ref end);
        var padding = Take(data, -length & (AbiType.WordSize - 1), ref end);
        if (padding.ContainsAnyExcept((byte)0)) throw EvmException.Malformed($"ABI data have a {type} whose padding is not zero");
        return type.Kind == AbiKind.Bytes ? bytes.ToArray() : ReadText(bytes);
    }

    private static string ReadText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw EvmException.Malformed("ABI data have a string that is not UTF-8", e);
        }
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> data, long length, ref int end)
    {
        if (length > data.Length - end) throw Short(length, data.Length - end);
        var taken = data.Slice(end, (int)length);
        end += taken.Length;
        return taken;
    }

    /// <summary>An offset or a length: below 2^31, so that sums and products of two fit.</summary>
    private static long ReadNumber(ReadOnlySpan<byte> word)
    {
        var number = BinaryPrimitives.ReadInt32BigEndian(word[^sizeof(int)..]);
        return number >= 0 && !word[..^sizeof(int)].ContainsAnyExcept((byte)0) ? number : throw EvmException.Malformed("ABI data have an offset or a length beyond 31 bits");
    }

    private static EvmException Short(long wanted, long left) => EvmException.Malformed($"ABI data end too early: {wanted} are wanted, {left} are left");

    private static EvmException WrongWord(AbiType type, ReadOnlySpan<byte> word) => EvmException.Malformed($"{EvmHex.Encode(word)} is not a {type}");
}
