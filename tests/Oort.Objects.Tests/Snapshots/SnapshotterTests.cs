using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Snapshots;

public sealed class SnapshotterTests
{
    [Fact]
    public async Task Snapshot_Again_DropsOlderSnapshotsAndLogs()
    {
        await using var cluster = new TestCluster();
        for (var start = 0; start < 3; start++)
        {
            await using var earlier = await cluster.OpenAsync();
            if (start == 0) await earlier.CreateBucketAsync("bucket");
            await earlier.SnapshotAsync(CancellationToken.None);
        }

        await using var system = await cluster.OpenAsync();
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await system.PutAsync(bucket, "key", [1]);
        var generation = await system.SnapshotAsync(CancellationToken.None);
        system.GetStatus().SnapshotGeneration.ShouldBe(generation);

        foreach (var store in cluster.Stores)
        {
            var blobs = await ListAsync(store.ListBlobsAsync("snapshot/", CancellationToken.None));
            blobs.ShouldAllBe(name => name.StartsWith($"snapshot/{generation:x16}/"));
            blobs.ShouldContain($"snapshot/{generation:x16}/manifest");
            (await ListAsync(store.ListLogsAsync("journal/", CancellationToken.None))).Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task Snapshot_BelowQuorum_KeepsTheOlderOneAndTheJournal()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var first = await system.SnapshotAsync(CancellationToken.None);
        await system.PutAsync(bucket, "key", [1]);

        foreach (var store in cluster.Stores.Take(3)) store.Inject(Oort.Backends.Suite.StoreOperations.PutBlob, times: int.MaxValue);
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await system.SnapshotAsync(CancellationToken.None));
        system.GetStatus().SnapshotGeneration.ShouldBe(first);
        foreach (var store in cluster.Stores)
        {
            (await store.Inner.GetBlobAsync($"snapshot/{first:x16}/manifest", CancellationToken.None)).ShouldNotBeNull();
            (await ListAsync(store.Inner.ListLogsAsync("journal/", CancellationToken.None))).ShouldNotBeEmpty();
        }

        foreach (var store in cluster.Stores) store.Heal();
        (await system.SnapshotAsync(CancellationToken.None)).ShouldBeGreaterThan(first);
    }

    [Fact]
    public async Task Snapshot_StorePretendsToTakeIt_DoesNotCountIt()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await system.CreateBucketAsync("bucket");
        foreach (var store in cluster.Stores.Take(3)) store.Inject(Oort.Backends.Suite.StoreOperations.PutBlob, Oort.Backends.Suite.FaultMode.PretendDone, times: int.MaxValue);
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await system.SnapshotAsync(CancellationToken.None));
        system.GetStatus().SnapshotGeneration.ShouldBe(0UL);
    }

    private static async Task<List<string>> ListAsync(IAsyncEnumerable<string> names)
    {
        var list = new List<string>();
        await foreach (var name in names) list.Add(name);
        return list;
    }
}
