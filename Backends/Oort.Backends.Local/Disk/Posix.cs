using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Oort.Backends.Local;

/// <summary>The calls of Linux's C library that .NET has no method for. Each returns 0 or an errno value.</summary>
internal static partial class Posix
{
    public const int ENOENT = 2;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EEXIST = 17;
    public const int ENOSPC = 28;
    public const int EINVAL = 22;
    public const int EROFS = 30;
    public const int EINTR = 4;
    public const int EPERM = 1;
    public const int EDQUOT = 122;
    public const int EOPNOTSUPP = 95;
    public const int ENOSYS = 38;

    private const int CloseOnExec = 0x80000;
    private const int OpenReadWrite = 2;
    private const int AdviceDontNeed = 4;
    private const int AtEmptyPath = 0x1000;
    private const int ReadWithoutWaiting = 8;

    // The same on every architecture of .NET. Debian's C library has no function for it yet.
    private const nint CacheStat = 451;

    // statx(2) has one layout on every architecture, unlike stat(2): stx_nlink at 16, stx_dev_major and minor at 136 and 140.
    private const uint StatxBasicStats = 0x7ff;
    private const int StatxSize = 256;

    public static int SyncData(SafeFileHandle file) => Retry(() => fdatasync(file));

    /// <summary>Allocates from 0 to <paramref name="end"/> and makes the file that long.</summary>
    public static int Allocate(SafeFileHandle file, long end) => Retry(() => fallocate(file, 0, 0, end));

    public static int Advise(SafeFileHandle file) => posix_fadvise(file, 0, 0, AdviceDontNeed);

    public static int Rename(string from, string to) => rename(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();

    public static int SyncFolder(string path)
    {
        var descriptor = open(path, CloseOnExec, 0);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
        return Retry(() => fsync(folder));
    }

    /// <summary>Count of names of an open file.</summary>
    public static unsafe int CountLinks(SafeFileHandle file, out int linkCount)
    {
        var buffer = stackalloc byte[StatxSize];
        var error = statx(file, "", AtEmptyPath, StatxBasicStats, buffer) == 0 ? 0 : Marshal.GetLastPInvokeError();
        linkCount = error == 0 ? (int)*(uint*)(buffer + 16) : 0;
        return error;
    }

    /// <summary>The device that an open file or folder is on.</summary>
    public static unsafe int FindDevice(SafeFileHandle file, out string device)
    {
        var buffer = stackalloc byte[StatxSize];
        var error = statx(file, "", AtEmptyPath, StatxBasicStats, buffer) == 0 ? 0 : Marshal.GetLastPInvokeError();
        device = error == 0 ? $"{*(uint*)(buffer + 136)}:{*(uint*)(buffer + 140)}" : "";
        return error;
    }

    /// <summary>Opens a folder to ask about it.</summary>
    public static int OpenFolder(string path, out SafeFileHandle? folder)
    {
        var descriptor = open(path, CloseOnExec, 0);
        folder = descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        return descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>preadv2 with RWF_NOWAIT: reads from the page cache or not at all. −1 when it would wait, or cannot.</summary>
    public static unsafe int ReadCached(SafeFileHandle file, long offset, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            var vector = new IoVector { Start = start, Length = (nuint)destination.Length };
            return (int)preadv2(file, &vector, 1, offset, ReadWithoutWaiting);
        }
    }

    /// <summary>cachestat(2): how many pages of a part of a file are in the page cache.</summary>
    public static unsafe int CountCachedPages(SafeFileHandle file, long offset, long length, out long pageCount)
    {
        // struct cachestat: five counts of 64 bits, the first of them that of the pages in the cache.
        var counts = stackalloc ulong[5];
        var range = stackalloc ulong[2] { (ulong)offset, (ulong)length };
        var error = syscall(CacheStat, file, range, counts, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        pageCount = error == 0 ? (long)counts[0] : 0;
        return error;
    }

    /// <summary>Reads with one pread, again when a signal came in between.</summary>
    /// <param name="count">Bytes read: fewer at the end of the file, or where something stopped it in between.</param>
    public static unsafe int Read(SafeFileHandle file, long offset, Span<byte> destination, out int count)
    {
        fixed (byte* start = destination)
        {
            while ((count = (int)pread(file, start, (nuint)destination.Length, offset)) < 0)
            {
                count = 0;
                var error = Marshal.GetLastPInvokeError();
                if (error != EINTR)
                    return error;
            }

            return 0;
        }
    }

    /// <summary>Opens an open file once more, past the page cache. By its descriptor, since its name may be another file's by now.</summary>
    public static int ReopenDirect(SafeFileHandle file, out SafeFileHandle? direct)
    {
        // O_DIRECT is one of the few flags that differ between architectures.
        var flag = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;
        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            var descriptor = open($"/proc/self/fd/{file.DangerousGetHandle()}", OpenReadWrite | CloseOnExec | flag, 0);
            direct = descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
            return descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        finally
        {
            if (isHeld)
                file.DangerousRelease();
        }
    }

    /// <summary>Writes both spans, one behind the other, with one pwritev.</summary>
    /// <param name="written">Bytes written: all, or fewer where something stopped it in between.</param>
    public static unsafe int Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, out long written)
    {
        fixed (byte* firstStart = first, secondStart = second)
        {
            var vectors = stackalloc IoVector[2];
            var count = 0;
            if (!first.IsEmpty)
                vectors[count++] = new() { Start = firstStart, Length = (nuint)first.Length };
            if (!second.IsEmpty)
                vectors[count++] = new() { Start = secondStart, Length = (nuint)second.Length };
            while ((written = pwritev(file, vectors, count, offset)) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != EINTR)
                    return error;
            }

            return 0;
        }
    }

    private static int Retry(Func<int> call)
    {
        while (call() != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
                return error;
        }

        return 0;
    }

    private unsafe struct IoVector
    {
        public byte* Start;
        public nuint Length;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(SafeFileHandle file, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwritev(SafeFileHandle file, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pread(SafeFileHandle file, byte* destination, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint syscall(nint number, SafeFileHandle file, ulong* range, ulong* counts, nuint flags);

    [LibraryImport("libc")]
    private static unsafe partial nint preadv2(SafeFileHandle file, IoVector* vector, int count, long offset, int flags);
}
