using Oort.Backends;

namespace Oort.Objects;

/// <summary>What a restore shall do.</summary>
public sealed record RestoreOptions
{
    /// <summary>The data directory of a gateway that is stopped. The caller holds its lock.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The backup's file.</summary>
    public required string BackupPath { get; init; }

    /// <summary>Address of an empty PostgreSQL database to restore into; may hold a password. Null: the data directory's own database.</summary>
    public string? MetadataDatabase { get; init; }

    /// <summary>Finds a store by the place that the backup has of it; null: only those that are given are used.</summary>
    public Func<string, IStoreEndpoint?>? Locate { get; init; }

    /// <summary>How long to wait for a disk to open.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>What a restore did.</summary>
/// <param name="BackupGeneration">The backup's instant.</param>
/// <param name="BackupCreated">When it was written.</param>
/// <param name="BaseGeneration">What the journal was replayed on: the backup; or a newer snapshot on the stores, when the journal no longer reached back to the backup.</param>
/// <param name="Generation">The newest change there is now.</param>
/// <param name="Records">Journal records that were replayed.</param>
public sealed record RestoreReport(ulong BackupGeneration, DateTimeOffset BackupCreated, ulong BaseGeneration, ulong Generation, long Records);

/// <summary>A backup is not restored; the message says why and what else to do. The database is as it was.</summary>
public sealed class RestoreRefusedException(string message, Exception? inner = null) : Exception(message, inner);
