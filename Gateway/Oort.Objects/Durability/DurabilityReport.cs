using System.Collections.Immutable;
using Oort.Backends;
using Oort.Objects.Placement;

namespace Oort.Objects.Durability;

/// <summary>How safe the segments of one policy and geometry are.</summary>
/// <param name="Segments">0: there are none yet, and the figures are those of segments as they would be placed now.</param>
/// <param name="PayloadBytes">Sealed bytes in them, without parity.</param>
/// <param name="HealthyMin">Healthy shards of the segment that has the fewest.</param>
/// <param name="AnnualLoss">Probability that a segment is lost within a year, in the mean.</param>
/// <param name="Nines">−log10 of it, at most <see cref="NinesMax"/>.</param>
/// <param name="WorstAnnualLoss">The same of the segment that is worst off.</param>
/// <param name="WorstSegment">Which that is; empty when there are none yet.</param>
public sealed record PolicyDurability(string Policy, Geometry Geometry, long Segments, long PayloadBytes, int HealthyMin, double AnnualLoss, double Nines, double WorstAnnualLoss, double WorstNines, string WorstSegment)
{
    /// <summary>What is beyond is beyond the model too.</summary>
    public const double NinesMax = 30;
}

/// <summary>How safe what is stored is, with what that rests on.</summary>
/// <param name="ExpectedLostSegments">A year, over all segments.</param>
public sealed record DurabilityReport(ImmutableArray<PolicyDurability> Policies, double ExpectedLostSegments, ImmutableArray<string> Assumptions);

/// <summary>What would be left of segments, or of objects, if some stores were gone.</summary>
/// <param name="Untouched">Have no shard there.</param>
/// <param name="Readable">Lose shards, and keep more than repair leaves alone.</param>
/// <param name="BelowThreshold">Can still be read, and so few shards are left that they are repaired at once.</param>
/// <param name="Lost">Can not be read any more.</param>
/// <param name="UnreadableNow">Too few of their shards can be read already.</param>
public sealed record LossCounts(long Untouched, long Readable, long BelowThreshold, long Lost, long UnreadableNow);

/// <summary>What a loss would mean.</summary>
/// <param name="Stores">Locations of the stores that would be gone.</param>
/// <param name="Segments">By segment.</param>
/// <param name="PayloadBytes">By sealed bytes of payload.</param>
/// <param name="LostSegments">The first of those that would be lost.</param>
/// <param name="Objects">By version, where it was asked for; otherwise null.</param>
/// <param name="ObjectsAtRisk">The first of those that would be lost or below the threshold, worst first within each page.</param>
/// <param name="CanWrite">Whether the stores that are left would take new segments at their write quorum.</param>
public sealed record WhatIfReport(string Lost, ImmutableArray<string> Stores, LossCounts Segments, LossCounts PayloadBytes, ImmutableArray<string> LostSegments, LossCounts? Objects, ImmutableArray<ObjectAtRisk> ObjectsAtRisk, bool CanWrite);

/// <param name="State">"lost" or "belowThreshold".</param>
public sealed record ObjectAtRisk(string Bucket, string Key, string VersionId, string State);
