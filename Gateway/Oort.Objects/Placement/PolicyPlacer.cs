using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Placement;

/// <summary>What has become of the segments placed under one policy since the start.</summary>
/// <param name="Placed">Segments.</param>
/// <param name="Short">Of these, those that a rule was broken for, or that lack shards because of one.</param>
/// <param name="Shortfall">What the last segment could not keep.</param>
public sealed record PlacerStatus(string Policy, Geometry Geometry, int Eligible, long Placed, long Short, PlacementShortfall Shortfall);

/// <summary>Places the segments of one policy on the stores of a set.</summary>
/// <remarks>Thread-safe. The table of candidates is made anew when a store changes, and every few seconds for what stores measure; between, a segment costs one pass over it.</remarks>
internal sealed class PolicyPlacer(StoreSet stores, PlacementPolicy policy, TimeProvider time) : IPlacer
{
    /// <summary>How old free space, latency and reputation may be.</summary>
    private static readonly TimeSpan WeightAgeMax = TimeSpan.FromSeconds(5);

    /// <summary>Stores up to which flags lie on the stack.</summary>
    private const int StackMax = 256;

    private volatile Snapshot? current;
    private long placed;
    private long missed;
    private volatile int lastShortfall;

    public PlacementPolicy Rules => policy;

    public string Policy => policy.StoredName;

    public Geometry Geometry => Now().Table.Geometry;

    public PlacerStatus Status
    {
        get
        {
            var table = Now().Table;
            return new(policy.Name, table.Geometry, table.Count, Interlocked.Read(ref placed), Interlocked.Read(ref missed), (PlacementShortfall)lastShortfall);
        }
    }

    /// <inheritdoc/>
    public ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry)
    {
        var now = Now();
        Span<bool> usable = now.Slots.Length <= StackMax ? stackalloc bool[now.Slots.Length] : new bool[now.Slots.Length];
        for (var i = 0; i < usable.Length; i++) usable[i] = now.Slots[i].TakesWrites;
        Span<int> chosen = stackalloc int[geometry.TotalShards];
        Count(ShardSelection.Choose(now.Table, usable, Seed(segment), segment.Counter, chosen));
        var places = new IStore?[chosen.Length];
        for (var shard = 0; shard < places.Length; shard++) places[shard] = chosen[shard] < 0 ? null : now.Slots[chosen[shard]].Store;
        return System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(places);
    }

    /// <summary>A store for one shard of a segment: takes writes, holds no other shard of it, keeps the policy beside the shards that stay.</summary>
    /// <param name="staying">Stores of the shards that stay.</param>
    /// <param name="holding">Stores that hold a shard of the segment, staying or not.</param>
    /// <param name="suits">Further condition; null: none.</param>
    /// <returns>Null when nothing suits. Where the policy may be relaxed, the store that breaks it the least.</returns>
    public StoreSlot? PlaceOne(SegmentId segment, Geometry geometry, IReadOnlyCollection<StoreId> staying, IReadOnlyCollection<StoreId> holding, Func<StoreSlot, bool>? suits = null)
    {
        var now = Now();
        var beside = staying.Select(stores.TraitsOf).OfType<StoreTraits>().ToList();
        var seed = Seed(segment);
        StoreSlot? best = null;
        var bestRank = (Broken: int.MaxValue, Crowd: 0, Key: 0d);
        for (var i = 0; i < now.Slots.Length; i++)
        {
            var slot = now.Slots[i];
            if (!slot.TakesWrites || holding.Contains(slot.Id) || suits?.Invoke(slot) == false) continue;
            var (broken, crowd) = Rank(slot, geometry, beside, staying);
            if (broken > 0 && policy.WhenUnmet == UnmetAction.Refuse) continue;
            var rank = (broken, crowd, -Math.Log(Hashing.Unit(Hashing.Mix(seed ^ now.Table.Seeds[i]))) / now.Table.Candidates[i].Weight);
            if (rank.CompareTo(bestRank) >= 0) continue;
            (best, bestRank) = (slot, rank);
        }

        return best;
    }

    /// <summary>How far shards on these stores are from the policy: 0 when they keep it.</summary>
    public int Violations(Geometry geometry, IReadOnlyList<StoreId> placement)
    {
        var (violations, beside, staying) = (0, new List<StoreTraits>(), new List<StoreId>());
        foreach (var id in placement)
        {
            if (id == StoreId.None || stores.FindSlot(id) is not { } slot) continue;
            if (!IsEligible(slot) || !policy.Allows(slot.Id, slot.Traits, geometry)) violations += geometry.TotalShards;
            violations += Domains.All.Count(kind => beside.Count(other => Domains.Of(other, kind) == Domains.Of(slot.Traits, kind)) >= policy.CapOf(kind));
            beside.Add(slot.Traits);
            staying.Add(id);
        }

        var countries = beside.Select(traits => traits.Country).Where(country => country.Length > 0).Distinct().Count();
        return violations + Math.Max(0, policy.CountriesMin - countries - (geometry.TotalShards - staying.Count));
    }

    /// <summary>The stores that may hold shards under the policy, and the table to choose by.</summary>
    internal Snapshot Now()
    {
        var version = stores.Version;
        if (current is { } known && known.Version == version && time.GetElapsedTime(known.MadeAt) < WeightAgeMax) return known;
        return current = Snapshot.Make(stores, policy, version, time.GetTimestamp());
    }

    internal static ulong Seed(SegmentId segment) => Hashing.Mix(segment.Counter ^ Hashing.Mix(segment.Epoch));

    /// <summary>Whether a store takes new shards at all, if it is there.</summary>
    internal static bool IsEligible(StoreSlot slot) => slot is { State: StoreState.Active, Rating.Standing: StoreStanding.Vetted or StoreStanding.Vetting };

    private (int Broken, int Crowd) Rank(StoreSlot slot, Geometry geometry, List<StoreTraits> beside, IReadOnlyCollection<StoreId> staying)
    {
        var (broken, crowd) = (0, 0);
        foreach (var kind in Domains.All)
        {
            var domain = Domains.Of(slot.Traits, kind);
            var held = beside.Count(other => Domains.Of(other, kind) == domain);
            if (held >= policy.CapOf(kind)) broken++;
            if (kind is DomainKind.Device or DomainKind.Machine or DomainKind.Operator) crowd += held;
        }

        if (policy.CountriesMin > 0)
        {
            var countries = beside.Select(traits => traits.Country).Append(slot.Traits.Country).Where(country => country.Length > 0).Distinct().Count();
            if (geometry.TotalShards - (staying.Count + 1) < policy.CountriesMin - countries) broken++;
        }

        // An unvetted store takes what would otherwise have no place.
        return (broken, slot.Rating.Standing == StoreStanding.Vetted ? crowd : crowd + geometry.TotalShards * Domains.All.Length);
    }

    private void Count(PlacementShortfall shortfall)
    {
        Interlocked.Increment(ref placed);
        // Stores that are away are told by their health; the policy is not to blame.
        if ((shortfall & ~PlacementShortfall.Stores) != 0) Interlocked.Increment(ref missed);
        if (lastShortfall == (int)shortfall) return;
        lastShortfall = (int)shortfall;
        stores.TellShortfall(policy.Name, shortfall);
    }

    /// <summary>The eligible stores of an instant.</summary>
    internal sealed record Snapshot(int Version, long MadeAt, StoreSlot[] Slots, CandidateTable Table)
    {
        /// <summary>Delay at which a store gets half of what one without delay gets.</summary>
        private const double HalfLatencyMilliseconds = 50;

        /// <summary>A store with a bad reputation is tried seldom, not never: it could not better itself.</summary>
        private const double ReputationFactorMin = 0.05;

        public static Snapshot Make(StoreSet stores, PlacementPolicy policy, int version, long madeAt)
        {
            var slots = stores.Slots.Where(slot => IsEligible(slot) && !slot.IsPaused).ToArray();
            var known = slots.Select(slot => slot.Space.FreeBytes).OfType<long>().ToList();
            var usualFree = known.Count == 0 ? 1 : Math.Max(1, known.Average());
            var prices = slots.Length == 0 ? 0 : slots.Average(slot => slot.Traits.PricePerTebibyteMonth);
            var candidates = slots.Select(slot => new Candidate(slot.Id, slot.Traits, Weight(slot, policy, usualFree, prices), slot.Rating.Standing == StoreStanding.Vetted, slot.TakesWrites)).ToList();
            var table = new CandidateTable(policy, candidates);
            var allowed = table.Candidates.Select(candidate => candidate.Id).ToHashSet();
            return new(version, madeAt, [.. slots.Where(slot => allowed.Contains(slot.Id))], table);
        }

        /// <summary>Free space, times a factor up to 1 for each of reputation, latency and price.</summary>
        private static double Weight(StoreSlot slot, PlacementPolicy policy, double usualFree, double meanPrice)
        {
            var space = slot.Space;
            var free = space.FreeBytes is { } bytes ? Math.Max(bytes / 100.0, bytes - StoreSlot.RoomOf(space, StoreSetOptions.RoomBytesDefault)) : usualFree;
            var latency = HalfLatencyMilliseconds / (HalfLatencyMilliseconds + slot.LatencyMilliseconds);
            var price = meanPrice > 0 ? meanPrice / (meanPrice + slot.Traits.PricePerTebibyteMonth) : 1;
            return Math.Max(1, free) * Math.Max(ReputationFactorMin, slot.Rating.Score) * Math.Pow(latency, policy.Prefer.Latency) * Math.Pow(price, policy.Prefer.Price);
        }
    }
}
