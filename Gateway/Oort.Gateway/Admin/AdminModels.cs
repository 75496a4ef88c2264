using System.Collections.Immutable;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Placement;

namespace Oort.Gateway;

/// <summary>A disk in the admin API.</summary>
public sealed record DiskModel(string Id, string Path, string FailureDomain, string State, string Health, string Reason, long? FreeBytes, long? CapacityBytes, long Failures, long? Segments, long? Refilling)
{
    public static DiskModel From(StoreStatus store, DiskStatus? disk = null) => new(
        store.Id.ToString(), store.Location, store.FailureDomain, Lower(store.State), Lower(store.Health), store.Reason,
        store.Space.FreeBytes, store.Space.CapacityBytes, store.Failures, disk?.Segments, disk?.Refilling);

    internal static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>Answer of <c>GET status</c>.</summary>
public sealed record StatusModel(
    string Version,
    string Cluster,
    string State,
    string Region,
    string Geometry,
    double UptimeSeconds,
    MetadataTotals Totals,
    RepairModel Repair,
    JournalModel Journal,
    RebalanceStatus Rebalance,
    CollectorStatus Collector,
    ImmutableArray<string> Warnings,
    ImmutableArray<DiskModel> Disks,
    DrillReport? Drill,
    CellCacheStatus? Cache);

/// <param name="Queued">Segments waiting for repair or being repaired, and those still to move off given-up disks.</param>
/// <param name="CopiesPending">The disks' copies of keyring, journal and snapshots are still being completed.</param>
public sealed record RepairModel(long Queued, long Repaired, long Failed, bool CopiesPending);

public sealed record JournalModel(ulong Committed, ulong Journalled, ulong Snapshot);

/// <summary>Answer of <c>GET disks</c> and of every change of disks.</summary>
public sealed record DisksModel(ImmutableArray<DiskModel> Disks);

/// <summary>Where one shard of a segment lies.</summary>
/// <param name="Kind">"data" or "parity".</param>
/// <param name="Disk">Store id; empty where the shard is missing.</param>
public sealed record ShardModel(int Index, string Kind, string Disk, string Path, string Health);

public sealed record SegmentModel(string Id, string Geometry, string State, long PayloadBytes, ImmutableArray<ShardModel> Shards);

/// <summary>Answer of <c>GET objects</c>.</summary>
public sealed record ObjectModel(
    string Bucket,
    string Key,
    string VersionId,
    bool IsLatest,
    bool IsDeleteMarker,
    long SizeBytes,
    string ETag,
    DateTimeOffset LastModified,
    string StorageClass,
    string Durability,
    int Parts,
    ImmutableArray<SegmentModel> Segments)
{
    /// <summary>Its data ids: by them one can ask what became of its keys when it has been deleted.</summary>
    public ImmutableArray<string> Data { get; init; } = [];
}

/// <summary>What became of one data id.</summary>
/// <param name="State">"live", "dropped" or "shredded".</param>
public sealed record ErasedDataModel(string Data, string State, ulong Generation, DateTimeOffset? At);

/// <summary>Answer of <c>GET erased</c>.</summary>
/// <param name="State">"shredded" when all that is known of it is; "unknown" when nothing is known (never there, shared with another version, or long gone).</param>
public sealed record ErasedModel(string State, ImmutableArray<ErasedDataModel> Data)
{
    public static ErasedModel From(ImmutableArray<ErasureStatus> found) => new(
        found.IsEmpty ? "unknown" : found.Any(one => one.State == "live") ? "live" : found.All(one => one.State == "shredded") ? "shredded" : "dropped",
        [.. found.Select(one => new ErasedDataModel(one.Data.ToString(), one.State, one.Generation, one.At))]);
}

/// <summary>Body of <c>POST keys/rotate</c>.</summary>
/// <param name="DestroyAfterDays">When the versions before the new one are destroyed by themselves; left out: when they are asked to be.</param>
public sealed record RotateRequest(double? DestroyAfterDays)
{
    internal const int DaysMax = 36_500;
}

/// <summary>Body of <c>POST kms/create</c>, <c>kms/rotate</c> and <c>kms/destroy</c>.</summary>
/// <param name="Name">Of a key with a name (SSE-KMS).</param>
public sealed record NamedKeyRequest(string? Name);

/// <summary>A key with a name.</summary>
/// <param name="Version">The one under which new data keys are wrapped.</param>
public sealed record NamedKeyModel(string Name, int Version, DateTimeOffset Created, DateTimeOffset Rotated);

/// <summary>Body of a change of disks.</summary>
/// <param name="Path">Directory on the gateway's machine.</param>
public sealed record DiskRequest(string? Path);

/// <summary>Body of <c>POST drill</c>; what is left out is as by default.</summary>
/// <param name="Objects">Versions that are recovered and compared at most.</param>
/// <param name="Bytes">Bytes of them that are read back at most.</param>
public sealed record DrillRequest(int? Objects, long? Bytes);

/// <summary>Body of <c>POST metadata/migrate</c>.</summary>
/// <param name="To">Address of a PostgreSQL database; may hold a password.</param>
public sealed record MigrateRequest(string? To);

/// <summary>Body of <c>POST fsck</c> and <c>POST scrub</c>.</summary>
public sealed record RepairRequest(bool Repair);
