using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Placement;

public sealed class RebalanceTests
{
    private const int ObjectCount = 24;
    private const int ObjectSize = 300_000;

    public static TheoryData<string> Names => [.. FormatVector.Names("rebalance", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void State_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("rebalance", name);
        var read = RebalanceState.Decode(vector.Bytes);
        (read is null ? "reject" : "ok").ShouldBe(vector.Expect);
        if (read is not { } state) return;
        state.Encode().ShouldBe(vector.Bytes);
        (state.IsPaused, state.Cursor).ShouldBe(name == "paused" ? (true, new SegmentId(1, 10)) : (false, new SegmentId(2, 1)));
    }

    [Fact]
    public async Task Join_OneMoreStore_IsFilledAndTheOldCopiesGo()
    {
        await using var cluster = Small(6);
        await using var system = await FilledAsync(cluster);
        var before = await ShardCountsAsync(cluster);
        await system.RebalanceAsync();
        system.GetStatus().Rebalance.Moved.ShouldBe(0);

        var fresh = PolicyTests.NewStore(6, "DE", Capacity);
        cluster.Stores.Add(fresh);
        await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
        await ProbedAsync(system);
        await system.RebalanceAsync();
        await system.RebalanceAsync();

        var status = system.GetStatus().Rebalance;
        (status.State, status.Failed, status.Leftovers).ShouldBe(("idle", 0, 0));
        status.Moved.ShouldBeGreaterThan(ObjectCount / 4);
        status.MovedBytes.ShouldBeGreaterThan(status.Moved * ObjectSize / 6);
        var after = await ShardCountsAsync(cluster);
        after[6].ShouldBe((int)status.Moved);
        after.Sum().ShouldBe(before.Sum());
        await CheckAsync(system);
        (await system.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull.ShouldBe(0);
        (await system.FsckAsync(false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();

        // It has come to rest.
        await ProbedAsync(system);
        await system.RebalanceAsync();
        system.GetStatus().Rebalance.Moved.ShouldBe(status.Moved);

        // And what it moved is worth something: any two stores may go.
        (cluster.Stores[6].Offline, cluster.Stores[0].Offline) = (true, true);
        await CheckAsync(system);
    }

    [Fact]
    public async Task Change_OfThePolicy_IsFollowed()
    {
        await using var cluster = PolicyTests.NewCluster(8);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var policy = new PlacementPolicy { Name = "a", Geometry = "2+2" };
        await PolicyTests.SetAsync(system, policy, new(bucket.Id, "bucket", null, "a"));
        for (var number = 0; number < 6; number++) await system.PutAsync(bucket, $"key{number}", SystemActions.Content(number, ObjectSize));
        await system.RebalanceAsync();
        system.GetStatus().Rebalance.Moved.ShouldBe(0);

        await PolicyTests.SetAsync(system, policy with { Countries = new([], ["US"]), Caps = PolicyTests.Cap(DomainKind.Country, 2), CountriesMin = 3 }, new(bucket.Id, "bucket", null, "a"));
        await system.RebalanceAsync();
        foreach (var segment in await PolicyTests.SegmentsAsync(system, bucket))
        {
            var places = segment.Shards.Select(id => cluster.Stores.Single(store => store.Id == id).Traits.Country).ToList();
            places.ShouldNotContain("US");
            places.Distinct().Count().ShouldBe(3);
        }

        for (var number = 0; number < 6; number++) (await system.GetAsync("bucket", $"key{number}")).ShouldBe(SystemActions.Content(number, ObjectSize));
    }

    [Fact]
    public async Task Pause_HoldsOverARestart_AndResumesWhereItWas()
    {
        await using var cluster = Small(6);
        var fresh = PolicyTests.NewStore(6, "DE", Capacity);
        await using (var system = await FilledAsync(cluster))
        {
            await system.PauseRebalanceAsync(true, CancellationToken.None);
            cluster.Stores.Add(fresh);
            await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
            await ProbedAsync(system);
            await system.RebalanceAsync();
            (system.GetStatus().Rebalance.State, system.GetStatus().Rebalance.Moved).ShouldBe(("paused", 0));
        }

        await using var again = await cluster.OpenAsync();
        await ProbedAsync(again);
        await again.RebalanceAsync();
        (again.GetStatus().Rebalance.State, again.GetStatus().Rebalance.Moved).ShouldBe(("paused", 0));
        await again.PauseRebalanceAsync(false, CancellationToken.None);
        await again.RebalanceAsync();
        again.GetStatus().Rebalance.Moved.ShouldBeGreaterThan(0);
        (await again.Metadata.GetSettingAsync(RebalanceState.SettingName, CancellationToken.None)).ShouldBeNull();
        await CheckAsync(again);
    }

    [Fact]
    public async Task Move_TargetFails_LeavesEverythingAsItWas()
    {
        await using var cluster = Small(6);
        await using var system = await FilledAsync(cluster);
        var fresh = PolicyTests.NewStore(6, "DE", Capacity);
        cluster.Stores.Add(fresh);
        await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
        await ProbedAsync(system);
        fresh.Inject(StoreOperations.Commit, times: int.MaxValue);
        await system.RebalanceAsync();
        var status = system.GetStatus().Rebalance;
        (status.Moved, status.Failed > 0).ShouldBe((0, true));
        fresh.Heal();
        (await ShardCountsAsync(cluster))[6].ShouldBe(0);
        await CheckAsync(system);
        (await system.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull.ShouldBe(0);
    }

    [Fact]
    public async Task Move_RowChangedMeanwhile_IsTakenBack()
    {
        await using var cluster = Small(7);
        await using var system = await FilledAsync(cluster);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        var row = (await PolicyTests.SegmentsAsync(system, bucket)).First(segment => segment.Shards.Length == 6);
        var target = cluster.Stores.Single(store => !row.Shards.Contains(store.Id));
        var old = row with { PlacementGeneration = row.PlacementGeneration };
        (await system.Metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, row.Shards, CancellationToken.None)).ShouldBe(CommitOutcome.Done);

        var held = await CountAsync(target);
        (await system.MoveShardAsync(old, 0, target)).ShouldBe(MoveOutcome.Changed);
        (await CountAsync(target)).ShouldBe(held);

        var present = (await system.Metadata.FindSegmentAsync(row.Id, CancellationToken.None))!;
        (await system.MoveShardAsync(present, 0, target)).ShouldBe(MoveOutcome.Moved);
        (await system.Metadata.FindSegmentAsync(row.Id, CancellationToken.None))!.Shards[0].ShouldBe(target.Id);
        await CheckAsync(system);
    }

    [Fact]
    public async Task Move_DamagedShard_IsLeftToRepair()
    {
        await using var cluster = Small(7);
        await using var system = await FilledAsync(cluster);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        var row = (await PolicyTests.SegmentsAsync(system, bucket))[0];
        var target = cluster.Stores.Single(store => !row.Shards.Contains(store.Id));
        var source = cluster.Stores.Single(store => store.Id == row.Shards[2]);
        var length = (int)(await source.Inner.StatAsync(new(row.Id, 2), CancellationToken.None))!.Value;
        var bytes = new byte[length];
        await source.Inner.ReadAsync(new(row.Id, 2), 0, bytes, CancellationToken.None);
        bytes[length / 2] ^= 1;
        await source.Inner.PutAsync(new(row.Id, 2), bytes, CancellationToken.None);

        var held = await CountAsync(target);
        (await system.MoveShardAsync(row, 2, target)).ShouldBe(MoveOutcome.BadSource);
        (await CountAsync(target)).ShouldBe(held);
        (await system.Metadata.FindSegmentAsync(row.Id, CancellationToken.None))!.Shards.ShouldBe(row.Shards);
    }

    [Fact]
    public async Task Workers_StoreJoins_FillItByThemselves()
    {
        await using var cluster = Small(6);
        cluster.Options = cluster.Options with { RunWorkers = true, RebalanceInterval = TimeSpan.FromMilliseconds(100) };
        await using var system = await FilledAsync(cluster);
        var fresh = PolicyTests.NewStore(6, "DE", Capacity);
        cluster.Stores.Add(fresh);
        await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
        await Eventually.TrueAsync(() => system.GetStatus().Rebalance is { State: "idle", Moved: > 0 });
        await CheckAsync(system);
    }

    // Some 45 % full with all objects.
    private const long Capacity = ObjectCount * ObjectSize / 2;

    private static TestCluster Small(int count)
    {
        var cluster = new TestCluster(0);
        for (var number = 0; number < count; number++) cluster.Stores.Add(PolicyTests.NewStore(number, "DE", Capacity));
        return cluster;
    }

    private static async Task<ObjectSystem> FilledAsync(TestCluster cluster)
    {
        var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        for (var number = 0; number < ObjectCount; number++) (await system.PutAsync(bucket, $"key{number}", SystemActions.Content(number, ObjectSize))).Durability.ShouldBe("full");
        await ProbedAsync(system);
        return system;
    }

    /// <summary>Waits until every store's figures are those of now: two probes later than now have ended.</summary>
    private static async Task ProbedAsync(ObjectSystem system)
    {
        var before = system.Stores.Slots.ToDictionary(slot => slot.Id, slot => slot.ProbeCount);
        await Eventually.TrueAsync(() => system.Stores.Slots.All(slot => slot.ProbeCount >= before[slot.Id] + 2));
    }

    private static async Task CheckAsync(ObjectSystem system)
    {
        for (var number = 0; number < ObjectCount; number++) (await system.GetAsync("bucket", $"key{number}")).ShouldBe(SystemActions.Content(number, ObjectSize));
    }

    private static async Task<int[]> ShardCountsAsync(TestCluster cluster)
    {
        var counts = new List<int>();
        foreach (var store in cluster.Stores) counts.Add(await CountAsync(store));
        return [.. counts];
    }

    private static async Task<int> CountAsync(FlakyStore store)
    {
        var count = 0;
        await foreach (var _ in store.Inner.ListAsync(CancellationToken.None)) count++;
        return count;
    }
}
