using Oort.Objects.Durability;
using Oort.Objects.Placement;

namespace Oort.Objects;

/// <summary>What the live layout is worth.</summary>
public sealed partial class ObjectSystem
{
    /// <inheritdoc/>
    public ValueTask<DurabilityReport> SurveyDurabilityAsync(DurabilityAssumptions assumptions, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        assumptions = assumptions.Checked();
        return new DurabilitySurvey(parts.Metadata, parts.Stores, assumptions, assumptions.Window ?? RepairWindow()).RunAsync(progress, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<WhatIfReport> AskWhatIfAsync(DomainName lost, bool withObjects, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        var question = new LossQuestion(parts.Metadata, parts.Stores, lost);
        if (!question.IsKnown) throw new ArgumentException($"No store is {lost}, or in it; oort placement stores shows their ids, locations and domains.", nameof(lost));
        return await question.RunAsync(withObjects, progress, cancellationToken);
    }

    /// <summary>
    /// How long a segment may lack a shard: until a store that is away is given up, until the next scan, and until all that the fullest store holds has been rebuilt, for which
    /// repair reads every other shard of its segments within its budget.
    /// </summary>
    private TimeSpan RepairWindow()
    {
        var fullest = parts.Stores.GetStatus().Max(store => store.Space is { CapacityBytes: { } capacity, FreeBytes: { } free } ? capacity - free : 0L);
        var bytes = (double)fullest * parts.Stores.Geometry.TotalShards;
        var rebuild = options.RepairBytesPerSecond > 0 ? TimeSpan.FromSeconds(Math.Min(TimeSpan.FromDays(365).TotalSeconds, bytes / options.RepairBytesPerSecond)) : TimeSpan.Zero;
        return SegmentRepairOptions.Default.RebuildElsewhereAfter + options.RepairInterval + rebuild;
    }
}
