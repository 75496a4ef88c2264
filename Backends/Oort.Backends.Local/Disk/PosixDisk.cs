using Microsoft.Win32.SafeHandles;

namespace Oort.Backends.Local;

/// <summary>A directory of the operating system. On Linux with fdatasync, fallocate, directory fsync and reads that do not wait; elsewhere with what .NET has, for development only.</summary>
public sealed class PosixDisk : IDisk
{
    private readonly string _root;

    /// <param name="root">An existing directory.</param>
    /// <exception cref="DiskException">It does not exist or cannot be looked into.</exception>
    public PosixDisk(string root)
    {
        _root = Path.GetFullPath(root);
        if (!Directory.Exists(_root))
            throw new DiskException(DiskErrorKind.NotFound, $"{_root}: there is no such directory.");
        DeviceId = ReadDeviceId(_root);
    }

    public string Location => _root;

    public string DeviceId { get; }

    public IDiskFile Open(string path, DiskOpen how)
    {
        var full = Full(path);
        var (mode, access) = how switch
        {
            DiskOpen.Read => (FileMode.Open, FileAccess.Read),
            DiskOpen.Existing => (FileMode.Open, FileAccess.ReadWrite),
            DiskOpen.New => (FileMode.CreateNew, FileAccess.ReadWrite),
            _ => (FileMode.OpenOrCreate, FileAccess.ReadWrite),
        };
        return new PosixFile(full, PosixErrors.Translate(full, () => File.OpenHandle(full, mode, access, FileShare.ReadWrite | FileShare.Delete)));
    }

    public bool Exists(string path) => Path.Exists(Full(path));

    public IReadOnlyList<string> List(string folder)
    {
        var full = Full(folder);
        return PosixErrors.Translate(full, () =>
        {
            if (!Directory.Exists(full))
                return [];
            var names = Directory.EnumerateFileSystemEntries(full).Select(entry => Path.GetFileName(entry)).ToArray();
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        });
    }

    public void CreateFolder(string path) => PosixErrors.Translate(Full(path), () => Directory.CreateDirectory(Full(path)));

    public void Rename(string from, string to)
    {
        if (OperatingSystem.IsLinux())
        {
            // File.Move may fall back to copying, which is neither atomic nor what is meant.
            PosixErrors.ThrowIf(Posix.Rename(Full(from), Full(to)), Full(from));
            return;
        }

        PosixErrors.Translate(Full(from), () =>
        {
            File.Move(Full(from), Full(to), overwrite: true);
            return 0;
        });
    }

    public void Delete(string path) => PosixErrors.Translate(Full(path), () =>
    {
        if (File.Exists(Full(path)))
            File.Delete(Full(path));
        return 0;
    });

    public void SyncFolder(string folder)
    {
        // Windows and macOS order names by themselves; there is no call for it in .NET.
        if (OperatingSystem.IsLinux())
            PosixErrors.ThrowIf(Posix.SyncFolder(Full(folder)), Full(folder));
    }

    public DiskSpace GetSpace() => PosixErrors.Translate(_root, () =>
    {
        var drive = new DriveInfo(_root);
        return new DiskSpace(drive.TotalSize, drive.AvailableFreeSpace);
    });

    public IDisposable Lock(string path)
    {
        var full = Full(path);
        try
        {
            // FileShare.None is flock(LOCK_EX) on Unix: it dies with the process and binds other openings in this process, too.
            return File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A lock that is held shows as EWOULDBLOCK, which is EAGAIN, kind Locked.
            throw PosixErrors.From(full, e);
        }
    }

    private string Full(string path) => path.Length == 0 ? _root : Path.Combine(_root, path);

    private static string ReadDeviceId(string root)
    {
        if (!OperatingSystem.IsLinux())
            return Path.GetPathRoot(root) ?? root;
        PosixErrors.ThrowIf(Posix.OpenFolder(root, out var folder), root);
        using (folder)
        {
            PosixErrors.ThrowIf(Posix.FindDevice(folder!, out var device), root);
            return device;
        }
    }
}
