using Oort.Backends;

namespace Oort.Objects.Caching;

/// <summary>The files of a cell cache (docs/formats/cell-cache.md). One thread uses it; what is found in it is read by others, by the index.</summary>
/// <remarks>
/// What the files take of the disk, and what the one that is written to may still take, is at no time more than the bound. After an exception of the disk, <see cref="Close"/> and
/// <see cref="Open"/> begin anew with what is there.
/// </remarks>
/// <param name="lockHeld">The folder's lock, where it is held already; it is let go with the folder.</param>
internal sealed class CacheFolder(CacheDisk disk, IDisposable? lockHeld, CacheIndex index, ClusterId cluster, long sizeMax, int fileSize) : IDisposable
{
    /// <summary>What the folder itself and its lock take of the bound.</summary>
    private const int FolderSize = 64 * 1024;

    private readonly Queue<CacheFile> files = new();
    private readonly byte[] moved = new byte[Shards.ShardLayout.FullCellSize];
    private IDisposable? held = lockHeld;
    private CacheFile? newest;
    private uint nextNumber;
    private long sealedBytes;
    private long evictedCount;

    public bool IsOpen { get; private set; }

    /// <summary>Bytes of the disk that are in use.</summary>
    public long Bytes => Interlocked.Read(ref sealedBytes) + (newest?.DiskLength ?? 0);

    public long EvictedCount => Interlocked.Read(ref evictedCount);

    /// <summary>Files at most, since each is open: twice as many as full ones have room, as those with many small cells are not full.</summary>
    private long FileCountMax => 2 * (sizeMax / fileSize);

    /// <summary>Takes the lock, where it is not held already, and takes over the files that are there and whole; the others are deleted.</summary>
    public void Open()
    {
        held ??= disk.Lock();
        foreach (var number in disk.List())
        {
            if (TryOpen(number) is { } file)
            {
                files.Enqueue(file);
                index.Add(file);
                sealedBytes += file.DiskLength;
            }
            else disk.Delete(number);
            nextNumber = number + 1;
        }
        Shrink(newFiles: 1);
        IsOpen = true;
    }

    /// <summary>Appends a cell, unless it is there.</summary>
    /// <returns>Whether it came in.</returns>
    public bool Append(CellName name, ReadOnlySpan<byte> cell)
    {
        if (index.Has(name)) return false;
        if (newest?.HasRoom(cell.Length, fileSize) != true) Begin();
        Write(new(name, cell.Length, Checksums.Crc64Nvme.Compute(cell)), cell);
        return true;
    }

    /// <summary>Completes the file that is written to, so that it is still there at the next start.</summary>
    public void Seal()
    {
        if (newest is not { } file) return;
        var dataLength = file.DataLength;
        disk.Write(file.Handle, file.Seal(cluster), dataLength);
        newest = null;
        files.Enqueue(file);
        Interlocked.Add(ref sealedBytes, file.DiskLength);
    }

    /// <summary>Gives everything up but what is on the disk, also the lock.</summary>
    public void Close()
    {
        IsOpen = false;
        index.Clear();
        newest?.Dispose();
        newest = null;
        foreach (var file in files) file.Dispose();
        files.Clear();
        Interlocked.Exchange(ref sealedBytes, 0);
        held?.Dispose();
        held = null;
    }

    public void Dispose() => Close();

    private CacheFile? TryOpen(uint number)
    {
        var handle = disk.Open(number);
        var file = TryRead(number, handle);
        if (file is null) handle.Dispose();
        return file;
    }

    private CacheFile? TryRead(uint number, Microsoft.Win32.SafeHandles.SafeFileHandle handle)
    {
        var length = RandomAccess.GetLength(handle);
        var end = new byte[Math.Min(CacheTrailer.Size, length)];
        if (disk.Read(handle, end, length - end.Length) < end.Length || CacheTrailer.Read(end, length, cluster, out var trailer) != CacheFileOutcome.Ok) return null;
        // As many as a file may have, whatever it says.
        if (length > CacheFile.SizeMax || trailer.EntryCount > CacheFile.SizeMax / CacheFile.BytesPerEntry) return null;
        var table = new byte[trailer.EntryCount * CacheEntry.Size];
        return disk.Read(handle, table, trailer.DataLength) == table.Length && trailer.ReadTable(table, out var entries) == CacheFileOutcome.Ok ? new CacheFile(number, handle, entries.AsSpan(), length) : null;
    }

    /// <summary>
    /// 1. Completes the file before. 2. Makes room for a new one, and begins it. 3. Makes room for the one after it: cells of the oldest file that were asked for lately
    /// come into the new one, as long as it is not half full, so that what is hot stays and there is always an end.
    /// </summary>
    private void Begin()
    {
        // 1.
        Seal();

        // 2.
        Shrink(newFiles: 1);
        while (files.Count > 0 && disk.GetRoom() < fileSize) EvictOldest();
        if (disk.GetRoom() < fileSize) throw new IOException($"{disk.Directory} has no room for {fileSize / CacheFile.SizeStep} MiB more; free some, or give the cache another folder.");
        newest = new CacheFile(nextNumber, disk.Create(nextNumber));
        nextNumber++;

        // 3.
        while (IsOver(newFiles: 2))
        {
            MoveUsed(files.Peek(), newest);
            EvictOldest();
        }
    }

    /// <summary>Whether so many files more, all of them full, would be too many.</summary>
    private bool IsOver(int newFiles) =>
        files.Count > 0 && (Interlocked.Read(ref sealedBytes) + (long)newFiles * fileSize + FolderSize > sizeMax || files.Count + newFiles > FileCountMax);

    private void Shrink(int newFiles)
    {
        while (IsOver(newFiles)) EvictOldest();
    }

    private void MoveUsed(CacheFile oldest, CacheFile target)
    {
        foreach (var place in index.UsedOf(oldest))
        {
            if (!target.HasRoom(place.Entry.Length, fileSize / 2)) return;
            var cell = moved.AsSpan(0, place.Entry.Length);
            if (disk.Read(oldest.Handle, cell, place.Offset) == cell.Length && place.Entry.Fits(cell)) Write(place.Entry, cell);
        }
    }

    private void EvictOldest()
    {
        var oldest = files.Peek();
        Interlocked.Add(ref evictedCount, index.Remove(oldest));
        oldest.Dispose();
        disk.Delete(oldest.Number);
        files.Dequeue();
        Interlocked.Add(ref sealedBytes, -oldest.DiskLength);
    }

    private void Write(CacheEntry entry, ReadOnlySpan<byte> cell)
    {
        disk.Write(newest!.Handle, cell, newest.DataLength);
        index.Add(newest, entry);
    }
}
