using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Placement;

namespace Oort.Objects.Durability;

/// <summary>Works out the durability of the live layout, page by page of the segment table.</summary>
/// <remarks>Memory: one page, one line for each policy and geometry, and the results of the layouts that come again and again.</remarks>
internal sealed class DurabilitySurvey(IMetadataStore metadata, StoreSet stores, DurabilityAssumptions assumptions, TimeSpan window)
{
    private const int PageSize = 1_000;

    /// <summary>Placements that are tried for a policy without segments.</summary>
    private const int SampleCount = 64;

    private readonly LayoutLoss losses = new(assumptions, window);
    private readonly SortedDictionary<(string Policy, int Data, int Parity), Line> lines = [];

    /// <param name="progress">Segments looked at, of those there were at the beginning.</param>
    public async ValueTask<DurabilityReport> RunAsync(Action<long, long>? progress, CancellationToken cancellationToken)
    {
        var (done, total) = (0L, (await metadata.GetTotalsAsync(cancellationToken)).Segments);
        for (var after = default(SegmentId); ;)
        {
            var page = await metadata.ListSegmentsAsync(after, PageSize, notFullOnly: false, store: null, cancellationToken);
            foreach (var row in page) Add(row);
            progress?.Invoke(done += page.Length, Math.Max(done, total));
            if (page.Length < PageSize) break;
            after = page[^1].Id;
        }

        var expected = lines.Values.Sum(line => line.Sum);
        foreach (var placer in stores.Placement.Placers)
            if (!lines.Keys.Any(key => key.Policy == placer.Rules.Name)) Sample(placer);
        return new([.. lines.Values.Select(line => line.ToReport())], expected, [.. assumptions.Sentences(window)]);
    }

    private void Add(SegmentRow row)
    {
        var rules = stores.Placement.Of(row.Policy).Rules;
        var healthy = row.Shards.Where(stores.IsHealthy).Select(id => stores.TraitsOf(id)!).ToList();
        LineOf(rules.Name, row.Geometry).Add(row.Id.ToString(), row.PayloadLength, healthy.Count, losses.Of(healthy, row.Geometry, rules));
    }

    private void Sample(PolicyPlacer placer)
    {
        var table = placer.Now().Table;
        var usable = table.Candidates.Select(candidate => candidate.IsUsable).ToArray();
        var chosen = new int[table.Geometry.TotalShards];
        var line = LineOf(placer.Rules.Name, table.Geometry);
        for (ulong turn = 0; turn < SampleCount; turn++)
        {
            ShardSelection.Choose(table, usable, Hashing.Mix(turn), turn, chosen);
            var traits = chosen.Where(candidate => candidate >= 0).Select(candidate => table.Candidates[candidate].Traits).ToList();
            line.Add("", 0, traits.Count, losses.Of(traits, table.Geometry, placer.Rules));
        }

        line.IsSample = true;
    }

    private Line LineOf(string policy, Geometry geometry)
    {
        var key = (policy, geometry.DataShards, geometry.ParityShards);
        if (!lines.TryGetValue(key, out var line)) lines.Add(key, line = new(policy, geometry));
        return line;
    }

    private sealed class Line(string policy, Geometry geometry)
    {
        private long count;
        private long bytes;
        private int healthyMin = int.MaxValue;
        private double worst = -1;
        private string worstSegment = "";

        public double Sum { get; private set; }

        public bool IsSample { get; set; }

        public void Add(string segment, long payload, int healthy, double loss)
        {
            count++;
            bytes += payload;
            healthyMin = Math.Min(healthyMin, healthy);
            Sum += loss;
            if (loss > worst) (worst, worstSegment) = (loss, segment);
        }

        public PolicyDurability ToReport() => new(
            policy, geometry, IsSample ? 0 : count, bytes, healthyMin, Sum / count, Nines(Sum / count), worst, Nines(worst), worstSegment);

        private static double Nines(double loss) => Math.Min(PolicyDurability.NinesMax, LossModel.Nines(loss));
    }
}
