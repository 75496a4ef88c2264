using System.Buffers.Binary;
using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>The beginning of a group: what one write put into a volume (docs/formats/volume.md §3).</summary>
/// <param name="Salt">The volume's.</param>
/// <param name="Sequence">Counts groups over all volumes of the store, from 1; a higher one is newer.</param>
/// <param name="Durable">The highest sequence such that it and all before it were known to be synced when this was written.</param>
/// <param name="Offset">Where in the volume this header stands.</param>
/// <param name="RecordCount">Records in the table that follows the header.</param>
/// <param name="ContentSize">Bytes of shards that follow the table.</param>
/// <param name="ReservedSize">Bytes, after the group's last block, that belong to extents.</param>
internal readonly record struct GroupHeader(ulong Salt, ulong Sequence, ulong Durable, long Offset, int RecordCount, int ContentSize, long ReservedSize)
{
    public const int Size = 128;
    public const ulong Magic = 0x4F4F5254_47525031; // "OORTGRP1"

    private const int TableCrcOffset = 56;
    private const int CrcOffset = 64;

    public int TableSize => RecordCount * GroupRecord.Size;

    /// <summary>Where its shards' bytes begin in the volume.</summary>
    public long ContentOffset => Offset + Size + TableSize;

    /// <summary>Where its extents begin.</summary>
    public long ReservedOffset => VolumeFormat.RoundUp(ContentOffset + ContentSize);

    /// <summary>Where the next group begins.</summary>
    public long End => ReservedOffset + ReservedSize;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> destination, ReadOnlySpan<byte> table)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Salt);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], Durable);
        BinaryPrimitives.WriteInt64BigEndian(destination[32..], Offset);
        BinaryPrimitives.WriteInt32BigEndian(destination[40..], RecordCount);
        BinaryPrimitives.WriteInt32BigEndian(destination[44..], ContentSize);
        BinaryPrimitives.WriteInt64BigEndian(destination[48..], ReservedSize);
        BinaryPrimitives.WriteUInt64BigEndian(destination[TableCrcOffset..], Crc64Nvme.Compute(table));
        BinaryPrimitives.WriteUInt64BigEndian(destination[CrcOffset..], Crc64Nvme.Compute(destination[..CrcOffset]));
    }

    /// <summary>Whether <paramref name="source"/> can begin a group at all; cheap, for searching.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> source) => source.Length >= Size && BinaryPrimitives.ReadUInt64BigEndian(source) == Magic;

    /// <summary>Reads and checks a header; says nothing of the table.</summary>
    /// <returns>False when it is not a group's header or its numbers are out of bounds.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out GroupHeader header, out ulong tableCrc)
    {
        header = default;
        tableCrc = 0;
        if (!HasMagic(source) || BinaryPrimitives.ReadUInt64BigEndian(source[CrcOffset..]) != Crc64Nvme.Compute(source[..CrcOffset]))
            return false;
        if (source[(CrcOffset + 8)..Size].ContainsAnyExcept((byte)0))
            return false;
        tableCrc = BinaryPrimitives.ReadUInt64BigEndian(source[TableCrcOffset..]);
        header = new(
            BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[24..]),
            BinaryPrimitives.ReadInt64BigEndian(source[32..]),
            BinaryPrimitives.ReadInt32BigEndian(source[40..]),
            BinaryPrimitives.ReadInt32BigEndian(source[44..]),
            BinaryPrimitives.ReadInt64BigEndian(source[48..]));
        return header.Offset is > 0 and < long.MaxValue / 2
            && header.Offset % VolumeFormat.BlockSize == 0
            && header.RecordCount is >= 0 and <= VolumeFormat.RecordCountMax
            && header.ContentSize is >= 0 and <= VolumeFormat.ContentSizeMax
            && header.ReservedSize is >= 0 and <= VolumeFormat.ReservedSizeMax
            && header.ReservedSize % VolumeFormat.BlockSize == 0
            && header.Durable < header.Sequence;
    }
}
