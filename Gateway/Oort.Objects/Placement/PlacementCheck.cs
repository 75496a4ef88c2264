using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>What a policy means with the stores that are there.</summary>
/// <param name="Geometry">Of new segments.</param>
/// <param name="Eligible">Stores that the policy allows, away or not.</param>
/// <param name="Usable">Of these, those that take writes now.</param>
/// <param name="Placeable">Shards of a segment that find a place within the rules, with all eligible stores there.</param>
/// <param name="Unmet">One sentence for each thing that the stores cannot give; none when the policy can be kept.</param>
/// <param name="PricePerTebibyteMonth">US dollars for 2^40 bytes of objects in 30 days, by the mean of the eligible stores' prices.</param>
public sealed record PlacementReport(string Policy, Geometry Geometry, int Eligible, int Usable, int Placeable, ImmutableArray<string> Unmet, double PricePerTebibyteMonth);

/// <summary>Compares a policy with the stores of a set.</summary>
public static class PlacementCheck
{
    /// <summary>What the policy would mean now. Changes nothing.</summary>
    public static PlacementReport Run(StoreSet stores, PlacementPolicy policy)
    {
        var all = stores.Slots.Where(PolicyPlacer.IsEligible).Select(slot => new Candidate(slot.Id, slot.Traits, 1, slot.Rating.Standing == StoreStanding.Vetted)).ToList();
        var usable = stores.Slots.Where(slot => PolicyPlacer.IsEligible(slot) && slot.TakesWrites).Select(slot => slot.Id).ToHashSet();
        return Run(policy, all, usable.Contains);
    }

    internal static PlacementReport Run(PlacementPolicy policy, IReadOnlyList<Candidate> stores, Func<StoreId, bool> isUsable)
    {
        // As if nothing could be relaxed, and nothing were away: what is away comes back.
        var table = new CandidateTable(policy with { WhenUnmet = UnmetAction.Refuse, UnvettedPercent = Math.Floor(policy.UnvettedPercent) }, [.. stores.Select(store => store with { IsUsable = true })]);
        var chosen = new int[table.Geometry.TotalShards];
        Span<bool> flags = new bool[table.Count];
        flags.Fill(true);
        ShardSelection.Choose(table, flags, 1, 0, chosen);
        var placeable = chosen.Count(candidate => candidate >= 0);
        var price = table.Count == 0 ? 0 : table.Candidates.Average(candidate => candidate.Traits.PricePerTebibyteMonth) * table.Geometry.TotalShards / table.Geometry.DataShards;
        return new(policy.Name, table.Geometry, table.Count, table.Candidates.Count(candidate => isUsable(candidate.Id)), placeable, [.. Unmet(policy, stores, table, placeable)], price);
    }

    private static IEnumerable<string> Unmet(PlacementPolicy policy, IReadOnlyList<Candidate> stores, CandidateTable table, int placeable)
    {
        var wanted = table.Geometry.TotalShards;
        foreach (var sentence in Filters(policy, stores, table.Geometry)) yield return sentence;
        if (placeable >= wanted) yield break;

        var saidWhy = false;
        if (table.Count < wanted)
        {
            saidWhy = true;
            yield return Text($"A segment of {table.Geometry} needs {wanted} stores, and the policy allows {table.Count} of the {stores.Count} that take new data.");
        }

        foreach (var kind in Domains.All)
        {
            var (cap, reach) = (policy.CapOf(kind), table.Reach(kind, policy.CapOf(kind), onlyUsable: false));
            if (cap == int.MaxValue || reach >= Math.Min(wanted, table.Count)) continue;
            saidWhy = true;
            var names = table.Candidates.Select(candidate => Domains.Of(candidate.Traits, kind)).Distinct().ToList();
            var unknown = table.Candidates.Count(candidate => Domains.Of(candidate.Traits, kind).Length == 0);
            yield return Text($"At most {cap} a {PolicyRules.Word(kind)} leaves room for {reach} of {wanted} shards: the allowed stores have {names.Count} {(names.Count == 1 ? "value" : "values")} of {PolicyRules.Word(kind)}{(unknown > 0 ? $", and {unknown} stores that do not say theirs count as one" : "")}.");
        }

        if (table.CountryCount < policy.CountriesMin)
        {
            saidWhy = true;
            yield return Text($"{policy.CountriesMin} countries are asked for, and the allowed stores say that they lie in {table.CountryCount}.");
        }

        var vetted = table.Candidates.Count(candidate => candidate.IsVetted);
        if (!table.HasOnlyVetted && vetted < wanted && table.Count >= wanted)
        {
            saidWhy = true;
            yield return Text($"{vetted} of the {table.Count} allowed stores are vetted, and of {wanted} shards at most {policy.UnvettedPercent} % may go to others.");
        }

        if (!saidWhy) yield return Text($"Each rule alone can be kept, but not all together: at most {placeable} of {wanted} shards find a place.");
    }

    /// <summary>Rules that leave out every store, and names that no store has.</summary>
    private static IEnumerable<string> Filters(PlacementPolicy policy, IReadOnlyList<Candidate> stores, Geometry geometry)
    {
        if (stores.Count == 0) yield break;
        foreach (var kind in policy.Kinds.Where(kind => stores.All(store => store.Traits.Kind != kind))) yield return $"There is no store of kind {kind}.";
        foreach (var region in policy.Regions.Use.Where(region => stores.All(store => store.Traits.Region != region))) yield return $"There is no store in region {region}.";
        foreach (var country in policy.Countries.Use.Where(country => stores.All(store => store.Traits.Country != country))) yield return $"There is no store in country {country}.";
        foreach (var id in policy.StoreFilter?.Use.Where(id => stores.All(store => store.Id.ToString() != id)) ?? []) yield return $"There is no store {id}.";
        var affordable = stores.Count(store => (policy with { Budget = null }).Allows(store.Id, store.Traits, geometry) && policy.Allows(store.Id, store.Traits, geometry));
        var allowed = stores.Count(store => (policy with { Budget = null }).Allows(store.Id, store.Traits, geometry));
        if (affordable < allowed && affordable < geometry.TotalShards)
            yield return Text($"The budget of {policy.Budget} dollars a TiB and month leaves {affordable} of {allowed} stores: with {geometry} a store may cost {policy.Budget * geometry.DataShards / geometry.TotalShards:0.##}.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
