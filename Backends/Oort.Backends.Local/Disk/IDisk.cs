namespace Oort.Backends.Local;

/// <summary>How a file is opened; always for reading and, but for <see cref="Read"/>, for writing.</summary>
public enum DiskOpen
{
    /// <summary>An existing file, only to read.</summary>
    Read,

    /// <summary>An existing file.</summary>
    Existing,

    /// <summary>A file that must not exist yet.</summary>
    New,

    /// <summary>An existing file or a new one.</summary>
    ExistingOrNew,
}

/// <summary>Space on the medium, as an ordinary user may use it.</summary>
/// <param name="CapacityBytes">Its size.</param>
/// <param name="FreeBytes">What is left.</param>
public readonly record struct DiskSpace(long CapacityBytes, long FreeBytes);

/// <summary>One directory of a file system: every access of a <see cref="LocalStore"/> to its medium goes through here, so that a test can own each write and each sync.</summary>
/// <remarks>
/// Paths are relative, with '/' between parts; "" is the directory itself. Calls block. Thread-safe. Every failure is a
/// <see cref="DiskException"/>. Creating, renaming and deleting are durable only after <see cref="SyncFolder"/> of the folder, content only
/// after <see cref="IDiskFile.Sync"/>: neither implies the other.
/// </remarks>
public interface IDisk
{
    /// <summary>Where it is, for people.</summary>
    string Location { get; }

    /// <summary>Names the device under it: what fails together.</summary>
    string DeviceId { get; }

    IDiskFile Open(string path, DiskOpen how);

    /// <summary>Whether a file or folder of that name exists.</summary>
    bool Exists(string path);

    /// <summary>Names (without the folder) of the files and folders in a folder, in ordinal order; none when the folder does not exist.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>Creates a folder, and those above it, where they do not exist.</summary>
    void CreateFolder(string path);

    /// <summary>Renames a file, atomically replacing one of the new name.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; one that does not exist is deleted already.</summary>
    void Delete(string path);

    /// <summary>Makes the names in a folder durable.</summary>
    void SyncFolder(string folder);

    DiskSpace GetSpace();

    /// <summary>Holds a lock that no other process can hold, until disposed.</summary>
    /// <exception cref="DiskException">Kind Locked when another holds it.</exception>
    IDisposable Lock(string path);
}
