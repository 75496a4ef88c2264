using System.Buffers.Binary;
using System.Text;

namespace Oort.Metadata.Records;

/// <summary>Writes tagged fields into a buffer that grows and is used again (docs/formats/journal.md, "Records").</summary>
/// <remarks>Not thread-safe. Fields with the default value (zero, empty) are left out: a reader takes absence for it.</remarks>
internal sealed class RecordWriter(int capacity = 1024)
{
    /// <summary>Kind of a field whose value is one variable-length number.</summary>
    internal const int KindNumber = 0;

    /// <summary>Kind of a field whose value is a length and that many bytes.</summary>
    internal const int KindBytes = 1;

    /// <summary>UTF-8 that refuses lone surrogates, so that no two strings become the same bytes.</summary>
    internal static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private byte[] buffer = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, Length);

    public ReadOnlySpan<byte> From(int start) => buffer.AsSpan(start, Length - start);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was written after a place.</summary>
    public void Truncate(int length) => Length = length;

    public void Number(int field, ulong value)
    {
        if (value == 0) return;
        Tag(field, KindNumber);
        Varint(value);
    }

    public void Number(int field, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Number(field, (ulong)value);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return;
        Tag(field, KindBytes);
        Varint((ulong)value.Length);
        Raw(value);
    }

    public void Text(int field, string value)
    {
        if (value.Length == 0) return;
        Tag(field, KindBytes);
        var size = Utf8.GetByteCount(value);
        Varint((ulong)size);
        Utf8.GetBytes(value, Reserve(size));
    }

    /// <summary>Begins a nested record; <see cref="End"/> with the result closes it.</summary>
    public int Begin(int field)
    {
        Tag(field, KindBytes);
        return Length;
    }

    /// <summary>Closes a nested record: puts its length, known only now, before it.</summary>
    public void End(int start)
    {
        var size = Length - start;
        var prefix = VarintSize((ulong)size);
        Reserve(prefix);
        buffer.AsSpan(start, size).CopyTo(buffer.AsSpan(start + prefix));
        WriteVarint(buffer.AsSpan(start), (ulong)size);
    }

    public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void UInt64BigEndian(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    public void Varint(ulong value) => WriteVarint(Reserve(VarintSize(value)), value);

    /// <summary>Extends the buffer by a count of bytes that the caller fills.</summary>
    public Span<byte> Reserve(int size)
    {
        if (buffer.Length - Length < size)
            Array.Resize(ref buffer, Math.Max(checked(Length + size), (int)Math.Min(buffer.Length * 2L, Array.MaxLength)));
        var result = buffer.AsSpan(Length, size);
        Length += size;
        return result;
    }

    private void Tag(int field, int kind) => Varint(((ulong)field << 1) | (uint)kind);

    private static int VarintSize(ulong value) => (70 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7;

    private static void WriteVarint(Span<byte> destination, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7) destination[at++] = (byte)(value | 0x80);
        destination[at] = (byte)value;
    }
}
