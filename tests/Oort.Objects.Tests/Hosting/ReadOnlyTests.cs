using Oort.Backends.Local;
using Oort.Backends.Suite;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

/// <summary>Every disk refuses writes at once, as when the one device that they share was mounted read-only.</summary>
public sealed class ReadOnlyTests
{
    private static readonly int[] Sizes = [10, 70_000, 400_000, 3_000_000];

    [Fact]
    public async Task Stores_AllRefuseWrites_ReadsGoOnAndWritesComeBack()
    {
        await using var cluster = NewCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await FillAsync(system);
        foreach (var store in cluster.Stores) store.ReadOnly = true;

        // Not one read fails: neither before the first refused write, nor by it, nor before the first probe.
        await CheckAsync(system);
        await Should.ThrowAsync<ObjectUnavailableException>(() => system.PutAsync(bucket, "during", SystemActions.Content(9, 400_000)));
        await CheckAsync(system);
        await Eventually.TrueAsync(() => system.GetStatus().Stores.All(store => store.Health == StoreHealth.ReadOnly));
        system.GetStatus().CanWrite.ShouldBeFalse();
        await Should.ThrowAsync<ObjectUnavailableException>(() => system.PutAsync(bucket, "during", SystemActions.Content(9, 400_000)));
        await Should.ThrowAsync<MetadataUnavailableException>(() => system.PutAsync(bucket, "during", []));
        await CheckAsync(system);

        foreach (var store in cluster.Stores) store.Heal();
        await Eventually.TrueAsync(() => system.GetStatus().CanWrite);
        (await system.PutAsync(bucket, "after", SystemActions.Content(8, 400_000))).Outcome.ShouldBe(CommitOutcome.Done);
        (await system.GetAsync("bucket", "after")).ShouldBe(SystemActions.Content(8, 400_000));
        await CheckAsync(system);
    }

    [Fact]
    public async Task Disks_AllPoisoned_ReadsGoOnAndTheyAreReopenedWhenTheyTakeWrites()
    {
        using var disk = new FaultyDisk(new RecordingDisk());
        await using var cluster = NewCluster(0);
        await using var system = await cluster.OpenAsync([.. Enumerable.Range(1, 6).Select(index => new FolderEndpoint(disk, $"disk{index}", new((ulong)index)))]);
        var bucket = await FillAsync(system);
        foreach (var index in Enumerable.Range(1, 6))
            foreach (var folder in new[] { "temp", "volumes", "logs", "blobs" })
                disk.Inject(DiskCalls.Write | DiskCalls.Allocate | DiskCalls.Sync, kind: DiskErrorKind.Denied, pathPrefix: $"disk{index}/{folder}/", times: int.MaxValue);

        await Should.ThrowAsync<ObjectUnavailableException>(() => system.PutAsync(bucket, "during", SystemActions.Content(9, 400_000)));
        await CheckAsync(system);
        await Eventually.TrueAsync(() => system.GetStatus().Stores.All(store => store.Health == StoreHealth.ReadOnly));
        await CheckAsync(system);

        disk.Heal();
        await Eventually.Async(async () =>
        {
            // One store at a time is away while it is opened anew.
            await CheckAsync(system);
            return system.GetStatus().CanWrite;
        });
        await Eventually.TrueAsync(() => system.GetStatus().Stores.All(store => store.Health == StoreHealth.Online));
        (await system.PutAsync(bucket, "after", SystemActions.Content(8, 400_000))).Outcome.ShouldBe(CommitOutcome.Done);
        (await system.GetAsync("bucket", "after")).ShouldBe(SystemActions.Content(8, 400_000));
    }

    private static TestCluster NewCluster(int storeCount = 6)
    {
        var cluster = new TestCluster(storeCount);
        cluster.Options = cluster.Options with { Journal = cluster.Options.Journal with { QuorumTimeout = TimeSpan.FromMilliseconds(200) } };
        return cluster;
    }

    private static async Task<BucketRow> FillAsync(ObjectSystem system)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in Sizes) (await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size))).Durability.ShouldBe("full");
        return bucket;
    }

    private static async Task CheckAsync(ObjectSystem system)
    {
        foreach (var size in Sizes) (await system.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
    }
}
