using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace Oort.Evm;

/// <summary>Writes values in the ABI's strict form: each offset is where the value before ended.</summary>
public static class AbiEncoder
{
    private const int SizeFirst = 512;

    // Text that is no Unicode would come out as other text.
    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The arguments of a call, or what abi.encode makes of them.</summary>
    /// <param name="types">"(address,uint256,string[])".</param>
    /// <param name="values">One for each type; <see cref="AbiType"/> says which.</param>
    /// <exception cref="ArgumentException">The values are not of these types.</exception>
    public static byte[] Encode(string types, params object[] values) => Encode(AbiParser.ReadTypes(types), values);

    internal static byte[] Encode(AbiType[] types, IList values)
    {
        var buffer = new Buffer();
        WriteSequence(buffer, new(types), values);
        return buffer.ToArray();
    }

    /// <summary>The word of a value that is one.</summary>
    internal static void WriteWord(AbiType type, object value, Span<byte> word)
    {
        word.Clear();
        switch (type.Kind)
        {
            case AbiKind.UnsignedInteger or AbiKind.SignedInteger:
                AbiInteger.Write(type, AbiInteger.From(type, value), word);
                break;
            case AbiKind.Address:
                (value is EvmAddress address ? address : throw WrongValue(type, value)).Bytes.CopyTo(word[^EvmAddress.Size..]);
                break;
            case AbiKind.Boolean:
                word[^1] = value is bool flag ? (flag ? (byte)1 : (byte)0) : throw WrongValue(type, value);
                break;
            default:
                var bytes = value switch
                {
                    byte[] array => array,
                    EvmHash hash => hash.ToArray(),
                    _ => throw WrongValue(type, value),
                };
                if (bytes.Length != type.Size) throw new ArgumentException($"{type} has {type.Size} bytes, not {bytes.Length}.", nameof(value));
                bytes.CopyTo(word);
                break;
        }
    }

    /// <summary>The bytes of a value of type bytes or string.</summary>
    internal static byte[] BytesOf(AbiType type, object value) => (type.Kind, value) switch
    {
        (AbiKind.Bytes, byte[] bytes) => bytes,
        (AbiKind.Text, string text) => strictUtf8.GetBytes(text),
        _ => throw WrongValue(type, value),
    };

    internal static ArgumentException WrongValue(AbiType type, object? value) => new($"A value of {type} cannot be a {value?.GetType().Name ?? "null"}.", nameof(value));

    private static void WriteSequence(Buffer buffer, AbiFields fields, IList values)
    {
        if (values.Count != fields.Count) throw new ArgumentException($"{fields.Count} values are wanted, not {values.Count}.", nameof(values));
        var start = buffer.Length;
        var head = start;
        buffer.Reserve(checked((int)fields.HeadSize));
        for (var i = 0; i < fields.Count; i++)
        {
            var (type, value) = (fields[i], values[i] ?? throw WrongValue(fields[i], null));
            if (type.IsDynamic)
            {
                BinaryPrimitives.WriteInt32BigEndian(buffer.Word(head)[^sizeof(int)..], buffer.Length - start);
                WriteDynamic(buffer, type, value);
            }
            else
            {
                WriteStatic(buffer, head, type, value);
            }

            head += type.HeadSize;
        }
    }

    private static void WriteStatic(Buffer buffer, int position, AbiType type, object value)
    {
        if (type.IsWord)
        {
            WriteWord(type, value, buffer.Word(position));
            return;
        }

        var fields = type.Kind == AbiKind.Tuple ? new AbiFields(type.Components) : new AbiFields(type.Element!, type.Count!.Value);
        var values = value as IList ?? throw WrongValue(type, value);
        if (values.Count != fields.Count) throw new ArgumentException($"{type} has {fields.Count} values, not {values.Count}.", nameof(value));
        for (var i = 0; i < fields.Count; i++)
        {
            WriteStatic(buffer, position, fields[i], values[i] ?? throw WrongValue(fields[i], null));
            position += fields[i].HeadSize;
        }
    }

    private static void WriteDynamic(Buffer buffer, AbiType type, object value)
    {
        if (type.Kind is AbiKind.Bytes or AbiKind.Text)
        {
            buffer.AppendBytes(BytesOf(type, value));
            return;
        }

        var values = value as IList ?? throw WrongValue(type, value);
        if (type is { Kind: AbiKind.Array, Count: null }) buffer.AppendNumber(values.Count);
        WriteSequence(buffer, type.Kind == AbiKind.Tuple ? new(type.Components) : new(type.Element!, type.Count ?? values.Count), values);
    }

    /// <summary>Grows by words of zeros, which are filled in.</summary>
    private sealed class Buffer
    {
        private byte[] bytes = new byte[SizeFirst];

        public int Length { get; private set; }

        public void Reserve(int size)
        {
            var length = checked(Length + size);
            if (length > bytes.Length) Array.Resize(ref bytes, Math.Max(length, checked(bytes.Length * 2)));
            Length = length;
        }

        public Span<byte> Word(int position) => bytes.AsSpan(position, AbiType.WordSize);

        public void AppendNumber(int number)
        {
            Reserve(AbiType.WordSize);
            BinaryPrimitives.WriteInt32BigEndian(Word(Length - AbiType.WordSize)[^sizeof(int)..], number);
        }

        public void AppendBytes(byte[] value)
        {
            AppendNumber(value.Length);
            var start = Length;
            Reserve(checked((value.Length + AbiType.WordSize - 1) / AbiType.WordSize * AbiType.WordSize));
            value.CopyTo(bytes, start);
        }

        public byte[] ToArray() => bytes[..Length];
    }
}
