using Oort.Backends;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

public sealed class ObjectSystemTests
{
    private static readonly int[] Sizes = [0, 1, 4096, 300_000, 2_500_000];

    [Fact]
    public async Task Open_AfterStop_GivesBackEverything()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            foreach (var size in Sizes) (await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size))).Outcome.ShouldBe(CommitOutcome.Done);
            system.GetStatus().CanWrite.ShouldBeTrue();
        }

        await using var again = await cluster.OpenAsync();
        foreach (var size in Sizes) (await again.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
        (await again.FsckAsync(repair: false, null, CancellationToken.None)).IsClean.ShouldBeTrue();
    }

    [Fact]
    public async Task Open_AfterCrash_GivesBackEverything()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in Sizes) await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size));

        await using var crashed = cluster.CrashedCopy();
        await using var again = await crashed.OpenAsync();
        foreach (var size in Sizes) (await again.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));

        // The earlier start is fenced: what it still writes does not count.
        (await again.PutAsync(bucket, "after", [1])).Outcome.ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task Open_DatabaseLostItsTail_ReplaysTheJournal()
    {
        await using var cluster = new TestCluster();
        string before;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "first", [1]);
            before = Path.Combine(cluster.DataDirectory, "before");
        }

        File.Copy(Path.Combine(cluster.DataDirectory, "metadata.db"), before);
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            await system.PutAsync(bucket, "second", SystemActions.Content(2, 700_000));
        }

        File.Move(before, Path.Combine(cluster.DataDirectory, "metadata.db"), overwrite: true);
        await using var again = await cluster.OpenAsync();
        (await again.GetAsync("bucket", "first")).ShouldBe([1]);
        (await again.GetAsync("bucket", "second")).ShouldBe(SystemActions.Content(2, 700_000));
    }

    [Fact]
    public async Task Open_DatabaseMissing_RefusesAndNamesRecover()
    {
        await using var cluster = new TestCluster();
        await (await cluster.OpenAsync()).DisposeAsync();
        File.Delete(Path.Combine(cluster.DataDirectory, "metadata.db"));
        var refused = await Should.ThrowAsync<StartRefusedException>(cluster.OpenAsync);
        refused.Reason.ShouldBe(StartRefusal.HalfDirectory);
        refused.Message.ShouldContain("oort recover");
    }

    [Fact]
    public async Task Open_OtherRoot_Refuses()
    {
        await using var cluster = new TestCluster();
        await (await cluster.OpenAsync()).DisposeAsync();
        using var other = new Oort.Crypto.RootKey(new byte[32]);
        var refused = await Should.ThrowAsync<StartRefusedException>(() => ObjectSystem.OpenAsync(cluster.Options with { DataDirectory = cluster.DataDirectory }, cluster.Endpoints, other, TimeProvider.System, cluster.Logs, CancellationToken.None));
        refused.Reason.ShouldBe(StartRefusal.WrongRoot);
    }

    [Fact]
    public async Task Open_EmptyDirectoryWithUsedStores_Refuses()
    {
        await using var cluster = new TestCluster();
        await (await cluster.OpenAsync()).DisposeAsync();
        Directory.Delete(cluster.DataDirectory, recursive: true);
        await Should.ThrowAsync<StartRefusedException>(cluster.OpenAsync);
    }

    [Fact]
    public async Task Open_TwoStoresAway_ServesAndComesBackFull()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "key", SystemActions.Content(1, 900_000));
        }

        cluster.Stores[0].Offline = true;
        cluster.Stores[3].Offline = true;
        await using var again = await cluster.OpenAsync();
        (await again.GetAsync("bucket", "key")).ShouldBe(SystemActions.Content(1, 900_000));
        again.GetStatus().Stores.Count(store => store.Health == StoreHealth.Offline).ShouldBe(2);
    }
}
