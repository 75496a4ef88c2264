using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Oort.Backends;
using Oort.Checksums;
using Oort.Crypto;

namespace Oort.Objects.Shards;

/// <summary>The first 128 bytes of a shard: what it is of and how it is cut (docs/formats/shard.md).</summary>
/// <param name="Id">The segment and the index in it.</param>
/// <param name="Layout">Geometry and payload length.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ShardHeader(ShardId Id, ShardLayout Layout)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 128;

    /// <summary>The format version that this program writes, and the only one that it reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>Suite 1: Reed–Solomon over 0x11d with the frozen matrix, CRC-64/NVME, GMAC with AES-256.</summary>
    public const int Suite = 1;

    internal const int MagicOffset = 0;
    internal const int FormatVersionOffset = 8;
    internal const int SuiteOffset = 10;
    internal const int ShardIndexOffset = 12;
    internal const int DataShardsOffset = 13;
    internal const int ParityShardsOffset = 14;
    internal const int Reserved1Offset = 15;
    internal const int SegmentIdOffset = 16;
    internal const int PayloadLengthOffset = 32;
    internal const int TableOffsetOffset = 40;
    internal const int ShardLengthOffset = 48;
    internal const int CellCountOffset = 56;
    internal const int CellSizeOffset = 60;
    internal const int Reserved2Offset = 64;
    internal const int ChecksumOffset = 104;
    internal const int MacOffset = 112;

    internal static ReadOnlySpan<byte> Magic => "OORTSHRD"u8;

    /// <summary>Writes a header.</summary>
    /// <param name="destination">Its first <see cref="Size"/> bytes are overwritten.</param>
    /// <param name="tagger">The segment's.</param>
    /// <exception cref="ArgumentException">Too little room, or an index that the geometry does not have. Nothing has been written.</exception>
    public static void Write(Span<byte> destination, ShardId id, in ShardLayout layout, SegmentTagger tagger)
    {
        if (destination.Length < Size) throw new ArgumentException($"A header takes {Size} bytes.", nameof(destination));
        if (id.Index >= layout.Geometry.TotalShards) throw new ArgumentException($"A {layout.Geometry} segment has no shard {id.Index}.", nameof(id));
        var header = destination[..Size];
        WriteFields(header, id, layout);
        BinaryPrimitives.WriteUInt64BigEndian(header[ChecksumOffset..], Crc64Nvme.Compute(header[..ChecksumOffset]));
        tagger.Tag(id.Index, SegmentTagger.HeaderCell, header[..MacOffset], header[MacOffset..]);
    }

    /// <summary>Reads a header without the key, as a store does that scrubs alone. It shows accidents, not lies.</summary>
    /// <param name="source">The beginning of the shard, at least <see cref="Size"/> bytes.</param>
    /// <param name="header">What it says, when Ok.</param>
    /// <returns>Ok, Truncated, BadMagic, UnknownVersion, BadChecksum or Malformed.</returns>
    public static ShardHeaderOutcome Parse(ReadOnlySpan<byte> source, out ShardHeader header)
    {
        header = default;
        if (source.Length < Size) return ShardHeaderOutcome.Truncated;
        source = source[..Size];

        // 1. Is it a shard, and one that this program can judge? A newer format may have another checksum.
        if (!source[..Magic.Length].SequenceEqual(Magic)) return ShardHeaderOutcome.BadMagic;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion) return ShardHeaderOutcome.UnknownVersion;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[SuiteOffset..]) != Suite) return ShardHeaderOutcome.UnknownVersion;

        // 2. Is it undamaged?
        if (BinaryPrimitives.ReadUInt64BigEndian(source[ChecksumOffset..]) != Crc64Nvme.Compute(source[..ChecksumOffset])) return ShardHeaderOutcome.BadChecksum;

        // 3. Can it be? The fields that follow from others, and the reserved bytes, are checked by writing them again.
        var geometry = new Geometry(source[DataShardsOffset], source[ParityShardsOffset]);
        var payloadLength = BinaryPrimitives.ReadUInt64BigEndian(source[PayloadLengthOffset..]);
        if (!ShardLayout.IsValid(geometry) || source[ShardIndexOffset] >= geometry.TotalShards) return ShardHeaderOutcome.Malformed;
        if (payloadLength is 0 or > (ulong)ShardLayout.PayloadLengthMax) return ShardHeaderOutcome.Malformed;
        var id = new ShardId(SegmentId.Read(source[SegmentIdOffset..]), source[ShardIndexOffset]);
        var layout = new ShardLayout(geometry, (long)payloadLength);
        Span<byte> expected = stackalloc byte[Size];
        WriteFields(expected, id, layout);
        if (!source[..ChecksumOffset].SequenceEqual(expected[..ChecksumOffset])) return ShardHeaderOutcome.Malformed;

        header = new ShardHeader(id, layout);
        return ShardHeaderOutcome.Ok;
    }

    /// <summary>Reads a header of a segment whose geometry is not known (recovery), and checks that this cluster wrote it.</summary>
    /// <param name="id">The shard that it must be of.</param>
    /// <param name="tagger">That segment's.</param>
    public static ShardHeaderOutcome Read(ReadOnlySpan<byte> source, ShardId id, SegmentTagger tagger, out ShardHeader header)
    {
        var outcome = Parse(source, out header);
        if (outcome == ShardHeaderOutcome.Ok) outcome = header.Id == id ? VerifyMac(source, id, tagger) : ShardHeaderOutcome.Mismatch;
        if (outcome != ShardHeaderOutcome.Ok) header = default;
        return outcome;
    }

    /// <summary>Checks that a header is authentic and exactly the expected one.</summary>
    /// <param name="layout">What the segment's geometry and payload length must be.</param>
    public static ShardHeaderOutcome Check(ReadOnlySpan<byte> source, ShardId id, in ShardLayout layout, SegmentTagger tagger)
    {
        var outcome = Read(source, id, tagger, out var header);
        return outcome == ShardHeaderOutcome.Ok && header.Layout != layout ? ShardHeaderOutcome.Mismatch : outcome;
    }

    private static ShardHeaderOutcome VerifyMac(ReadOnlySpan<byte> source, ShardId id, SegmentTagger tagger) =>
        tagger.Verify(id.Index, SegmentTagger.HeaderCell, source[..MacOffset], source[MacOffset..Size]) ? ShardHeaderOutcome.Ok : ShardHeaderOutcome.BadMac;

    /// <summary>All before the checksum.</summary>
    private static void WriteFields(Span<byte> header, ShardId id, in ShardLayout layout)
    {
        header.Clear();
        Magic.CopyTo(header[MagicOffset..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[FormatVersionOffset..], FormatVersion);
        BinaryPrimitives.WriteUInt16BigEndian(header[SuiteOffset..], Suite);
        header[ShardIndexOffset] = id.Index;
        header[DataShardsOffset] = (byte)layout.Geometry.DataShards;
        header[ParityShardsOffset] = (byte)layout.Geometry.ParityShards;
        id.Segment.Write(header[SegmentIdOffset..]);
        BinaryPrimitives.WriteUInt64BigEndian(header[PayloadLengthOffset..], (ulong)layout.PayloadLength);
        BinaryPrimitives.WriteUInt64BigEndian(header[TableOffsetOffset..], (ulong)layout.TableOffset);
        BinaryPrimitives.WriteUInt64BigEndian(header[ShardLengthOffset..], (ulong)layout.ShardLength);
        BinaryPrimitives.WriteUInt32BigEndian(header[CellCountOffset..], (uint)layout.StripeCount);
        BinaryPrimitives.WriteUInt32BigEndian(header[CellSizeOffset..], ShardLayout.FullCellSize);
    }
}
