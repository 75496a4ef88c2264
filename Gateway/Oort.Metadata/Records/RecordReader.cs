using System.Text;

namespace Oort.Metadata.Records;

/// <summary>Reads tagged fields (docs/formats/journal.md, "Records"). Fields may come in any order; what the caller does not know it hands to <see cref="KeepUnknown"/>.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> record)
{
    private readonly ReadOnlySpan<byte> record = record;
    private int at;
    private int fieldStart;
    private bool isNumber;
    private ulong number;
    private ReadOnlySpan<byte> bytes;

    /// <summary>Number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>The whole field as it stands: tag, length and value.</summary>
    public readonly ReadOnlySpan<byte> Raw => record[fieldStart..at];

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="MetadataFormatException">The record is not well formed.</exception>
    public bool Next()
    {
        if (at == record.Length) return false;
        fieldStart = at;
        var tag = Varint.Read(record, ref at);
        if (tag >> 1 is 0 or > int.MaxValue) throw new MetadataFormatException("A record has a field number out of range.");
        Field = (int)(tag >> 1);
        isNumber = (tag & 1) == RecordWriter.KindNumber;
        number = Varint.Read(record, ref at);
        if (isNumber) return true;
        if (number > (ulong)(record.Length - at)) throw new MetadataFormatException("A record's field reaches beyond its end.");
        bytes = record.Slice(at, (int)number);
        at += bytes.Length;
        return true;
    }

    public readonly ulong Number => isNumber ? number : throw WrongKind();

    /// <summary>A number that must fit a signed 64-bit one: a length, an offset, a time.</summary>
    public readonly long Long => Number <= long.MaxValue ? (long)Number : throw new MetadataFormatException("A record's number is out of range.");

    public readonly int Int => Number <= int.MaxValue ? (int)Number : throw new MetadataFormatException("A record's number is out of range.");

    public readonly byte ByteNumber => Number <= byte.MaxValue ? (byte)Number : throw new MetadataFormatException("A record's number is out of range.");

    public readonly DateTimeOffset Time => Number <= MaxUnixMilliseconds
        ? DateTimeOffset.FromUnixTimeMilliseconds((long)Number)
        : throw new MetadataFormatException("A record's time is out of range.");

    public readonly ReadOnlySpan<byte> Bytes => isNumber ? throw WrongKind() : bytes;

    public readonly ReadOnlySpan<byte> Fixed(int size) =>
        Bytes.Length == size ? bytes : throw new MetadataFormatException("A record's field of fixed length has another length.");

    public readonly string Text => DecodeText(Bytes);

    /// <summary>Adds the present field to the fields that are kept as they are.</summary>
    public readonly void KeepUnknown(ref ReadOnlyMemory<byte> unknown)
    {
        var joined = new byte[unknown.Length + Raw.Length];
        unknown.Span.CopyTo(joined);
        Raw.CopyTo(joined.AsSpan(unknown.Length));
        unknown = joined;
    }

    public static string DecodeText(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return RecordWriter.Utf8.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new MetadataFormatException("A text is not UTF-8.", e);
        }
    }

    private const ulong MaxUnixMilliseconds = 253_402_300_799_999; // 9999-12-31, the last day of DateTimeOffset

    private static MetadataFormatException WrongKind() => new("A record's field is of another kind than its number says.");
}
