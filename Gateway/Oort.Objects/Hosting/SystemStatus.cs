using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Audits;
using Oort.Objects.Networks;
using Oort.Objects.Placement;

namespace Oort.Objects;

/// <summary>How the system does.</summary>
/// <param name="CanWrite">Enough stores for the write quorum of new segments and for the journal.</param>
/// <param name="Geometry">Code of new segments.</param>
/// <param name="Warnings">Sentences for people: what these disks can not survive, which of them are away.</param>
public sealed record SystemStatus(
    bool CanWrite,
    Geometry Geometry,
    ImmutableArray<StoreStatus> Stores,
    JournalStatus Journal,
    RepairStatus Repair,
    CollectorStatus Collector,
    ulong Generation,
    ulong SnapshotGeneration,
    ImmutableArray<string> Warnings)
{
    /// <summary>How each placement policy does.</summary>
    public ImmutableArray<PlacerStatus> Placement { get; init; } = [];

    /// <summary>How far the moving of shards is.</summary>
    public RebalanceStatus Rebalance { get; init; } = new("idle", 0, 0, 0, 0, 0, 0);

    /// <summary>What audits have shown since the start.</summary>
    public AuditStatus Audits { get; init; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>How far the keys of deleted data are gone.</summary>
    public ShredStatus Shredding { get; init; } = ShredStatus.None;

    /// <summary>The last recovery drill that this gateway has done, also before a restart; null: none.</summary>
    public DrillReport? Drill { get; init; }

    /// <summary>The cells that are kept on a near disk; null: none are.</summary>
    public CellCacheStatus? Cache { get; init; }

    /// <summary>What was moved between storage classes and places, and restored.</summary>
    public Tiering.TieringStatus Tiering { get; init; } = Oort.Objects.Tiering.TieringStatus.None;

    /// <summary>How outside networks do; none before the first look.</summary>
    public ImmutableArray<NetworkStatus> Networks { get; init; } = [];

    /// <summary>What may be spent on outside networks in this month, and how much is.</summary>
    public Costs.SpendingStatus Spending { get; init; } = Costs.SpendingStatus.None;

    /// <summary>What is kept of slow stores.</summary>
    public HotCellStatus HotCells { get; init; } = new(0, 0, 0, 0);
}

/// <summary>Reads from stores that had to be waited for, since the start.</summary>
/// <param name="Bytes">Kept now.</param>
/// <param name="Hits">Cells that were kept when they were asked for.</param>
/// <param name="Misses">Cells that were not.</param>
/// <param name="Joined">Reads that were not made, since the same bytes were just being read.</param>
public sealed record HotCellStatus(long Bytes, long Hits, long Misses, long Joined);

/// <summary>A disk as operators see it.</summary>
/// <param name="Segments">Segments with a shard on it.</param>
/// <param name="Refilling">Segments that are still to be rebuilt onto other disks because of it, or moved away from it.</param>
public sealed record DiskStatus(StoreStatus Store, long Segments, long Refilling);

/// <param name="Queued">Segments waiting.</param>
/// <param name="Running">Segments being looked at now.</param>
/// <param name="Repaired">Shards rebuilt since the start.</param>
/// <param name="Failed">Attempts that failed since the start; each is tried again.</param>
/// <param name="Dropped">Requests that found the queue full; the next scan finds them again.</param>
/// <param name="NotFull">Segments that lacked a shard at the last scan.</param>
public sealed record RepairStatus(int Queued, int Running, long Repaired, long Failed, long Dropped, long NotFull)
{
    /// <summary>The stores' copies of keyring, journal and snapshots are being completed, or are about to be: after a start, and when a store came or was replaced.</summary>
    public bool CopiesPending { get; init; }
}

/// <param name="Paused">Why it deletes nothing; empty when it works.</param>
/// <param name="Quarantined">Shards that no row names, waiting for their time.</param>
/// <param name="DeletedShards">Since the start.</param>
/// <param name="CompactedSegments">Since the start.</param>
public sealed record CollectorStatus(string Paused, long Quarantined, long DeletedShards, long CompactedSegments);

/// <summary>What one run of the collector did.</summary>
public sealed record CollectReport(int DroppedSegments, int DeletedShards, int NewlyQuarantined, int AbortedUploads, int CompactedSegments);

/// <summary>How far a scrub is.</summary>
public readonly record struct ScrubProgress(long SegmentsDone, long SegmentsTotal, long BytesRead, long BadShards);

/// <summary>What a scrub found. All counts zero but the first two: everything is as it was written.</summary>
/// <param name="BadShards">Shards that were missing or had a bad header, cell or table entry.</param>
/// <param name="RepairedShards">Of these, rebuilt and verified.</param>
/// <param name="BadCopies">Bad or missing copies of keyring, journal logs and snapshots.</param>
/// <param name="Findings">What people should read, at most <see cref="FindingCountMax"/>.</param>
public sealed record ScrubReport(long Segments, long BytesRead, long BadShards, long RepairedShards, long BadCopies, long RepairedCopies, ImmutableArray<Finding> Findings)
{
    /// <summary>More findings are counted, not kept.</summary>
    public const int FindingCountMax = 10_000;
}

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Nothing is wrong; something that resolves itself, such as a shard in quarantine.</summary>
    Note,

    /// <summary>Redundancy is missing; nothing is lost.</summary>
    Degraded,

    /// <summary>An object cannot be read, or the database contradicts itself.</summary>
    Lost,
}

/// <summary>One thing that a check found.</summary>
/// <param name="Subject">What: a segment, a shard, a log, a row.</param>
/// <param name="Text">One sentence for people.</param>
/// <param name="Repaired">Whether this run has mended it.</param>
public sealed record Finding(FindingSeverity Severity, string Subject, string Text, bool Repaired);

/// <summary>How far a check is.</summary>
/// <param name="Step">What it does now, in a few words.</param>
public readonly record struct FsckProgress(string Step, long Done, long Total);

/// <summary>What a check of all references found.</summary>
/// <param name="IsClean">Nothing but notes, or all mended.</param>
public sealed record FsckReport(bool IsClean, long Segments, long Shards, long Orphans, ImmutableArray<Finding> Findings);
