using System.Buffers.Binary;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>How a record is framed in a log (docs/formats/journal.md §4): a head in the clear, the sealed changes, a CRC by which a store without keys can check it.</summary>
internal static class JournalRecord
{
    /// <summary>Magic, length, number, generations, hash of the record before.</summary>
    public const int HeadSize = 64;

    internal const int SealedLengthOffset = 4;
    internal const int NumberOffset = 8;
    internal const int FirstGenerationOffset = 16;
    internal const int LastGenerationOffset = 24;
    internal const int PreviousHashOffset = 32;

    private const int CrcSize = 4;

    public const int Overhead = HeadSize + RecordCipher.Overhead + CrcSize;

    /// <summary>Largest changes of one record: a group of commits is far smaller; a reader never allocates more for a length that a damaged head names.</summary>
    public const int ChangesSizeMax = 16 * 1024 * 1024;

    public const int SizeMax = ChangesSizeMax + Overhead;

    private const uint Magic = 0x4F4A_5231; // "OJR1"

    /// <summary>Seals and frames an entry.</summary>
    /// <param name="number">Its number in the log, from 0.</param>
    /// <param name="previous">Hash of the record before it, or of the log's header.</param>
    public static byte[] Write(JournalEntry entry, ulong number, RecordHash previous, RecordCipher cipher)
    {
        if (entry.Changes.Length > ChangesSizeMax) throw new ArgumentException("A journal entry has at most 16 MiB.", nameof(entry));
        var bytes = new byte[entry.Changes.Length + Overhead];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(span, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(span[SealedLengthOffset..], (uint)(entry.Changes.Length + RecordCipher.Overhead));
        BinaryPrimitives.WriteUInt64BigEndian(span[NumberOffset..], number);
        BinaryPrimitives.WriteUInt64BigEndian(span[FirstGenerationOffset..], entry.FirstGeneration);
        BinaryPrimitives.WriteUInt64BigEndian(span[LastGenerationOffset..], entry.LastGeneration);
        previous.Write(span[PreviousHashOffset..]);
        cipher.Seal(number, span[..HeadSize], entry.Changes.Span, span[HeadSize..^CrcSize]);
        BinaryPrimitives.WriteUInt32BigEndian(span[^CrcSize..], Crc32C.Compute(span[..^CrcSize]));
        return bytes;
    }

    /// <summary>Length of the whole record whose head this is; 0 when it is not a head.</summary>
    /// <param name="head">At least <see cref="HeadSize"/> bytes.</param>
    public static int ReadLength(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeadSize || BinaryPrimitives.ReadUInt32BigEndian(head) != Magic) return 0;
        var sealedLength = BinaryPrimitives.ReadUInt32BigEndian(head[SealedLengthOffset..]);
        return sealedLength is < RecordCipher.Overhead or > ChangesSizeMax + RecordCipher.Overhead ? 0 : (int)(HeadSize + sealedLength + CrcSize);
    }

    /// <summary>Opens a whole record.</summary>
    /// <param name="record">Exactly as many bytes as <see cref="ReadLength"/> says.</param>
    /// <param name="number">The number it must have.</param>
    /// <param name="previous">What it must follow; null: not checked, to look beyond a damaged record.</param>
    /// <returns>Null when it is damaged, another, or not sealed under this log's key.</returns>
    public static JournalEntry? TryRead(ReadOnlySpan<byte> record, ulong number, RecordHash? previous, RecordCipher cipher)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(record[^CrcSize..]) != Crc32C.Compute(record[..^CrcSize])) return null;
        if (BinaryPrimitives.ReadUInt64BigEndian(record[NumberOffset..]) != number) return null;
        if (previous is { } expected && RecordHash.Read(record[PreviousHashOffset..]) != expected) return null;
        var (first, last) = (BinaryPrimitives.ReadUInt64BigEndian(record[FirstGenerationOffset..]), BinaryPrimitives.ReadUInt64BigEndian(record[LastGenerationOffset..]));
        if (first > last) return null;
        var changes = new byte[record.Length - Overhead];
        return cipher.TryOpen(number, record[..HeadSize], record[HeadSize..^CrcSize], changes) ? new(first, last, changes) : null;
    }
}
