using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Oort.Backends;
using Oort.Checksums;

namespace Oort.Objects.Caching;

/// <summary>What a look at a file of the cell cache showed.</summary>
internal enum CacheFileOutcome
{
    Ok,
    Truncated,
    BadMagic,
    UnknownVersion,
    BadChecksum,
    OtherCluster,
    Malformed,
}

/// <summary>The end of a file of the cell cache: which cells it has (docs/formats/cell-cache.md).</summary>
internal readonly record struct CacheTrailer(ClusterId Cluster, long EntryCount, long DataLength, ulong TableChecksum)
{
    public const int Size = 64;

    public const int FormatVersion = 1;

    internal const int FormatVersionOffset = 8;
    internal const int ReservedOffset = 10;
    internal const int ClusterOffset = 16;
    internal const int EntryCountOffset = 32;
    internal const int DataLengthOffset = 40;
    internal const int TableChecksumOffset = 48;
    internal const int ChecksumOffset = 56;

    /// <summary>Bytes of entries and trailer.</summary>
    public long TailLength => EntryCount * CacheEntry.Size + Size;

    private static ReadOnlySpan<byte> Magic => "OORTCELL"u8;

    /// <summary>Entries and trailer of a file.</summary>
    public static byte[] ToTail(ClusterId cluster, ReadOnlySpan<CacheEntry> entries, long dataLength)
    {
        var bytes = new byte[entries.Length * CacheEntry.Size + Size];
        for (var i = 0; i < entries.Length; i++) entries[i].Write(bytes.AsSpan(i * CacheEntry.Size));
        var trailer = bytes.AsSpan(entries.Length * CacheEntry.Size);
        Magic.CopyTo(trailer);
        BinaryPrimitives.WriteUInt16BigEndian(trailer[FormatVersionOffset..], FormatVersion);
        cluster.Write(trailer[ClusterOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(trailer[EntryCountOffset..], entries.Length);
        BinaryPrimitives.WriteInt64BigEndian(trailer[DataLengthOffset..], dataLength);
        BinaryPrimitives.WriteUInt64BigEndian(trailer[TableChecksumOffset..], Crc64Nvme.Compute(bytes.AsSpan(0, entries.Length * CacheEntry.Size)));
        BinaryPrimitives.WriteUInt64BigEndian(trailer[ChecksumOffset..], Crc64Nvme.Compute(trailer[..ChecksumOffset]));
        return bytes;
    }

    /// <summary>Reads the last bytes of a file.</summary>
    /// <param name="source">The last <see cref="Size"/> bytes; fewer where the file has fewer.</param>
    /// <param name="fileLength">Of the whole file.</param>
    /// <param name="cluster">Whose cells are wanted.</param>
    public static CacheFileOutcome Read(ReadOnlySpan<byte> source, long fileLength, ClusterId cluster, out CacheTrailer trailer)
    {
        trailer = default;
        if (source.Length < Size) return CacheFileOutcome.Truncated;
        if (!source.StartsWith(Magic)) return CacheFileOutcome.BadMagic;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FormatVersionOffset..]) != FormatVersion) return CacheFileOutcome.UnknownVersion;
        if (BinaryPrimitives.ReadUInt64BigEndian(source[ChecksumOffset..]) != Crc64Nvme.Compute(source[..ChecksumOffset])) return CacheFileOutcome.BadChecksum;
        if (ClusterId.Read(source[ClusterOffset..]) != cluster) return CacheFileOutcome.OtherCluster;
        var (count, length) = (BinaryPrimitives.ReadUInt64BigEndian(source[EntryCountOffset..]), BinaryPrimitives.ReadUInt64BigEndian(source[DataLengthOffset..]));
        if (source[ReservedOffset..ClusterOffset].ContainsAnyExcept((byte)0) || (UInt128)count * CacheEntry.Size + Size + length != (UInt128)fileLength) return CacheFileOutcome.Malformed;
        trailer = new(cluster, (long)count, (long)length, BinaryPrimitives.ReadUInt64BigEndian(source[TableChecksumOffset..]));
        return CacheFileOutcome.Ok;
    }

    /// <summary>Reads the entries before a trailer.</summary>
    /// <param name="table">All of them.</param>
    public CacheFileOutcome ReadTable(ReadOnlySpan<byte> table, out ImmutableArray<CacheEntry> entries)
    {
        entries = [];
        if (Crc64Nvme.Compute(table) != TableChecksum) return CacheFileOutcome.BadChecksum;
        var read = new CacheEntry[table.Length / CacheEntry.Size];
        var length = 0L;
        for (var i = 0; i < read.Length; i++)
        {
            if (!CacheEntry.TryRead(table[(i * CacheEntry.Size)..], out read[i])) return CacheFileOutcome.Malformed;
            length += read[i].Length;
        }
        if (length != DataLength) return CacheFileOutcome.Malformed;
        entries = ImmutableCollectionsMarshal.AsImmutableArray(read);
        return CacheFileOutcome.Ok;
    }
}
