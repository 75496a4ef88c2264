namespace Oort.Objects;

/// <summary>What is wrong with a backup (docs/formats/backup.md §6).</summary>
internal enum BackupFault
{
    NotABackup,
    UnknownVersion,
    OtherCluster,
    Truncated,
    Damaged,
}

/// <summary>A file is no backup that can be restored; nothing of it has been used.</summary>
internal sealed class BackupException(BackupFault fault, string message) : Exception(message)
{
    public BackupFault Fault { get; } = fault;
}
