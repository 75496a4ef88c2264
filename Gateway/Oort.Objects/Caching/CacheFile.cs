using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Oort.Backends;

namespace Oort.Objects.Caching;

/// <summary>A file of the cell cache that is open, with what is known of it. Who changes it or reads its lists holds the lock of the index.</summary>
internal sealed class CacheFile : IDisposable
{
    public const int SizeMin = 16 * 1024 * 1024;
    public const int SizeMax = 1024 * 1024 * 1024;
    public const int SizeStep = 1024 * 1024;

    /// <summary>Bytes of a file for each entry that it may have: without that, small objects would make the index as large as they are.</summary>
    public const int BytesPerEntry = 32 * 1024;

    private const int BlockSize = 4096;

    private readonly List<CacheEntry> entries;
    private readonly List<uint> offsets;
    private readonly List<bool> used;

    /// <summary>A new one.</summary>
    public CacheFile(uint number, SafeFileHandle handle) => (Number, Handle, entries, offsets, used) = (number, handle, [], [], []);

    /// <summary>One that is whole.</summary>
    /// <param name="length">Of the file.</param>
    public CacheFile(uint number, SafeFileHandle handle, ReadOnlySpan<CacheEntry> read, long length)
        : this(number, handle)
    {
        entries = new(read.Length);
        offsets = new(read.Length);
        used = new(read.Length);
        foreach (var entry in read) Add(entry);
        DiskLength = RoundUp(length);
    }

    public uint Number { get; }

    public SafeFileHandle Handle { get; }

    public int Count => entries.Count;

    /// <summary>Bytes of its cells.</summary>
    public long DataLength { get; private set; }

    /// <summary>Bytes of the disk that it takes; of a file that is written to, those so far.</summary>
    public long DiskLength { get; private set; }

    public CacheEntry Entry(int index) => entries[index];

    public long OffsetOf(int index) => offsets[index];

    /// <summary>Whether a cell was asked for since it came in here.</summary>
    public bool IsUsed(int index) => used[index];

    public void MarkUsed(int index) => used[index] = true;

    /// <summary>Whether another cell has a place, with its entry, in a file of that size.</summary>
    public bool HasRoom(int length, long fileSize) =>
        DataLength + length + (Count + 1L) * CacheEntry.Size + CacheTrailer.Size <= fileSize && Count < Math.Max(1, fileSize / BytesPerEntry);

    /// <summary>Notes the cell that follows the last one.</summary>
    public void Add(CacheEntry entry)
    {
        entries.Add(entry);
        offsets.Add((uint)DataLength);
        used.Add(false);
        DataLength += entry.Length;
        DiskLength = RoundUp(DataLength);
    }

    /// <summary>Entries and trailer, which then belong to the file.</summary>
    public byte[] Seal(ClusterId cluster)
    {
        var tail = CacheTrailer.ToTail(cluster, CollectionsMarshal.AsSpan(entries), DataLength);
        DiskLength = RoundUp(DataLength + tail.Length);
        return tail;
    }

    /// <summary>Reads that are under way end properly.</summary>
    public void Dispose() => Handle.Dispose();

    private static long RoundUp(long length) => (length + BlockSize - 1) / BlockSize * BlockSize;
}
