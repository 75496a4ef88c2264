using Oort.Backends.Suite;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

/// <summary>One store whose medium hangs: what runs over all stores goes on without it.</summary>
public sealed class HungStoreTests
{
    private const StoreOperations BlobsAndDeletes = StoreOperations.PutBlob | StoreOperations.GetBlob | StoreOperations.DeleteBlob | StoreOperations.ListBlobs | StoreOperations.Delete;

    [Fact]
    public async Task SnapshotAndCollector_OneStoreHangs_GoOnWithoutIt()
    {
        await using var cluster = new TestCluster();
        cluster.Options = cluster.Options with { Stores = cluster.Options.Stores with { CallTimeout = TimeSpan.FromMilliseconds(200) } };
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "gone", SystemActions.Content(1, 400_000));
        await system.Metadata.DeleteVersionAsync(new(bucket.Id, "gone", "root", null, WriteConditions.None), CancellationToken.None);
        cluster.Stores[3].Hold(BlobsAndDeletes);

        (await system.SnapshotAsync(CancellationToken.None)).ShouldBeGreaterThan(0UL);
        (await system.CollectAsync(CancellationToken.None)).DroppedSegments.ShouldBe(1);
        (await system.ScrubAsync(repair: true, null, CancellationToken.None)).BadShards.ShouldBe(0);
        cluster.Stores[3].Heal();
    }

    [Fact]
    public async Task Snapshot_NothingChanged_LeavesTheLastOneAlone()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await system.CreateBucketAsync("bucket");
        var generation = await system.SnapshotAsync(CancellationToken.None);

        // The next one would break off in its middle.
        foreach (var store in cluster.Stores.Take(3)) store.Inject(StoreOperations.PutBlob, times: int.MaxValue);
        (await system.SnapshotAsync(CancellationToken.None)).ShouldBe(generation);
        foreach (var store in cluster.Stores) (await store.Inner.GetBlobAsync($"snapshot/{generation:x16}/manifest", CancellationToken.None)).ShouldNotBeNull();
    }
}
