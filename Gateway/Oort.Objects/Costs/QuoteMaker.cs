using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;
using Oort.Objects.Durability;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Reading;

namespace Oort.Objects.Costs;

/// <summary>Works out what data would cost under a policy, with the stores and networks that are there (docs/costs.md). Changes nothing.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class QuoteMaker(StoreSet stores, PriceBook prices, ObjectLayerOptions objects, NetworkOptions networkOptions, DurabilityAssumptions assumptions, TimeSpan window, TimeProvider time)
{
    /// <summary>Placements that are tried: their mean is what a segment costs, and how safe it is.</summary>
    private const int SampleCount = 64;

    /// <summary>Of a store whose round trip was not measured yet, in milliseconds.</summary>
    private const double UnmeasuredMilliseconds = 10;

    /// <summary>How much longer runs are that are read from networks, which are all far away.</summary>
    private static readonly int networkRunFactor = Distance.RunFactor(double.PositiveInfinity);

    private readonly LayoutLoss losses = new(assumptions, window);

    /// <summary>1. Can the policy be kept? 2. Which shards go to which network, and what is paid there? 3. What lies on disks and nodes, where, and how near? 4. The sum.</summary>
    public async ValueTask<PolicyQuote> MakeAsync(PolicyPlacer placer, CostQuestion question, CancellationToken cancellationToken)
    {
        var rules = placer.Rules;
        var geometry = placer.Geometry;
        var segments = WrittenSegments.Of(question, geometry, objects);
        var unmet = new List<string>(PlacementCheck.Run(stores, rules).Unmet);
        var notes = new List<string>();

        // 1.
        var shares = SharesOf(rules, geometry, unmet);
        var hotCount = geometry.TotalShards - shares.Sum(share => share.Count);

        // 2.
        var networks = ImmutableArray.CreateBuilder<NetworkQuote>();
        var missing = Math.Max(0, geometry.DataShards - hotCount);
        var read = new Dictionary<StoreId, double>();
        foreach (var share in shares.OrderBy(share => share.Network.LatencyMilliseconds))
        {
            var count = Math.Min(missing, share.Count);
            read[share.Network.Id] = (double)count / share.Count;
            missing -= count;
        }

        foreach (var share in shares)
            if (await QuoteAsync(share.Network, share.Count, segments, geometry, question, read[share.Network.Id], unmet, notes, cancellationToken) is { } one) networks.Add(one);

        // 3.
        var hot = Sample(placer, geometry, hotCount, shares);
        if (hot.IsEmpty && unmet.Count == 0) unmet.Add("No store takes new data now.");
        var hotBytes = segments.Sum(group => (double)group.Count * new Shards.ShardLayout(geometry, group.PayloadLength).ShardLength) * hotCount;
        var places = shares.Select(share => share.Network.Traits).Concat(hot.Traits).ToList();
        if (segments.Any(group => group.ObjectCount > 1)) notes.Add(Text($"Small objects share packs, up to {segments.Max(group => group.ObjectCount)} in one, as when {question.Together} are written at the same time."));
        else if (question.Bytes / question.Objects <= objects.PackThreshold) notes.Add("Each small object is a segment of its own, as when one is written after the other; --together says otherwise.");

        // 4.
        var isKnown = unmet.Count == 0;
        var hotPrice = hot.PricePerByteMonth * hotBytes * (question.Duration / TimeSpan.FromDays(30));
        double? total = isKnown ? hotPrice + networks.Sum(one => one.Fees!.Sum) : null;
        return new(
            rules.Name, geometry.ToString(), hotCount, hotBytes, hotPrice, networks.ToImmutable(),
            total, total / question.Months, isKnown ? networks.Sum(one => one.Fees!.First) : null,
            isKnown ? hot.FirstByteMilliseconds : null, hot.FirstByteSource, isKnown ? hot.Nines : null,
            [.. places.Select(traits => traits.Country).Where(country => country.Length > 0).Distinct().Order(StringComparer.Ordinal)],
            places.Count(traits => traits.Country.Length == 0),
            [.. places.Select(traits => traits.Operator).Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal)],
            isKnown ? networks.Sum(one => one.Fees!.Exit) : null,
            isKnown ? networks.Sum(one => one.Fees!.Repair) : null,
            [.. unmet], [.. notes]);
    }

    public IEnumerable<string> Assumptions(CostQuestion question)
    {
        yield return Text($"All of it is written at the beginning, as objects of the mean size that are each put whole, and kept unchanged for {question.Months} months of {CostQuestion.Month.TotalDays} days.");
        yield return "Disks of the gateway cost nothing; nodes and other stores what their owners declare, for what stays there. The days until items are sealed, when all shards are on stores yet, are not in it.";
        yield return "Nobody reads in the meantime: what Oort reads itself to seal and to check items is in the price, and reading everything once is in the exit cost.";
        yield return "Networks are not lost: what replacing lost ones is expected to cost stands beside the price, by the rates below.";
        foreach (var sentence in assumptions.Sentences(window)) yield return sentence;
    }

    /// <summary>As the planner gives them: the last shards to the first network.</summary>
    private List<(NetworkStore Network, int Count)> SharesOf(PlacementPolicy rules, Geometry geometry, List<string> unmet)
    {
        var shares = new List<(NetworkStore, int)>();
        var left = geometry.TotalShards;
        foreach (var share in rules.Networks)
        {
            var count = Math.Min(share.Shards, left);
            left -= count;
            var network = stores.Networks.Values.FirstOrDefault(one => one.Definition.Name == share.Network);
            if (network is null) unmet.Add($"There is no network {share.Network}; oort backend add makes one.");
            else if (network.Definition.Role != NetworkRole.Active) unmet.Add($"Network {share.Network} is being drained and takes nothing.");
            else if (count > 0) shares.Add((network, count));
        }

        return shares;
    }

    private async ValueTask<NetworkQuote?> QuoteAsync(NetworkStore network, int count, ImmutableArray<SegmentGroup> segments, Geometry geometry, CostQuestion question, double readShare, List<string> unmet, List<string> notes, CancellationToken cancellationToken)
    {
        var name = network.Definition.Name;
        var found = await prices.FindAsync(network, cancellationToken);
        if (network.Backend is not { } backend)
        {
            unmet.Add($"Network {name} cannot be opened: {found.Fault}");
            return null;
        }

        var traits = backend.Traits;
        var load = NetworkLoad.Of(segments, geometry, count, traits, networkOptions, objects.ReadRunBytes * networkRunFactor);
        if (load.Items.Any(group => group.Length < traits.ItemLengthMin || group.Length > traits.ItemLengthMax)) unmet.Add(Text($"Shards of this size are not of a length that network {name} takes, {traits.ItemLengthMin} to {traits.ItemLengthMax} bytes."));
        NetworkFees? fees = null;
        if (found.Prices is { } asked)
        {
            fees = NetworkFees.Of(load, asked, traits, question.Duration, readShare, assumptions.AnnualLossOf(traits.Kind) * (question.Duration / TimeSpan.FromDays(365.25)));
            if (found.Fault.Length > 0) notes.Add($"Network {name} does not tell its prices now, and those that it told before are counted: {found.Fault}");
            if (found.IsFree) notes.Add($"Network {name} counts as free, since no prices are configured for it.");
        }
        else
        {
            unmet.Add($"Network {name} does not tell its prices: {found.Fault}");
        }

        return new(name, traits.Kind, count, load.ItemCount, load.Bytes, traits.BundleBelow > 0 && load.ItemCount < load.Shards.Sum(group => group.Count), fees, found.Source, found.Prices?.AsOf, found.Prices is { } told ? (time.GetUtcNow() - told.AsOf).TotalDays : null);
    }

    /// <summary>Places segments as they would be now, and takes the mean.</summary>
    private HotSample Sample(PolicyPlacer placer, Geometry geometry, int hotCount, List<(NetworkStore Network, int Count)> shares)
    {
        var table = placer.Now().Table;
        var usable = table.Candidates.Select(candidate => candidate.IsUsable).ToArray();
        var chosen = new int[geometry.TotalShards];
        var cold = shares.SelectMany(share => Enumerable.Repeat(share.Network, share.Count)).ToList();
        var (price, milliseconds, loss, priced) = (0.0, 0.0, 0.0, 0);
        var (traits, source) = (new HashSet<StoreId>(), "");
        for (ulong turn = 0; turn < SampleCount; turn++)
        {
            ShardSelection.Choose(table, usable, Hashing.Mix(turn), turn, chosen);
            var hot = chosen.Take(hotCount).Where(candidate => candidate >= 0).Select(candidate => table.Candidates[candidate]).ToList();
            traits.UnionWith(hot.Select(candidate => candidate.Id));
            price += hot.Sum(candidate => candidate.Traits.PricePerTebibyteMonth);
            priced += hot.Count;
            loss += losses.Of([.. hot.Select(candidate => candidate.Traits), .. cold.Select(network => network.Traits)], geometry, placer.Rules) / SampleCount;
            var near = hot.Select(candidate => stores.LatencyOf(candidate.Id) is > 0 and var measured ? (measured, "measured") : (UnmeasuredMilliseconds, "assumed"))
                .Concat(cold.Select(network => (network.LatencyMilliseconds, $"declared by {network.Definition.Name}"))).OrderBy(one => one.Item1).ElementAtOrDefault(geometry.DataShards - 1);
            milliseconds += near.Item1 / SampleCount;
            source = near.Item2 ?? "";
        }

        return new(
            priced == 0 ? 0 : price / priced / (1L << 40), milliseconds, source, Math.Min(PolicyDurability.NinesMax, LossModel.Nines(loss)),
            [.. table.Candidates.Where(candidate => traits.Contains(candidate.Id)).Select(candidate => candidate.Traits)], priced == 0 && hotCount > 0);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What lies on disks and nodes.</summary>
    private readonly record struct HotSample(double PricePerByteMonth, double FirstByteMilliseconds, string FirstByteSource, double Nines, ImmutableArray<StoreTraits> Traits, bool IsEmpty);
}
