using Microsoft.Win32.SafeHandles;
using Oort.Objects;

namespace Oort.Gateway.Audit;

/// <summary>The audit log as a file and the files before it, <c>FILE.1</c> the newest of them (docs/formats/audit-log.md).</summary>
/// <remarks>
/// 1. Lines are written behind what counts, so that a write that failed half-way is written over by the next. 2. A line that a crash cut off is ended when the file is opened again. 3. Before a file would become larger than the limit, those before it move up by one, into the first gap, and the oldest goes where
/// there is none: a crash in between leaves a gap, and no file is written over.
/// </remarks>
/// <param name="sizeMax">Bytes of a file; what waits to be written at once may be more.</param>
/// <param name="fileCountMax">Files at most, the one that is written included.</param>
internal sealed class AuditFile(string path, long sizeMax, int fileCountMax) : IAuditSink
{
    private SafeFileHandle? file;
    private long length;

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public void Open()
    {
        if (file is not null) return;
        var isNew = !File.Exists(path);
        // Callers, keys and addresses are not everybody's to read.
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && isNew) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var opened = OpenHandle(path, options);
        try
        {
            length = RandomAccess.GetLength(opened);
            // 2.
            Span<byte> last = stackalloc byte[1];
            if (length > 0 && RandomAccess.Read(opened, last, length - 1) == 1 && last[0] != (byte)'\n')
            {
                RandomAccess.Write(opened, "\n"u8, length);
                length++;
            }

            if (isNew) DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            opened.Dispose();
            throw;
        }

        file = opened;
    }

    public void Write(ReadOnlySpan<byte> lines)
    {
        Open();
        if (length > 0 && length + lines.Length > sizeMax)
        {
            Rotate();
            Open();
        }

        // 1.
        RandomAccess.Write(file!, lines, length);
        length += lines.Length;
    }

    public void Sync()
    {
        if (file is not null) RandomAccess.FlushToDisk(file);
    }

    public void Reopen() => Close();

    public void Dispose() => Close();

    private static SafeFileHandle OpenHandle(string path, FileStreamOptions options)
    {
        using var stream = new FileStream(path, options);
        // A handle of its own, that no stream closes.
        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, options.Share);
    }

    // 3.
    private void Rotate()
    {
        Sync();
        Close();
        var last = fileCountMax - 1;
        if (last == 0)
        {
            File.Delete(path);
            return;
        }

        var gap = 1;
        while (gap < last && File.Exists(Name(gap))) gap++;
        if (File.Exists(Name(gap))) File.Delete(Name(gap));
        for (var i = gap; i > 1; i--) File.Move(Name(i - 1), Name(i));
        File.Move(path, Name(1));
        DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private string Name(int age) => $"{path}.{age.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    private void Close()
    {
        file?.Dispose();
        file = null;
    }
}
