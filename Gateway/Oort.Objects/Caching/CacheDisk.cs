using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Oort.Objects.Caching;

/// <summary>Another process uses the folder.</summary>
internal sealed class CacheInUseException(string message, Exception inner) : IOException(message, inner);

/// <summary>The folder of a cell cache: every access to its medium goes through here, so that a test can own each.</summary>
/// <remarks>Calls block. Failures are <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>. Files that are named otherwise are left alone.</remarks>
internal class CacheDisk(string directory)
{
    private const string LockName = "lock";
    private const string Suffix = ".cells";
    private const int NumberDigits = 8;

    /// <summary>What a lock that another process holds looks like: EAGAIN of Linux, EAGAIN of BSD and macOS, ERROR_SHARING_VIOLATION.</summary>
    private static readonly int[] s_heldErrors = [11, 35, unchecked((int)0x80070020)];

    public string Directory { get; } = Path.GetFullPath(directory);

    /// <summary>Makes the folder where it is not there, and holds its lock until that is disposed.</summary>
    /// <exception cref="CacheInUseException">Another process holds it.</exception>
    public virtual IDisposable Lock()
    {
        if (OperatingSystem.IsWindows()) System.IO.Directory.CreateDirectory(Directory);
        else System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            // FileShare.None is an exclusive advisory lock of the kernel: it ends with the process, however that ends.
            return new FileStream(Path.Combine(Directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (s_heldErrors.Contains(e.HResult))
        {
            throw new CacheInUseException($"The cache {Directory} is in use by another oort process; stop that one, or give each its own with --cache-dir DIR.", e);
        }
    }

    /// <summary>The numbers of the files, the oldest first.</summary>
    public virtual IReadOnlyList<uint> List() =>
        [.. System.IO.Directory.EnumerateFiles(Directory, "*" + Suffix).Select(NumberOf).OfType<uint>().Order()];

    public virtual SafeFileHandle Create(uint number)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(PathOf(number), options).Dispose();
        return File.OpenHandle(PathOf(number), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
    }

    public virtual SafeFileHandle Open(uint number) =>
        File.OpenHandle(PathOf(number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);

    /// <summary>Reads at an offset; less than asked only at the end of the file.</summary>
    public virtual int Read(SafeFileHandle file, Span<byte> destination, long offset)
    {
        var count = 0;
        while (count < destination.Length && RandomAccess.Read(file, destination[count..], offset + count) is > 0 and var read) count += read;
        return count;
    }

    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> content, long offset) => RandomAccess.Write(file, content, offset);

    /// <summary>One that is not there is deleted already.</summary>
    public virtual void Delete(uint number)
    {
        try
        {
            File.Delete(PathOf(number));
        }
        catch (DirectoryNotFoundException)
        {
            // With all that was in it.
        }
    }

    /// <summary>Bytes that the cache may take beside what it has: the last twentieth of the medium, or GiB of a large one, is left to others.</summary>
    public virtual long GetRoom()
    {
        var drive = new DriveInfo(Directory);
        return drive.AvailableFreeSpace - Math.Min(1L << 30, drive.TotalSize / 20);
    }

    private string PathOf(uint number) => Path.Combine(Directory, number.ToString("x8", CultureInfo.InvariantCulture) + Suffix);

    private static uint? NumberOf(string path) =>
        Path.GetFileNameWithoutExtension(path) is { Length: NumberDigits } name && uint.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number.ToString("x8", CultureInfo.InvariantCulture) == name
            ? number
            : null;
}
