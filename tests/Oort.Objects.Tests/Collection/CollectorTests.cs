using System.Collections.Immutable;
using System.IO.Pipelines;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Checksums;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Collection;

/// <summary>What nothing refers to any more goes, when its time has come and nobody reads it; what is referred to stays.</summary>
public sealed class CollectorTests
{
    [Fact]
    public async Task Collect_DeletedObject_DropsItsSegmentsAfterTheGrace()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        cluster.Options = cluster.Options with { Objects = cluster.Options.Objects with { SegmentChunks = 4 } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "small", SystemActions.Content(1, 1_000));
        await system.PutAsync(bucket, "large", SystemActions.Content(2, 700_000));
        await system.PutAsync(bucket, "kept", SystemActions.Content(3, 300_000));
        (await system.SegmentsAsync()).Length.ShouldBe(1 + 3 + 2);
        await system.DeleteAsync(bucket, "small");
        await system.DeleteAsync(bucket, "large");

        time.Advance(CollectionWorld.Grace - TimeSpan.FromMinutes(1));
        (await system.CollectAsync()).ShouldBe(new CollectReport(0, 0, 0, 0, 0));
        time.Advance(TimeSpan.FromMinutes(2));
        (await system.CollectAsync()).ShouldBe(new CollectReport(4, 24, 0, 0, 0));

        await cluster.ShouldHoldExactlyTheRowsAsync(system);
        (await system.SegmentsAsync()).Length.ShouldBe(2);
        (await system.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(3, 300_000));
        (await system.FsckAsync(repair: false, null, CancellationToken.None)).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Collect_ReaderOpen_KeepsItsSegmentsUntilItCloses()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var content = SystemActions.Content(4, 600_000);
        await system.PutAsync(bucket, "key", content);
        var version = await system.FindAsync(bucket, "key");
        await using (var reader = await system.Objects.OpenAsync(version, CancellationToken.None))
        {
            await system.DeleteAsync(bucket, "key");
            time.Advance(TimeSpan.FromDays(30));
            (await system.CollectAsync()).DroppedSegments.ShouldBe(0);
            (await reader.ReadAsync(version.Size)).ShouldBe(content);
        }

        (await system.CollectAsync()).DroppedSegments.ShouldBe(1);
        (await cluster.ShardsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Collect_CopyByReference_KeepsTheDataUntilTheLastOneGoes()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in new[] { 900, 400_000 })
        {
            var content = SystemActions.Content(5, size);
            await system.PutAsync(bucket, "first", content);
            var source = new CopySource(await system.FindAsync(bucket, "first"), 0, size);
            (await system.Objects.CopyObjectAsync(source, bucket, "second", "root", "STANDARD", ObjectAttributes.Empty, ChecksumAlgorithm.None, WriteConditions.None, CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);
            await system.DeleteAsync(bucket, "first");
            time.Advance(TimeSpan.FromDays(2));
            (await system.CollectAsync()).DroppedSegments.ShouldBe(0);
            (await system.GetAsync("bucket", "second")).ShouldBe(content);

            await system.DeleteAsync(bucket, "second");
            time.Advance(TimeSpan.FromDays(2));
            (await system.CollectAsync()).DroppedSegments.ShouldBe(1);
            (await cluster.ShardsAsync()).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Collect_UploadAbandoned_AbortsItAndDropsItsParts()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await BeginUploadAsync(system, bucket, "old", time);
        time.Advance(TimeSpan.FromDays(4));
        await BeginUploadAsync(system, bucket, "young", time);
        time.Advance(TimeSpan.FromDays(4));
        (await system.CollectAsync()).AbortedUploads.ShouldBe(1);
        (await system.Metadata.ListUploadsAsync(new(bucket.Id, "", "", "", null, 10), CancellationToken.None)).Uploads.Select(upload => upload.Key).ShouldBe(["young"]);
        time.Advance(TimeSpan.FromHours(2));
        (await system.CollectAsync()).DroppedSegments.ShouldBe(1);
        await cluster.ShouldHoldExactlyTheRowsAsync(system);
        (await system.SegmentsAsync()).Length.ShouldBe(1);
    }

    [Fact]
    public async Task Collect_AfterARecovery_DeletesNothingUntilConfirmed()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "deleted", SystemActions.Content(6, 400_000));
            await BeginUploadAsync(system, bucket, "upload", time);
            await system.DeleteAsync(bucket, "deleted");
        }

        var stray = new ShardId(new SegmentId(1, 1), 0);
        await cluster.Stores[0].Inner.PutAsync(stray, new byte[100], CancellationToken.None);
        time.Advance(TimeSpan.FromDays(30));
        Directory.Delete(cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(cluster.DataDirectory);
        await Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory }, cluster.Endpoints, cluster.Root, time, cluster.Logs, null, CancellationToken.None);
        var before = await cluster.ShardsAsync();
        for (var start = 0; start < 2; start++)
        {
            await using var system = await cluster.OpenAsync();
            time.Advance(TimeSpan.FromDays(3));
            (await system.CollectAsync()).ShouldBe(new CollectReport(0, 0, 0, 0, 0));
            (await cluster.ShardsAsync()).ShouldBe(before, ignoreOrder: true);
            system.GetStatus().Collector.Paused.ShouldContain("recovered");
        }

        await using var confirmed = await cluster.OpenAsync();
        await confirmed.ConfirmRecoveryAsync(CancellationToken.None);
        var report = await confirmed.CollectAsync();
        (report.DroppedSegments, report.AbortedUploads, report.NewlyQuarantined).ShouldBe((1, 1, 1));
        confirmed.GetStatus().Collector.Paused.ShouldBe("");
    }

    [Fact]
    public async Task Collect_StoreAwayWhileASegmentIsDropped_FindsItsShardAsAnOrphanLater()
    {
        var (cluster, time) = CollectionWorld.Create();
        await using var owned = cluster;
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "key", SystemActions.Content(7, 400_000));
        await system.DeleteAsync(bucket, "key");
        time.Advance(TimeSpan.FromHours(2));
        cluster.Stores[2].Inject(StoreOperations.Delete);
        (await system.CollectAsync()).DeletedShards.ShouldBe(5);
        (await cluster.ShardsAsync()).Select(one => one.Store).ShouldBe([cluster.Stores[2].Id]);
        system.GetStatus().Collector.Quarantined.ShouldBe(1);

        time.Advance(CollectionWorld.Period);
        (await system.CollectAsync()).DeletedShards.ShouldBe(1);
        (await cluster.ShardsAsync()).ShouldBeEmpty();
        system.GetStatus().Collector.Quarantined.ShouldBe(0);
    }

    private static async Task BeginUploadAsync(ObjectSystem system, BucketRow bucket, string key, TimeProvider time)
    {
        var upload = new UploadRow { Bucket = bucket.Id, Key = key, Id = UploadId.Create(time.GetUtcNow()), Initiated = time.GetUtcNow(), OwnerId = "root" };
        (await system.Metadata.CreateUploadAsync(upload, CancellationToken.None)).ShouldBe(CommitOutcome.Done);
        var body = new ObjectBody(PipeReader.Create(new MemoryStream(SystemActions.Content(8, 300_000))), 300_000, null, null);
        (await system.Objects.PutPartAsync(upload, 1, body, CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);
    }
}
