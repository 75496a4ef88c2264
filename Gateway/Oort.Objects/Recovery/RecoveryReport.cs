using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>What a recovery shall do.</summary>
public sealed record RecoveryOptions
{
    /// <summary>Where the new data directory goes: an existing directory, empty or left by a recovery that was interrupted. The caller holds its lock.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Finds the place of a store by the location in its row: storage nodes that were not named are then read too, and are stores of the rebuilt gateway. Null: only what was named is used.</summary>
    public Func<string, IStoreEndpoint?>? Locate { get; init; }

    /// <summary>Go on although records are missing or the stores disagree; what is lost is in the report.</summary>
    public bool AcceptLoss { get; init; }

    /// <summary>How long to wait for a disk or node to open. Nobody waits for a recovery's first byte, so they may take their time.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether every segment's shards are looked for at the end.</summary>
    public bool CheckSegments { get; init; } = true;
}

/// <summary>How far a recovery is.</summary>
/// <param name="Step">What it does now, in a few words.</param>
/// <param name="Total">0 where it is not known.</param>
public readonly record struct RecoveryProgress(string Step, long Done, long Total);

/// <summary>What a recovery found and built.</summary>
/// <param name="SnapshotGeneration">The snapshot that it began from; 0 for none.</param>
/// <param name="Generation">The newest change that it found.</param>
/// <param name="Records">Journal records that it replayed.</param>
/// <param name="Findings">Gaps and disagreements in the journals; empty when nothing is missing.</param>
/// <param name="Problems">What was wrong with rows that survived, in sentences.</param>
/// <param name="DegradedSegments">Segments that lack shards and can be repaired; repair does it once the gateway runs.</param>
/// <param name="UnreadableSegments">Segments with too few shards on the stores that could be read.</param>
/// <param name="Unread">Stores of which nothing could be read.</param>
public sealed record RecoveryReport(
    ClusterId Cluster,
    ulong SnapshotGeneration,
    ulong Generation,
    long Records,
    ImmutableArray<JournalFinding> Findings,
    ImmutableArray<string> Problems,
    long Segments,
    long DegradedSegments,
    long UnreadableSegments,
    ImmutableArray<UnreadStore> Unread);

/// <summary>A store, or a place that was named, of which a recovery could read nothing.</summary>
/// <param name="Reason">One sentence.</param>
public sealed record UnreadStore(string Location, string Reason);

/// <summary>The journals have gaps or disagree, and losing what is missing was not accepted. Nothing was built.</summary>
public sealed class RecoveryLossException(ImmutableArray<JournalFinding> findings)
    : Exception($"Going on would lose changes. {string.Join(" ", findings.Select(finding => finding.Text))} Attach the missing disks and nodes, or accept the loss with --accept-loss.")
{
    public ImmutableArray<JournalFinding> Findings { get; } = findings;
}
