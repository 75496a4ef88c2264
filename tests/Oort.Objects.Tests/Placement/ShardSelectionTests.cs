using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Oort.Objects.Placement;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Placement;

public sealed class ShardSelectionTests
{
    private static readonly Arbitrary<(List<Candidate> Stores, PlacementPolicy Policy, int Turn)> cases = (
        from stores in Stores.Clusters(9)
        from data in Gen.Choose(1, 4)
        from parity in Gen.Choose(0, 3)
        from operatorCap in Gen.Choose(1, 4)
        from countryCap in Gen.Choose(1, 4)
        from countries in Gen.Choose(0, 3)
        from unvetted in Gen.Choose(0, 60)
        from refuse in Gen.Choose(0, 1)
        from turn in Gen.Choose(0, 10_000)
        select (stores, new PlacementPolicy
        {
            Name = "test",
            Geometry = $"{data}+{parity}",
            Caps = ImmutableSortedDictionary<DomainKind, int>.Empty.Add(DomainKind.Operator, operatorCap).Add(DomainKind.Country, countryCap),
            CountriesMin = Math.Min(countries, data + parity),
            UnvettedPercent = unvetted,
            WhenUnmet = refuse == 1 ? UnmetAction.Refuse : UnmetAction.Degrade,
        }, turn)).ToArbitrary();

    [Fact]
    public void Choose_AnyStores_TakesEachOnceAndBreaksNothingThatCanBeKept()
    {
        Prop.ForAll(cases, one =>
        {
            var table = new CandidateTable(one.Policy, one.Stores);
            var n = table.Geometry.TotalShards;
            var (chosen, shortfall) = Stores.Choose(table, n, (ulong)one.Turn);
            var set = chosen.Where(candidate => candidate >= 0).ToArray();
            var unvettedMax = Math.Min(n, (int)(n * one.Policy.UnvettedPercent / 100 + Hashing.Unit(Hashing.Mix(~Hashing.Mix((ulong)one.Turn)))));
            var rules = new SelectionRules(n, unvettedMax, one.Policy.CountriesMin);
            var possible = LargestByTryingAll(table, rules);
            if (set.Distinct().Count() != set.Length || chosen.Skip(set.Length).Any(candidate => candidate >= 0)) return false;
            return one.Policy.WhenUnmet == UnmetAction.Refuse || possible == Math.Min(n, table.Count)
                ? set.Length == possible && Keeps(table, rules, set)
                // Degraded: everything that can has a place, and what was broken is told.
                : set.Length == Math.Min(n, table.Count) && !Keeps(table, rules, set) && (shortfall & ~PlacementShortfall.Stores) != 0 && shortfall == (rules.Broken(table, set) | (table.Count < n ? PlacementShortfall.Stores : PlacementShortfall.None));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void Choose_SpareStores_SpreadsInProportionToWeight()
    {
        var stores = Enumerable.Range(0, 20).Select(number => Stores.One(number, weight: number < 10 ? 1 : 3)).ToList();
        var table = new CandidateTable(PlacementPolicy.Default with { Geometry = "2+1" }, stores);
        var counts = new int[20];
        const int turns = 20_000;
        for (ulong turn = 0; turn < turns; turn++)
            foreach (var candidate in Stores.Choose(table, 3, turn).Chosen) counts[candidate]++;

        // A draw of 3 of 40 parts without replacement: nearly three times as many, within five standard deviations of about 1 %.
        var (light, heavy) = (counts[..10].Average(), counts[10..].Average());
        (heavy / light).ShouldBeInRange(2.6, 3.0);
        counts[..10].ShouldAllBe(count => Math.Abs(count - light) < light * 0.15);
        counts[10..].ShouldAllBe(count => Math.Abs(count - heavy) < heavy * 0.1);
    }

    [Fact]
    public void Choose_AsManyStoresAsShards_GivesEveryStoreEveryShardEquallyOften()
    {
        var table = new CandidateTable(PlacementPolicy.Default, [.. Enumerable.Range(0, 6).Select(number => Stores.One(number))]);
        var counts = new Dictionary<(int, int), int>();
        for (ulong turn = 0; turn < 60; turn++)
        {
            var (chosen, shortfall) = Stores.Choose(table, 6, turn);
            shortfall.ShouldBe(PlacementShortfall.None);
            for (var shard = 0; shard < 6; shard++) counts[(chosen[shard], shard)] = counts.GetValueOrDefault((chosen[shard], shard)) + 1;
        }

        counts.Count.ShouldBe(36);
        counts.Values.ShouldAllBe(count => count == 10);
    }

    [Fact]
    public void Choose_SpareStores_SpreadsParityLikeData()
    {
        var table = new CandidateTable(PlacementPolicy.Default with { Geometry = "4+2" }, [.. Enumerable.Range(0, 12).Select(number => Stores.One(number))]);
        var parity = new int[12];
        const int turns = 12_000;
        for (ulong turn = 0; turn < turns; turn++)
            foreach (var candidate in Stores.Choose(table, 6, turn).Chosen[4..]) parity[candidate]++;
        parity.ShouldAllBe(count => Math.Abs(count - turns * 2 / 12) < 250);
    }

    [Fact]
    public void Choose_UnvettedStores_GetNoMoreThanTheirShareAndAreUsed()
    {
        var stores = Enumerable.Range(0, 60).Select(number => Stores.One(number, vetted: number < 20)).ToList();
        var table = new CandidateTable(PlacementPolicy.Default with { Geometry = "4+2" }, stores);
        const int turns = 10_000;
        var unvetted = 0;
        for (ulong turn = 0; turn < turns; turn++) unvetted += Stores.Choose(table, 6, turn).Chosen.Count(candidate => candidate >= 20);
        ((double)unvetted / (turns * 6)).ShouldBeInRange(0.04, 0.0525);
    }

    [Fact]
    public void Choose_NobodyVetted_PlacesAllAndSaysSo()
    {
        var table = new CandidateTable(PlacementPolicy.Default, [.. Enumerable.Range(0, 6).Select(number => Stores.One(number, vetted: false))]);
        var (chosen, shortfall) = Stores.Choose(table, 6, 3);
        chosen.ShouldAllBe(candidate => candidate >= 0);
        shortfall.ShouldBe(PlacementShortfall.Unvetted);
    }

    [Fact]
    public void Choose_MoreMachinesThanShards_UsesEachMachineOnce()
    {
        var stores = Enumerable.Range(0, 24).Select(number => Stores.One(number, op: "self", machine: $"machine{number / 3}")).ToList();
        var table = new CandidateTable(PlacementPolicy.Default with { Geometry = "4+2" }, stores);
        for (ulong turn = 0; turn < 200; turn++)
            Stores.Choose(table, 6, turn).Chosen.Select(candidate => candidate / 3).Distinct().Count().ShouldBe(6);
    }

    [Fact]
    public void Choose_SameSegment_IsTheSameChoice()
    {
        var stores = Enumerable.Range(0, 3_000).Select(number => Stores.One(number, op: $"operator{number % 700}", country: number % 3 == 0 ? "DE" : "FR")).ToList();
        var policy = PlacementPolicy.Default with { Geometry = "8+4", Caps = ImmutableSortedDictionary<DomainKind, int>.Empty.Add(DomainKind.Country, 6) };
        var (first, second) = (new CandidateTable(policy, stores), new CandidateTable(policy, stores));
        for (ulong turn = 0; turn < 50; turn++)
        {
            var (chosen, shortfall) = Stores.Choose(first, 12, turn);
            shortfall.ShouldBe(PlacementShortfall.None);
            chosen.Count(candidate => candidate % 3 == 0).ShouldBe(6);
            chosen.ShouldBe(Stores.Choose(second, 12, turn).Chosen);
        }
    }

    [Fact]
    public void Geometry_FollowsWhatTheCapsLetBeUsed()
    {
        var stores = Enumerable.Range(0, 12).Select(number => Stores.One(number, op: $"operator{number % 3}")).ToList();
        new CandidateTable(PlacementPolicy.Default, stores).Geometry.ShouldBe(new(8, 4));
        new CandidateTable(PlacementPolicy.Default with { Caps = ImmutableSortedDictionary<DomainKind, int>.Empty.Add(DomainKind.Operator, 2) }, stores).Geometry.ShouldBe(new(4, 2));
        new CandidateTable(PlacementPolicy.Default, [.. stores.Take(4)]).Geometry.ShouldBe(new(2, 2));
        new CandidateTable(PlacementPolicy.Default, []).Geometry.ShouldBe(new(1, 0));
    }

    /// <summary>The rules by name and counting, as the page says them.</summary>
    private static bool Keeps(CandidateTable table, SelectionRules rules, int[] set)
    {
        var traits = set.Select(candidate => table.Candidates[candidate].Traits).ToList();
        var countries = traits.Select(one => one.Country).Where(country => country.Length > 0).Distinct().Count();
        return set.Count(candidate => !table.Candidates[candidate].IsVetted) <= rules.UnvettedMax
            && Domains.All.All(kind => traits.GroupBy(one => Domains.Of(one, kind)).All(group => group.Count() <= table.Policy.CapOf(kind)))
            && rules.ShardCount - set.Length >= rules.CountriesMin - countries;
    }

    private static int LargestByTryingAll(CandidateTable table, SelectionRules rules)
    {
        var best = 0;
        for (var bits = 0; bits < 1 << table.Count; bits++)
        {
            var set = Enumerable.Range(0, table.Count).Where(candidate => (bits >> candidate & 1) == 1).ToArray();
            if (set.Length > best && set.Length <= rules.ShardCount && Keeps(table, rules, set)) best = set.Length;
        }

        return best;
    }
}
