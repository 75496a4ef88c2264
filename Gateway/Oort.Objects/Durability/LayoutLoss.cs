using System.Globalization;
using Oort.Backends;
using Oort.Objects.Placement;

namespace Oort.Objects.Durability;

/// <summary>Losses a year of segments by what their shards lie on, each layout worked out once.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class LayoutLoss(DurabilityAssumptions assumptions, TimeSpan window)
{
    /// <summary>Layouts (how many shards on stores of which rate, sharing what) whose result is kept; more are computed again.</summary>
    private const int KnownCountMax = 4_096;

    private readonly Dictionary<string, double> known = new(StringComparer.Ordinal);

    /// <summary>Losses a year of a segment with these healthy shards: as many of them as repair leaves alone, those that are lost most easily.</summary>
    public double Of(List<StoreTraits> healthy, Geometry geometry, PlacementPolicy rules)
    {
        var start = Math.Min(healthy.Count, rules.RepairThreshold(geometry) + 1);
        if (start < geometry.DataShards) return 1;
        var rates = healthy.Select(traits => assumptions.AnnualLossOf(traits.Kind)).OrderDescending().Take(start).ToArray();
        var shared = assumptions.AnnualLossByDomain
            .SelectMany(kind => healthy.GroupBy(traits => Domains.Of(traits, kind.Key), StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => new SharedLoss(kind.Value, Math.Min(start, group.Count()))))
            .OrderByDescending(one => one.Shards).ThenByDescending(one => one.AnnualLoss).ToArray();
        var layout = string.Create(CultureInfo.InvariantCulture, $"{geometry.DataShards}|{string.Join(',', rates)}|{string.Join(',', shared.Select(one => (one.Shards, one.AnnualLoss)))}");
        if (known.TryGetValue(layout, out var loss)) return loss;
        loss = LossModel.AnnualLoss(rates, geometry.DataShards, shared, window);
        if (known.Count < KnownCountMax) known.Add(layout, loss);
        return loss;
    }
}
