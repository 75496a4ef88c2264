namespace Oort.Backends.Suite;

/// <summary>What a disk was asked to do that changes it, as <see cref="RecordingDisk"/> records it.</summary>
public enum DiskOperationKind
{
    Create,
    Write,

    /// <summary>Cut or extended, by truncating or by allocating.</summary>
    SetLength,
    Sync,
    Rename,
    Delete,
    SyncFolder,
}

/// <summary>One recorded change.</summary>
/// <param name="Kind">What.</param>
/// <param name="File">Which file, by a number that it keeps under any name; 0 where a folder is meant.</param>
/// <param name="Path">The name it had; for a rename the old one; for a folder its path.</param>
/// <param name="NewPath">Rename: the new name.</param>
/// <param name="Offset">Write: where. SetLength: the new length.</param>
/// <param name="Content">Write: a copy of the bytes.</param>
/// <param name="IsDirect">Write: past the page cache. It is lost or torn by a crash as any other.</param>
public sealed record DiskOperation(DiskOperationKind Kind, int File, string Path, string NewPath = "", long Offset = 0, byte[]? Content = null, bool IsDirect = false);

/// <summary>What a crash does to changes that were not synced.</summary>
public enum CrashMode
{
    /// <summary>All of them are lost: content not synced, and names whose folder was not synced.</summary>
    Dropped,

    /// <summary>All of them had reached the medium.</summary>
    Kept,

    /// <summary>Each sector of each write, each change of length and each name, by itself, is there or not.</summary>
    Torn,
}
