using FsCheck;
using FsCheck.Fluent;
using Oort.Backends;
using Oort.Backends.Memory;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Stores;

public sealed class ShardPlacementTests
{
    [Fact]
    public void Place_AnyStores_UsesEachOnceAndSpreadsOverDomains()
    {
        var cases = Gen.Choose(0, 14).SelectMany(stores => Gen.Choose(1, 5).SelectMany(domains => Gen.Choose(1, 12).SelectMany(shards => Gen.Choose(0, 1000).Select(turn => (stores, domains, shards, turn))))).ToArbitrary();
        Prop.ForAll(cases, one =>
        {
            var candidates = Candidates(one.stores, one.domains);
            var places = ShardPlacement.Place(candidates, one.shards, (ulong)one.turn);
            var used = places.OfType<IStore>().ToList();
            var perDomain = candidates.GroupBy(candidate => candidate.FailureDomain).Select(group => (Held: used.Count(store => store.FailureDomain == group.Key), Size: group.Count())).ToList();
            var most = perDomain.Select(domain => domain.Held).DefaultIfEmpty(0).Max();
            return places.Length == one.shards
                && used.Count == Math.Min(one.shards, one.stores)
                && used.Distinct().Count() == used.Count
                // No domain holds two more than another that still had a store free.
                && perDomain.All(domain => domain.Held == domain.Size || domain.Held >= most - 1);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Place_OneTurnAfterTheOther_GivesEveryStoreEveryShardEquallyOften()
    {
        var candidates = Candidates(6, 6);
        var counts = new Dictionary<(IStore, int), int>();
        for (ulong turn = 0; turn < 60; turn++)
        {
            var places = ShardPlacement.Place(candidates, 6, turn);
            for (var shard = 0; shard < 6; shard++) counts[(places[shard]!, shard)] = counts.GetValueOrDefault((places[shard]!, shard)) + 1;
        }

        counts.Count.ShouldBe(36);
        counts.Values.ShouldAllBe(count => count == 10);
    }

    [Fact]
    public void PlaceOne_PrefersTheDomainWithTheFewestShards()
    {
        var candidates = Candidates(4, 2);
        ShardPlacement.PlaceOne(candidates, ["domain0", "domain0", "domain1"], 0)!.FailureDomain.ShouldBe("domain1");
        ShardPlacement.PlaceOne([], ["domain0"], 0).ShouldBeNull();
    }

    private static PlacementCandidate[] Candidates(int stores, int domains) =>
        [.. Enumerable.Range(0, stores).Select(number => new MemoryStore(new StoreId((UInt128)number + 1), new() { FailureDomain = $"domain{number % domains}" })).Select(store => new PlacementCandidate(store, store.FailureDomain))];
}
