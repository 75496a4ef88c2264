using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

/// <summary>A shard without a row is deleted only when its writer is decided, its quarantine is over, and a second look finds no row either.</summary>
public sealed class OrphanTests
{
    [Theory]
    [InlineData(1_000, StoreOperations.Put)]
    [InlineData(400_000, StoreOperations.Put)]
    [InlineData(2_400_000, StoreOperations.Commit)]
    public async Task Scan_PutThatFailedBelowItsQuorum_IsQuarantinedThenDeleted(int size, StoreOperations failing)
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        var orphans = 0;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "kept", SystemActions.Content(1, 300_000));
            foreach (var store in cluster.Stores.Take(2)) store.Inject(failing);
            await Should.ThrowAsync<ObjectUnavailableException>(() => system.PutAsync(bucket, "failed", SystemActions.Content(2, size)));
            orphans = (await cluster.ShardsAsync()).Count - 6;
            orphans.ShouldBeGreaterThan(0);
            (await system.CollectAsync()).NewlyQuarantined.ShouldBe(orphans);
            time.Advance(CollectionWorld.Period - TimeSpan.FromDays(1));
        }

        // The restart has forgotten nothing: the period goes on, and is not over yet.
        await using var again = await cluster.OpenAsync();
        (await again.CollectAsync()).ShouldBe(new CollectReport(0, 0, 0, 0, 0));
        again.GetStatus().Collector.Quarantined.ShouldBe(orphans);
        (await again.FsckAsync(repair: false, null, CancellationToken.None)).Orphans.ShouldBe(orphans);
        time.Advance(TimeSpan.FromDays(1));
        (await again.CollectAsync()).DeletedShards.ShouldBe(orphans);
        await cluster.ShouldHoldExactlyTheRowsAsync(again);
        (await again.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(1, 300_000));
    }

    [Fact]
    public async Task Scan_BodyStillComing_LeavesItsSegmentsAlone()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        cluster.Options = cluster.Options with { Objects = cluster.Options.Objects with { SegmentChunks = 4 } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var content = SystemActions.Content(3, 900_000);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var putting = system.Objects.PutObjectAsync(bucket, "key", "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(pipe.Reader, content.Length, null, null), WriteConditions.None, CancellationToken.None).AsTask();
        await pipe.Writer.WriteAsync(content.AsMemory(0, 600_000), CancellationToken.None);
        await Eventually.Async(async () => (await cluster.ShardsAsync()).Count >= 12);

        // Two segments are whole on the stores, no row names them, and they are of this epoch.
        for (var week = 0; week < 3; week++)
        {
            (await system.CollectAsync()).ShouldBe(new CollectReport(0, 0, 0, 0, 0));
            time.Advance(TimeSpan.FromDays(8));
        }

        await pipe.Writer.WriteAsync(content.AsMemory(600_000), CancellationToken.None);
        await pipe.Writer.CompleteAsync();
        (await putting).Outcome.ShouldBe(CommitOutcome.Done);
        (await system.GetAsync("bucket", "key")).ShouldBe(content);
        (await system.CollectAsync()).NewlyQuarantined.ShouldBe(0);
    }

    [Fact]
    public async Task Scan_CrashBeforeTheCommit_FindsTheShardsOfTheEarlierEpoch()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        cluster.Options = cluster.Options with { Objects = cluster.Options.Objects with { SegmentChunks = 4 } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var putting = system.Objects.PutObjectAsync(bucket, "key", "root", "STANDARD", ObjectAttributes.Empty, new ObjectBody(pipe.Reader, 900_000, null, null), WriteConditions.None, CancellationToken.None).AsTask();
        await pipe.Writer.WriteAsync(SystemActions.Content(3, 300_000), CancellationToken.None);
        await Eventually.Async(async () => (await cluster.ShardsAsync()).Count == 6);

        await using var crashed = cluster.CrashedCopy();
        crashed.Time = time;
        await using (var again = await crashed.OpenAsync())
        {
            (await again.CollectAsync()).NewlyQuarantined.ShouldBe(6);
            time.Advance(CollectionWorld.Period);
            (await again.CollectAsync()).DeletedShards.ShouldBe(6);
        }

        await pipe.Writer.CompleteAsync(new IOException("The client went away."));
        await Should.ThrowAsync<Exception>(() => putting);
    }

    [Fact]
    public async Task Scan_RowAppearsDuringTheQuarantine_LetsTheShardGo()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var (row, index) = await PutWithLateShardAsync(cluster, system, cluster.Stores[1]);
        (await system.CollectAsync()).NewlyQuarantined.ShouldBe(1);

        await system.DrainRepairsAsync();
        (await system.Metadata.FindSegmentAsync(row.Id, CancellationToken.None))!.Shards[index].ShouldBe(cluster.Stores[1].Id);
        time.Advance(CollectionWorld.Period + CollectionWorld.Period);
        (await system.CollectAsync()).DeletedShards.ShouldBe(0);
        system.GetStatus().Collector.Quarantined.ShouldBe(0);
        (await cluster.Stores[1].Inner.StatAsync(new(row.Id, (byte)index), CancellationToken.None)).ShouldNotBeNull();
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).IsClean.ShouldBeTrue();
    }

    [Fact]
    public async Task Scan_RepairOfTheSameShardAtTheSameTime_DoesNotDeleteWhatIsPlaced()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var late = cluster.Stores[1];
        var (row, index) = await PutWithLateShardAsync(cluster, system, late);
        (await system.CollectAsync()).NewlyQuarantined.ShouldBe(1);
        time.Advance(CollectionWorld.Period);

        // The second look is over, and the store takes its time to delete; meanwhile the shard is put right there.
        var deleting = late.Hold(StoreOperations.Delete);
        var collecting = system.CollectAsync();
        await Eventually.TrueAsync(() => late.Count(StoreOperations.Delete) > 0);
        var repairing = system.DrainRepairsAsync();
        await Task.WhenAny(repairing, Task.Delay(200));
        deleting.SetResult();
        await collecting;
        await repairing;

        (await system.Metadata.FindSegmentAsync(row.Id, CancellationToken.None))!.Shards[index].ShouldBe(late.Id);
        (await late.Inner.StatAsync(new(row.Id, (byte)index), CancellationToken.None)).ShouldNotBeNull();
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).IsClean.ShouldBeTrue();
    }

    [Fact]
    public async Task Scan_StoreCannotBeListed_KeepsItsQuarantine()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        await cluster.Stores[0].Inner.PutAsync(new(new SegmentId(1, 1), 0), new byte[10], CancellationToken.None);
        (await system.CollectAsync()).NewlyQuarantined.ShouldBe(1);
        time.Advance(CollectionWorld.Period);
        cluster.Stores[0].Inject(StoreOperations.List);
        (await system.CollectAsync()).DeletedShards.ShouldBe(0);
        system.GetStatus().Collector.Quarantined.ShouldBe(1);
        (await system.CollectAsync()).DeletedShards.ShouldBe(1);
    }

    /// <summary>An object without the shard of one store, whose late bytes then turn up there after all.</summary>
    private static async Task<(SegmentRow Row, int Index)> PutWithLateShardAsync(TestCluster cluster, ObjectSystem system, FlakyStore late)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        late.Inject(StoreOperations.Put);
        (await system.PutAsync(bucket, "key", SystemActions.Content(4, 400_000))).Durability.ShouldBe("quorum");
        var row = (await system.SegmentsAsync()).ShouldHaveSingleItem();
        var index = row.Shards.IndexOf(StoreId.None);
        await late.Inner.PutAsync(new(row.Id, (byte)index), SystemActions.Content(5, 1_000), CancellationToken.None);
        return (row, index);
    }
}
