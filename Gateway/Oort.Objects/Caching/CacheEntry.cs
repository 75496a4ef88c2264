using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Oort.Backends;
using Oort.Checksums;
using Oort.Objects.Shards;

namespace Oort.Objects.Caching;

/// <summary>What a file of the cell cache says of one of its cells (docs/formats/cell-cache.md §3).</summary>
/// <param name="Length">1 … <see cref="ShardLayout.FullCellSize"/> bytes.</param>
/// <param name="Crc">CRC-64/NVME of the cell.</param>
internal readonly record struct CacheEntry(CellName Name, int Length, ulong Crc)
{
    public const int Size = 32;

    internal const int StripeOffset = 16;
    internal const int CellOffset = 18;
    internal const int ReservedOffset = 19;
    internal const int LengthOffset = 20;
    internal const int CrcOffset = 24;

    /// <summary>Whether these bytes are the cell.</summary>
    public bool Fits(ReadOnlySpan<byte> cell) => cell.Length == Length && Crc64Nvme.Compute(cell) == Crc;

    public void Write(Span<byte> destination)
    {
        Name.Segment.Write(destination);
        BinaryPrimitives.WriteUInt16BigEndian(destination[StripeOffset..], Name.Stripe);
        destination[CellOffset] = Name.Cell;
        destination[ReservedOffset] = 0;
        BinaryPrimitives.WriteInt32BigEndian(destination[LengthOffset..], Length);
        BinaryPrimitives.WriteUInt64BigEndian(destination[CrcOffset..], Crc);
    }

    /// <returns>False: no entry has these bytes.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out CacheEntry entry)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(source[LengthOffset..]);
        entry = new(
            new(SegmentId.Read(source), BinaryPrimitives.ReadUInt16BigEndian(source[StripeOffset..]), source[CellOffset]),
            (int)Math.Min(length, int.MaxValue),
            BinaryPrimitives.ReadUInt64BigEndian(source[CrcOffset..]));
        return source[ReservedOffset] == 0 && length is > 0 and <= ShardLayout.FullCellSize;
    }
}
