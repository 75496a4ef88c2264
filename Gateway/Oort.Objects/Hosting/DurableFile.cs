using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Oort.Objects;

/// <summary>Small files in the data directory that are whole or absent after any crash, and readable by their owner only.</summary>
public static partial class DurableFile
{
    /// <summary>Largest file that is read; all of ours are far smaller.</summary>
    public const int SizeMax = 16 * 1024 * 1024;

    /// <summary>Writes or replaces a file. 1. A temporary file, synced. 2. Renamed, which is atomic. 3. The directory, synced, since a rename is only in memory until then.</summary>
    /// <exception cref="IOException">It could not be made durable; the old content, if any, may still be there or not.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        // 1.
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        // 2.
        File.Move(temporary, path, overwrite: true);

        // 3.
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>The whole file; null when it is not there.</summary>
    public static byte[]? Read(string path)
    {
        if (!File.Exists(path)) return null;
        var length = new FileInfo(path).Length;
        return length <= SizeMax ? File.ReadAllBytes(path) : throw new IOException($"{path} is larger than any file of this kind.");
    }

    /// <summary>Makes durable which files a directory has. Windows does that by itself.</summary>
    /// <remarks>.NET opens no directories, so the three calls are made directly (POSIX open, fsync, close).</remarks>
    /// <exception cref="IOException">It could not be.</exception>
    public static void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsWindows()) return;
        const int readOnly = 0;
        var descriptor = OpenFile(directory, readOnly);
        if (descriptor < 0) throw LastError(directory);
        try
        {
            if (SyncFile(descriptor) != 0) throw LastError(directory);
        }
        finally
        {
            // Closing a read-only descriptor loses nothing: the sync has answered already.
            _ = CloseFile(descriptor);
        }
    }

    private static IOException LastError(string directory)
    {
        var error = Marshal.GetLastPInvokeError();
        return new($"{directory} could not be synced: {Marshal.GetPInvokeErrorMessage(error)}", new Win32Exception(error));
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int descriptor);
}
