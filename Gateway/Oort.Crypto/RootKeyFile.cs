using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Oort.Crypto;

/// <summary>The root key on disk: 32 raw bytes, mode 0600, complete or absent after any crash (docs/formats/keyring.md §6).</summary>
internal static partial class RootKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>
    /// 1. Writes and syncs a temporary file beside the target, never readable by others. 2. Renames it, which is atomic.
    /// 3. Syncs the directory, since a rename is only in memory until then.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> key)
    {
        var full = Path.GetFullPath(path);
        if (File.Exists(full)) throw new IOException($"{full} exists already; a root key is never written over.");

        // 1. A temporary file that a crash left behind may have another mode: it is removed, not reused.
        var temporary = full + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(key);
            file.Flush(flushToDisk: true);
        }

        // 2.
        File.Move(temporary, full, overwrite: false);

        // 3.
        if (!OperatingSystem.IsWindows()) SyncDirectory(Path.GetDirectoryName(full)!);
    }

    public static RootKey Read(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, BufferSize = 0 });
        if (!OperatingSystem.IsWindows())
        {
            var mode = File.GetUnixFileMode(file.SafeFileHandle);
            if ((mode & Others) != 0)
                throw new IOException($"{path} holds the root key and others than its owner may use it; run: chmod 600 {path}");
        }
        if (file.Length != RootKey.Size)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{path} has {file.Length} bytes; a root key file has 32."));

        Span<byte> bytes = stackalloc byte[RootKey.Size];
        try
        {
            file.ReadExactly(bytes);
            return new RootKey(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>.NET opens no directories, so the three calls are made directly (POSIX open, fsync, close).</summary>
    private static void SyncDirectory(string directory)
    {
        const int readOnly = 0;
        var descriptor = Open(directory, readOnly);
        if (descriptor < 0) throw LastError(directory);
        try
        {
            if (FSync(descriptor) != 0) throw LastError(directory);
        }
        finally
        {
            // A failed close of a read-only directory descriptor loses nothing: fsync has already answered.
            _ = Close(descriptor);
        }
    }

    private static IOException LastError(string directory)
    {
        var error = Marshal.GetLastPInvokeError();
        return new($"{directory} could not be synced: {Marshal.GetPInvokeErrorMessage(error)}", new Win32Exception(error));
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
