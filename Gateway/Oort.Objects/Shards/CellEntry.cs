using System.Buffers.Binary;
using Oort.Checksums;
using Oort.Crypto;

namespace Oort.Objects.Shards;

/// <summary>What a check of a cell against its entry showed.</summary>
public enum CellOutcome
{
    /// <summary>The cell is what was written.</summary>
    Ok,

    /// <summary>The checksum differs: cell or entry is damaged. Anyone can see it.</summary>
    BadChecksum,

    /// <summary>The checksum is right but the keyed tag is not: this store gives other bytes than it was given, or the tag is damaged.</summary>
    BadTag,
}

/// <summary>One cell's entry in the table at a shard's end (docs/formats/shard.md).</summary>
/// <param name="Crc">CRC-64/NVME of the cell, padding included, by which a store can scrub without a key.</param>
/// <param name="Tag">The cell's keyed tag, 128 bits, by which the gateway knows who lied.</param>
public readonly record struct CellEntry(ulong Crc, UInt128 Tag)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 24;

    internal const int CrcOffset = 0;
    internal const int TagOffset = 8;

    /// <summary>The entry of a cell.</summary>
    /// <param name="cell">All of the cell, padding included.</param>
    /// <param name="shard">The shard's index.</param>
    /// <param name="stripe">The stripe's index.</param>
    /// <param name="tagger">The segment's. It must never tag two contents for one place: only cells that were just encoded, or decoded and verified.</param>
    public static CellEntry Compute(ReadOnlySpan<byte> cell, int shard, int stripe, SegmentTagger tagger)
    {
        Span<byte> tag = stackalloc byte[SegmentTagger.TagSize];
        tagger.Tag(shard, stripe, cell, tag);
        return new(Crc64Nvme.Compute(cell), BinaryPrimitives.ReadUInt128BigEndian(tag));
    }

    /// <summary>Checks a cell with the key.</summary>
    public CellOutcome Check(ReadOnlySpan<byte> cell, int shard, int stripe, SegmentTagger tagger)
    {
        // The cheap check first: nearly all damage is accidental.
        if (!CheckChecksum(cell)) return CellOutcome.BadChecksum;
        Span<byte> tag = stackalloc byte[SegmentTagger.TagSize];
        BinaryPrimitives.WriteUInt128BigEndian(tag, Tag);
        return tagger.Verify(shard, stripe, cell, tag) ? CellOutcome.Ok : CellOutcome.BadTag;
    }

    /// <summary>Checks a cell without the key.</summary>
    public bool CheckChecksum(ReadOnlySpan<byte> cell) => Crc64Nvme.Compute(cell) == Crc;

    /// <summary>Writes the entry over the first <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[CrcOffset..], Crc);
        BinaryPrimitives.WriteUInt128BigEndian(destination[TagOffset..], Tag);
    }

    /// <summary>Reads an entry from the first <see cref="Size"/> bytes. Any bytes are an entry; whether it is right shows against the cell.</summary>
    public static CellEntry Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source[CrcOffset..]), BinaryPrimitives.ReadUInt128BigEndian(source[TagOffset..]));
}
