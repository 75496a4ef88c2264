using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>The stores that a policy allows, prepared for choosing among them again and again: domains as small numbers, caps, and what can be reached at best.</summary>
/// <remarks>Thread-safe: immutable but for <see cref="Proven"/>. Costs one pass over the stores to make.</remarks>
internal sealed class CandidateTable
{
    /// <summary>With fewer vetted stores than this no code is worth its name: then all count for the geometry.</summary>
    private const int VettedCountMin = 3;

    /// <summary>Kinds over which shards are spread evenly even where no cap asks for it: what breaks, or is switched off, as one.</summary>
    private static readonly ImmutableArray<DomainKind> spreadKinds = [DomainKind.Device, DomainKind.Machine, DomainKind.Operator];

    private readonly int[][] domains;
    private readonly Dictionary<string, int>[] names;

    /// <param name="stores">In a fixed order; those that the policy does not allow are left out.</param>
    public CandidateTable(PlacementPolicy policy, IReadOnlyList<Candidate> stores)
    {
        Policy = policy;
        (Candidates, Geometry) = Filter(policy, stores);
        names = [.. Domains.All.Select(_ => new Dictionary<string, int>(StringComparer.Ordinal))];
        domains = [.. Domains.All.Select(kind => Candidates.Select(candidate => Number(names[(int)kind], Domains.Of(candidate.Traits, kind))).ToArray())];
        Seeds = [.. Candidates.Select(candidate => Hashing.Mix((ulong)candidate.Id.Value ^ Hashing.Mix((ulong)(candidate.Id.Value >> 64))))];
        UsableCount = Candidates.Count(candidate => candidate.IsUsable);
        HardCaps = [.. Domains.All.Select(policy.CapOf)];
        SoftCaps = [.. Domains.All.Select(kind => Math.Min(policy.CapOf(kind), SpreadCap(kind)))];
        HasOnlyVetted = Candidates.All(candidate => candidate.IsVetted);
        HasSpread = !SoftCaps.AsSpan().SequenceEqual(HardCaps.AsSpan());
        Ceiling = Domains.All.Min(kind => Reach(kind, policy.CapOf(kind), onlyUsable: true));
        CountryCount = Candidates.Where(candidate => candidate.IsUsable && candidate.Traits.Country.Length > 0).Select(candidate => candidate.Traits.Country).Distinct().Count();
    }

    public PlacementPolicy Policy { get; }

    public ImmutableArray<Candidate> Candidates { get; }

    public int Count => Candidates.Length;

    /// <summary>Of new segments.</summary>
    public Geometry Geometry { get; }

    /// <summary>A number of each store that its turns are drawn from.</summary>
    public ImmutableArray<ulong> Seeds { get; }

    /// <summary>By kind: what the policy says.</summary>
    public ImmutableArray<int> HardCaps { get; }

    /// <summary>By kind: the policy's caps, and no more in a device, machine or operator than an even spread needs, where that keeps the loss of one harmless.</summary>
    public ImmutableArray<int> SoftCaps { get; }

    public bool HasSpread { get; }

    public bool HasOnlyVetted { get; }

    /// <summary>Stores that took writes when the table was made.</summary>
    public int UsableCount { get; }

    /// <summary>No more shards than this find a place within any single kind's caps.</summary>
    public int Ceiling { get; }

    /// <summary>Countries that usable stores lie in.</summary>
    public int CountryCount { get; }

    /// <summary>The most shards that a search has found a place for, by unvetted stores allowed: no later segment searches again in vain.</summary>
    public ConcurrentDictionary<int, int> Proven { get; } = new();

    /// <summary>Number of a candidate's domain.</summary>
    public int DomainOf(DomainKind kind, int candidate) => domains[(int)kind][candidate];

    /// <summary>Whether the candidate's country is known.</summary>
    public bool HasCountry(int candidate) => Candidates[candidate].Traits.Country.Length > 0;

    /// <summary>Number of a domain; −1 when no candidate is in it.</summary>
    public int Find(DomainKind kind, string name) => names[(int)kind].GetValueOrDefault(name, -1);

    /// <summary>Shards that fit when no domain of a kind holds more than the cap.</summary>
    public int Reach(DomainKind kind, int cap, bool onlyUsable) => Sizes(kind, onlyUsable).Sum(size => Math.Min(size, cap));

    private static (ImmutableArray<Candidate>, Geometry) Filter(PlacementPolicy policy, IReadOnlyList<Candidate> stores)
    {
        // An automatic geometry follows the number of stores, and what a budget allows follows the geometry: it settles after a step or two.
        const int stepsMax = 4;
        var geometry = policy.FixedGeometry ?? Geometry.ForStoreCount(Math.Max(1, stores.Count));
        var allowed = stores.Where(store => policy.Allows(store.Id, store.Traits, geometry)).ToImmutableArray();
        for (var step = 0; step < stepsMax && policy.FixedGeometry is null; step++)
        {
            var vetted = allowed.Where(store => store.IsVetted).ToImmutableArray();
            var counted = vetted.Length >= VettedCountMin ? vetted : allowed;
            var reach = Domains.All.Min(kind => counted.GroupBy(store => Domains.Of(store.Traits, kind), StringComparer.Ordinal).Sum(group => Math.Min(group.Count(), policy.CapOf(kind))));
            geometry = Geometry.ForStoreCount(Math.Max(1, reach));
            var next = stores.Where(store => policy.Allows(store.Id, store.Traits, geometry)).ToImmutableArray();
            if (next.Length == allowed.Length) break;
            allowed = next;
        }

        return (allowed, geometry);
    }

    private static int Number(Dictionary<string, int> numbers, string name)
    {
        if (!numbers.TryGetValue(name, out var number)) numbers.Add(name, number = numbers.Count);
        return number;
    }

    private IEnumerable<int> Sizes(DomainKind kind, bool onlyUsable) =>
        Enumerable.Range(0, Count).Where(candidate => !onlyUsable || Candidates[candidate].IsUsable).GroupBy(candidate => DomainOf(kind, candidate)).Select(group => group.Count());

    /// <summary>The least cap that still leaves room for all shards, if the loss of one domain is then survived; otherwise none.</summary>
    private int SpreadCap(DomainKind kind)
    {
        if (!spreadKinds.Contains(kind)) return int.MaxValue;
        var sizes = Sizes(kind, onlyUsable: true).ToList();
        var wanted = Math.Min(Geometry.TotalShards, UsableCount);
        for (var cap = 1; cap <= Geometry.ParityShards; cap++)
            if (sizes.Sum(size => Math.Min(size, cap)) >= wanted)
                return cap;
        return int.MaxValue;
    }
}
