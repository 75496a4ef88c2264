using System.Buffers.Binary;
using Oort.Checksums;

namespace Oort.Backends.Local;

/// <summary>The first block of a volume file (docs/formats/volume.md §2).</summary>
/// <param name="Store">The store that the volume belongs to.</param>
/// <param name="Number">The volume's number on this store, from 1; also its file name.</param>
/// <param name="Salt">Random; repeated in each group, so that bytes of another volume are never taken for a group of this one.</param>
internal readonly record struct VolumeHeader(StoreId Store, uint Number, ulong Salt)
{
    /// <summary>The header has a block of its own: no group shares a block with it.</summary>
    public const int BlockSize = VolumeFormat.BlockSize;

    public const ulong Magic = 0x4F4F5254_564F4C31; // "OORTVOL1"
    public const uint Version = 1;

    private const int StoreOffset = 16;
    private const int NumberOffset = 32;
    private const int SaltOffset = 40;
    private const int CrcOffset = 48;

    /// <summary>Bytes of the header that say something; the rest of the block is zero.</summary>
    public const int Size = 56;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Version);
        Store.Write(destination[StoreOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[NumberOffset..], Number);
        BinaryPrimitives.WriteUInt64BigEndian(destination[SaltOffset..], Salt);
        BinaryPrimitives.WriteUInt64BigEndian(destination[CrcOffset..], Crc64Nvme.Compute(destination[..CrcOffset]));
    }

    public static FormatOutcome Read(ReadOnlySpan<byte> source, out VolumeHeader header)
    {
        header = default;
        if (source.Length < Size || BinaryPrimitives.ReadUInt64BigEndian(source) != Magic)
            return FormatOutcome.Damaged;
        if (BinaryPrimitives.ReadUInt64BigEndian(source[CrcOffset..]) != Crc64Nvme.Compute(source[..CrcOffset]))
            return FormatOutcome.Damaged;
        // Only under a right checksum does the version say anything: a flipped bit is damage, not a newer program.
        if (BinaryPrimitives.ReadUInt32BigEndian(source[8..]) != Version)
            return FormatOutcome.UnknownVersion;
        header = new(StoreId.Read(source[StoreOffset..]), BinaryPrimitives.ReadUInt32BigEndian(source[NumberOffset..]), BinaryPrimitives.ReadUInt64BigEndian(source[SaltOffset..]));
        return FormatOutcome.Ok;
    }
}
