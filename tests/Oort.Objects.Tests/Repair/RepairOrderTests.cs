using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Caching;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Repair;

/// <summary>Which segment is repaired first, and what keeps others from being repaired: nothing.</summary>
public sealed class RepairOrderTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Drain_SeveralSegments_TheMostEndangeredComesFirst()
    {
        await using var cluster = new TestCluster(7);
        await using var system = await cluster.OpenAsync();
        var rows = await FillAsync(system, 6);
        var begun = new List<SegmentId>();
        foreach (var store in cluster.Stores) store.OnBegin = shard => begun.Add(shard.Segment);

        // One shard of each is lost. Some have another on a store that is suspended, which counts as lost; not the one that is asked for first.
        var suspended = cluster.Stores.Single(store => !rows[0].Shards.Contains(store.Id));
        rows.ShouldContain(row => row.Shards.Contains(suspended.Id));
        foreach (var row in rows) await LoseAsync(cluster, row, 0);
        system.Stores.Rate(suspended.Id, new(StoreStanding.Suspended, 0.5));
        system.AskRepair(rows.Select(row => row.Id));
        await system.DrainRepairsAsync();

        var dangers = rows.ToDictionary(row => row.Id, row => row.Shards.Count(id => id != suspended.Id));
        // A segment in the queue is ranked by the stores that are healthy; those that lost as much are in any order.
        var order = begun.Distinct().Where(dangers.ContainsKey).Select(id => dangers[id]).ToList();
        order.ShouldBe(order.Order());
        order.Count.ShouldBe(rows.Length);
        for (var number = 0; number < rows.Length; number++) (await system.GetAsync("bucket", $"key{number}")).ShouldBe(SystemActions.Content(number, 1_000));
    }

    [Fact]
    public async Task Drain_StoreIsSuspendedMeanwhile_WhatItEndangersGoesBeforeWhatWasRankedWithIt()
    {
        var time = new ShiftedTime();
        await using var cluster = new TestCluster(7) { Time = time };
        await using var system = await cluster.OpenAsync();
        var rows = await FillAsync(system, 8);
        foreach (var row in rows) await LoseAsync(cluster, row, 0);
        var begun = new List<SegmentId>();
        FlakyStore? suspended = null;
        foreach (var store in cluster.Stores)
        {
            store.OnBegin = shard =>
            {
                lock (begun)
                {
                    if (begun.Count == 0)
                    {
                        var others = rows.Where(row => row.Id != shard.Segment).ToList();
                        suspended = cluster.Stores.First(one => others.Exists(row => row.Shards.Contains(one.Id)) && others.Exists(row => !row.Shards.Contains(one.Id)));
                        system.Stores.Rate(suspended.Id, new(StoreStanding.Suspended, 0.5));
                        time.Advance(TimeSpan.FromMinutes(1));
                    }

                    begun.Add(shard.Segment);
                }
            };
        }

        system.AskRepair(rows.Select(row => row.Id));
        await system.DrainRepairsAsync();

        var dangers = rows.ToDictionary(row => row.Id, row => row.Shards.Count(id => id != suspended!.Id));
        var order = begun.Distinct().Skip(1).Select(id => dangers[id]).ToList();
        (order.Count, order[0], order[^1]).ShouldBe((rows.Length - 1, 5, 6));
        order.ShouldBe(order.Order());
    }

    [Fact]
    public async Task Drain_SegmentThatCannotBeRepaired_DoesNotHoldUpOthers()
    {
        await using var cluster = new TestCluster(7);
        await using var system = await cluster.OpenAsync();
        var rows = await FillAsync(system, 4);
        // Of the first more is gone than the code can make up for: it is the most endangered of all, and stays so.
        for (var index = 0; index < 3; index++) await LoseAsync(cluster, rows[0], index);
        foreach (var row in rows.Skip(1)) await LoseAsync(cluster, row, 2);
        system.AskRepair(rows.Select(row => row.Id));

        await system.DrainRepairsAsync();

        foreach (var row in rows.Skip(1)) (await StoreOf(cluster, row, 2).Inner.StatAsync(new(row.Id, 2), None)).ShouldNotBeNull();
        (system.GetStatus().Repair.Failed, system.GetStatus().Repair.Queued).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Drain_AskedForASegmentWhileItIsLookedAt_ItIsLookedAtAgain()
    {
        await using var cluster = new TestCluster(7);
        await using var system = await cluster.OpenAsync();
        var row = (await FillAsync(system, 1))[0];
        await LoseAsync(cluster, row, 0);
        var commits = StoreOf(cluster, row, 0).Count(StoreOperations.Commit);
        var committing = StoreOf(cluster, row, 0).Hold(StoreOperations.Commit);
        system.AskRepair([row.Id]);
        var draining = system.DrainRepairsAsync();
        await CacheActions.UntilAsync(() => StoreOf(cluster, row, 0).Count(StoreOperations.Commit) > commits);

        // It has read this one already.
        await LoseAsync(cluster, row, 1);
        system.AskRepair([row.Id]);
        committing.SetResult();
        await draining;

        foreach (var index in (int[])[0, 1]) (await StoreOf(cluster, row, index).Inner.StatAsync(new(row.Id, (byte)index), None)).ShouldNotBeNull($"shard {index}");
        system.GetStatus().Repair.Queued.ShouldBe(0);
    }

    [Fact]
    public async Task Drain_ShardIsReportedAgainWhileItIsWrittenAnew_ItIsWrittenOnceMore()
    {
        await using var cluster = new TestCluster(7);
        await using var system = await cluster.OpenAsync();
        var row = (await FillAsync(system, 1))[0];
        var store = StoreOf(cluster, row, 0);
        var commits = store.Count(StoreOperations.Commit);
        var committing = store.Hold(StoreOperations.Commit);
        system.ReportShard(new(row.Id, 0));
        var draining = system.DrainRepairsAsync();
        await CacheActions.UntilAsync(() => store.Count(StoreOperations.Commit) > commits);

        // This time it is the one that is being written.
        system.ReportShard(new(row.Id, 0));
        committing.SetResult();
        await draining;

        (store.Count(StoreOperations.Commit) - commits, system.GetStatus().Repair.Queued).ShouldBe((2, 0));
    }

    [Fact]
    public async Task Drain_TurnEndsDuringALook_TheNextTurnLooksAgain()
    {
        var time = new ShiftedTime();
        await using var cluster = new TestCluster(7) { Time = time };
        await using var system = await cluster.OpenAsync();
        var row = (await FillAsync(system, 1))[0];
        await LoseAsync(cluster, row, 0);
        using var turn = new CancellationTokenSource();
        StoreOf(cluster, row, 0).OnBegin = _ => turn.Cancel();
        system.AskRepair([row.Id]);
        await Should.ThrowAsync<OperationCanceledException>(() => system.DrainRepairsAsync(turn.Token));

        time.Advance(TimeSpan.FromMinutes(1));
        await system.DrainRepairsAsync();

        (await StoreOf(cluster, row, 0).Inner.StatAsync(new(row.Id, 0), None)).ShouldNotBeNull();
        system.GetStatus().Repair.Queued.ShouldBe(0);
    }

    private static async Task<SegmentRow[]> FillAsync(ObjectSystem system, int count)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        for (var number = 0; number < count; number++) await system.PutAsync(bucket, $"key{number}", SystemActions.Content(number, 1_000));
        await system.DrainRepairsAsync();
        var rows = await system.Metadata.ListSegmentsAsync(default, 100, notFullOnly: false, store: null, None);
        rows.Length.ShouldBe(count);
        return [.. rows];
    }

    private static FlakyStore StoreOf(TestCluster cluster, SegmentRow row, int index) => cluster.Stores.Single(store => store.Id == row.Shards[index]);

    private static async Task LoseAsync(TestCluster cluster, SegmentRow row, int index) =>
        await StoreOf(cluster, row, index).Inner.DeleteAsync(new(row.Id, (byte)index), None);
}
