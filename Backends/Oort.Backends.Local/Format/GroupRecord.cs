using System.Buffers.Binary;

namespace Oort.Backends.Local;

/// <summary>What a record says about its shard.</summary>
internal enum RecordKind : byte
{
    /// <summary>The shard's bytes are in this group's content.</summary>
    Inline = 1,

    /// <summary>The shard's bytes are in an extent that an earlier group of this volume reserved, and are whole.</summary>
    Extent = 2,

    /// <summary>The shard is deleted, wherever it lies.</summary>
    Tombstone = 3,
}

/// <summary>One entry of a group's table (docs/formats/volume.md §4).</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Id">Of which shard.</param>
/// <param name="Offset">Where in the volume the shard's bytes begin; 0 for a tombstone.</param>
/// <param name="Length">Bytes of the shard; 0 for a tombstone.</param>
/// <param name="Crc">CRC-64/NVME of those bytes; 0 for a tombstone.</param>
internal readonly record struct GroupRecord(RecordKind Kind, ShardId Id, long Offset, int Length, ulong Crc)
{
    public const int Size = 64;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        destination[0] = (byte)Kind;
        destination[1] = Id.Index;
        Id.Segment.Write(destination[8..]);
        BinaryPrimitives.WriteInt64BigEndian(destination[24..], Offset);
        BinaryPrimitives.WriteInt64BigEndian(destination[32..], Length);
        BinaryPrimitives.WriteUInt64BigEndian(destination[40..], Crc);
    }

    /// <summary>Reads a record of the group <paramref name="group"/> and checks that it stays within its bounds.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, in GroupHeader group, out GroupRecord record)
    {
        var length = BinaryPrimitives.ReadInt64BigEndian(source[32..]);
        record = new(
            (RecordKind)source[0],
            new ShardId(SegmentId.Read(source[8..]), source[1]),
            BinaryPrimitives.ReadInt64BigEndian(source[24..]),
            (int)Math.Clamp(length, 0, IShardStore.ShardLengthMax),
            BinaryPrimitives.ReadUInt64BigEndian(source[40..]));
        if (record.Length != length || source[2..8].ContainsAnyExcept((byte)0) || source[48..Size].ContainsAnyExcept((byte)0))
            return false;
        return record.Kind switch
        {
            RecordKind.Inline => record.Offset >= group.ContentOffset && record.Offset <= group.ContentOffset + group.ContentSize - length,
            RecordKind.Extent => record.Offset >= VolumeHeader.BlockSize && record.Offset % VolumeFormat.BlockSize == 0 && record.Offset <= group.Offset - length,
            RecordKind.Tombstone => record.Offset == 0 && length == 0 && record.Crc == 0,
            _ => false,
        };
    }
}
