using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Journal;

/// <summary>What mends copies of the journal must never make them worse, and what replaces disks must not leave the journal behind.</summary>
public sealed class JournalCopiesTests
{
    [Fact]
    public async Task Scrub_AnyOneReadFails_CutsNothingOff()
    {
        await using var cluster = new TestCluster(1);
        await using (var first = await cluster.OpenAsync())
            for (var index = 0; index < 5; index++) await first.CreateBucketAsync($"bucket{index}");
        await using var system = await cluster.OpenAsync();
        var store = cluster.Stores[0];
        var before = await LengthsAsync(store);
        for (var skip = 0; skip < 20; skip++)
        {
            store.Inject(StoreOperations.ReadLog, skip: skip);
            await system.ScrubAsync(repair: true, null, CancellationToken.None);
            store.Heal();
            (await LengthsAsync(store)).ShouldBe(before);
        }
    }

    [Fact]
    public async Task Open_StoreThatTakesNoAppendsHasATornTail_Starts()
    {
        await using var cluster = new TestCluster();
        await using (var first = await cluster.OpenAsync()) await first.CreateBucketAsync("bucket");
        var (log, length) = (await LengthsAsync(cluster.Stores[4])).Last();
        await cluster.Stores[4].Inner.AppendLogAsync(log, length, new byte[100], CancellationToken.None);
        cluster.Stores[4].Inject(StoreOperations.AppendLog, times: int.MaxValue);

        await using var system = await cluster.OpenAsync();
        (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Recover_EveryDiskWasReplacedInTurn_LosesNothing()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "first", [1]);
            for (var index = 0; index < 6; index++)
            {
                var added = TestCluster.NewStore();
                await system.ReplaceDiskAsync(cluster.Stores[index].Id, new OpenStoreEndpoint(added), CancellationToken.None);
                cluster.Stores[index] = added;
                // The pause in which ended logs are let go.
                await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });
                await Eventually.Async(async () =>
                {
                    await system.DrainRepairsAsync();
                    return (await added.Inner.ListLogsAsync("journal/", CancellationToken.None).ToListAsync()).Count >= index + 2;
                });
            }
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(cluster.DataDirectory);
        var report = await Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory }, cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None);
        report.Findings.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        (await again.GetAsync("bucket", "first")).ShouldBe([1]);
    }

    private static async Task<List<(string Log, long Length)>> LengthsAsync(FlakyStore store)
    {
        var lengths = new List<(string, long)>();
        await foreach (var log in store.Inner.ListLogsAsync("journal/", CancellationToken.None)) lengths.Add((log, await store.Inner.LogLengthAsync(log, CancellationToken.None)));
        return lengths;
    }
}
