using Microsoft.Win32.SafeHandles;

namespace Oort.Backends.Local;

/// <summary>A file of a <see cref="PosixDisk"/>.</summary>
internal sealed class PosixFile(string path, SafeFileHandle handle) : IDiskFile
{
    // Set for good when the C library or file system says that it cannot read without waiting.
    private static volatile bool s_cannotReadCached = !OperatingSystem.IsLinux();

    // Set for good when the system has no cachestat (before Linux 6.5), or lets nobody call it.
    private static volatile bool s_cannotTellCached = !OperatingSystem.IsLinux();

    private readonly Lock _directLock = new();
    private SafeFileHandle? _direct;

    // Set for good when the file system refuses O_DIRECT, at opening (tmpfs) or at a call (blocks larger than the alignment kept here).
    private volatile bool _cannotGoDirect = !OperatingSystem.IsLinux();
    private bool _isDisposed;

    public long Length => PosixErrors.Translate(path, () => RandomAccess.GetLength(handle));

    public int LinkCount
    {
        get
        {
            if (!OperatingSystem.IsLinux())
                return File.Exists(path) ? 1 : 0;
            PosixErrors.ThrowIf(Posix.CountLinks(handle, out var count), path);
            return count;
        }
    }

    public int Read(long offset, Span<byte> destination)
    {
        try
        {
            var total = 0;
            while (total < destination.Length)
            {
                var count = RandomAccess.Read(handle, destination[total..], offset + total);
                if (count == 0)
                    break;
                total += count;
            }

            return total;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PosixErrors.From(path, e);
        }
    }

    public int ReadCached(long offset, Span<byte> destination)
    {
        if (s_cannotReadCached)
            return -1;
        try
        {
            return Posix.ReadCached(handle, offset, destination);
        }
        catch (EntryPointNotFoundException)
        {
            s_cannotReadCached = true;
            return -1;
        }
    }

    public bool IsCached(long offset, int count)
    {
        if (s_cannotTellCached)
            return true;
        if (Posix.CountCachedPages(handle, offset, count, out var pageCount) != 0)
        {
            s_cannotTellCached = true;
            return true;
        }

        var pageSize = Environment.SystemPageSize;
        return pageCount >= ((offset + count - 1) / pageSize) - (offset / pageSize) + 1;
    }

    public int ReadDirect(long offset, Span<byte> destination)
    {
        DirectAlignment.ThrowIfNotAligned(offset, destination, []);
        var done = 0;
        while (done < destination.Length && !_cannotGoDirect && OpenDirect() is { } direct)
        {
            var error = Posix.Read(direct, offset + done, destination[done..], out var count);
            if (error == Posix.EINVAL)
                _cannotGoDirect = true;
            else
                PosixErrors.ThrowIf(error, path);
            done += count;
            // Less than whole blocks come only where the file ends.
            if (error == 0 && (count == 0 || count % DirectAlignment.Size != 0))
                return done;
        }

        return done < destination.Length ? done + Read(offset + done, destination[done..]) : done;
    }

    public void Write(long offset, ReadOnlySpan<byte> content)
    {
        try
        {
            RandomAccess.Write(handle, content, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PosixErrors.From(path, e);
        }
    }

    public bool CanWriteDirect => !_cannotGoDirect && OpenDirect() is not null;

    public void WriteDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        DirectAlignment.ThrowIfNotAligned(offset, first, second);
        var done = WriteSomeDirect(offset, first, second);

        // What is left goes the other way, and whatever is wrong says so there.
        if (done < first.Length)
            Write(offset + done, first[(int)done..]);
        var doneOfSecond = Math.Max(0, done - first.Length);
        if (doneOfSecond < second.Length)
            Write(offset + first.Length + doneOfSecond, second[(int)doneOfSecond..]);
    }

    public bool Allocate(long end)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        var error = Posix.Allocate(handle, end);
        if (error is Posix.EOPNOTSUPP or Posix.ENOSYS)
            return false;
        PosixErrors.ThrowIf(error, path);
        return true;
    }

    public void Truncate(long length) => PosixErrors.Translate(path, () =>
    {
        RandomAccess.SetLength(handle, length);
        return 0;
    });

    public void Sync()
    {
        if (OperatingSystem.IsLinux())
        {
            PosixErrors.ThrowIf(Posix.SyncData(handle), path);
            return;
        }

        PosixErrors.Translate(path, () =>
        {
            RandomAccess.FlushToDisk(handle);
            return 0;
        });
    }

    public void DropCache()
    {
        if (OperatingSystem.IsLinux())
            _ = Posix.Advise(handle); // A hint: that it is not taken changes nothing that is promised.
    }

    public void Dispose()
    {
        lock (_directLock)
        {
            _isDisposed = true;
            _direct?.Dispose();
        }

        handle.Dispose();
    }

    /// <returns>How many bytes it could write; 0 where it cannot write directly at all.</returns>
    private long WriteSomeDirect(long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_cannotGoDirect || OpenDirect() is not { } direct)
            return 0;
        var error = Posix.Write(direct, offset, first, second, out var written);
        if (error == Posix.EINVAL)
        {
            _cannotGoDirect = true;
            return 0;
        }

        PosixErrors.ThrowIf(error, path);
        return written;
    }

    private SafeFileHandle? OpenDirect()
    {
        lock (_directLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_direct is null && Posix.ReopenDirect(handle, out _direct) != 0)
                _cannotGoDirect = true;
            return _direct;
        }
    }
}
