using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Journal;

/// <summary>Copies beyond the quorum take a record later than the others: nothing acknowledged may hang on them, and they must not stay behind.</summary>
public sealed class RestingCopiesTests
{
    /// <summary>So long that no test sees its end.</summary>
    private static readonly TimeSpan never = TimeSpan.FromHours(1);

    [Fact]
    public async Task Append_RecordAfterRecord_AsksAQuorumInTurnAndLosesNothing()
    {
        await using var cluster = NewCluster(restTime: never);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        var rested = new HashSet<StoreId>();
        var restedBefore = new HashSet<StoreId>();
        for (byte index = 0; index < 7; index++)
        {
            await system.PutAsync(bucket, $"key{index}", [index]);
            system.GetStatus().Journal.CopiesInStep.ShouldBe(4);
            var behind = await BehindAsync(cluster);
            behind.Count.ShouldBe(2);
            behind.ShouldNotContain(id => restedBefore.Contains(id), "A copy lacks two records.");
            rested.UnionWith(restedBefore = behind);
        }

        rested.Count.ShouldBe(6, "All take turns.");

        // The machine is lost, and two stores that have the newest record with it, which leaves that on two only.
        var generation = system.GetStatus().Journal.Generation;
        await using var lost = new TestCluster(0);
        lost.Stores.AddRange(cluster.Stores.Where(store => !restedBefore.Contains(store.Id)).Skip(2));
        lost.Stores.AddRange(cluster.Stores.Where(store => restedBefore.Contains(store.Id)));
        Directory.CreateDirectory(lost.DataDirectory);
        var report = await Oort.Objects.Recovery.RunAsync(
            new() { DataDirectory = lost.DataDirectory }, lost.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None);
        report.Findings.ShouldBeEmpty();
        report.Generation.ShouldBeGreaterThanOrEqualTo(generation);
        await using var again = await lost.OpenAsync();
        for (byte index = 0; index < 7; index++) (await again.GetAsync("bucket", $"key{index}")).ShouldBe([index]);
    }

    [Fact]
    public async Task Open_CrashWhileCopiesRest_CompletesThem()
    {
        await using var cluster = NewCluster(restTime: never);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        for (byte index = 0; index < 4; index++) await system.PutAsync(bucket, $"key{index}", [index]);
        var behind = await BehindAsync(cluster);
        behind.Count.ShouldBe(2);
        var log = system.GetStatus().Journal.Log;

        await using var crashed = cluster.CrashedCopy();
        await using var again = await crashed.OpenAsync();
        (await LengthsAsync(cluster, log)).Distinct().Count().ShouldBe(1);
        for (byte index = 0; index < 4; index++) (await again.GetAsync("bucket", $"key{index}")).ShouldBe([index]);
        (await again.ScrubAsync(repair: false, null, CancellationToken.None)).BadCopies.ShouldBe(0);
    }

    [Fact]
    public async Task Append_AskedStoresFail_RestingOnesTakeTheRecordAtOnce()
    {
        await using var cluster = NewCluster(restTime: never);
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        await system.PutAsync(bucket, "before", [1]);
        // These have all of it, so two of them may be asked for the next record; and those that lack something are asked for certain.
        foreach (var store in cluster.Stores.Take(2)) store.Inject(StoreOperations.AppendLog, times: int.MaxValue);
        for (byte index = 0; index < 4; index++)
        {
            (await system.PutAsync(bucket, $"key{index}", [index])).Outcome.ShouldBe(CommitOutcome.Done);
            system.GetStatus().Journal.CopiesInStep.ShouldBe(4);
        }

        (await BehindAsync(cluster)).ShouldBe(cluster.Stores.Take(2).Select(store => store.Id), ignoreOrder: true);
    }

    [Fact]
    public async Task Append_AskedStoresHang_RestingOnesTakeTheRecord()
    {
        await using var cluster = NewCluster(restTime: TimeSpan.FromMilliseconds(1));
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var store in cluster.Stores.Take(2)) store.Hold(StoreOperations.AppendLog);
        for (byte index = 0; index < 4; index++) (await system.PutAsync(bucket, $"key{index}", [index])).Outcome.ShouldBe(CommitOutcome.Done);
        foreach (var store in cluster.Stores) store.Heal();
        await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });
    }

    [Fact]
    public async Task Append_NothingFollows_AllCopiesTakeTheRecord()
    {
        await using var cluster = NewCluster(restTime: TimeSpan.FromMilliseconds(1));
        await using var system = await cluster.OpenAsync();
        var bucket = await system.CreateBucketAsync("bucket");
        for (byte index = 0; index < 3; index++)
        {
            await system.PutAsync(bucket, "key", [index]);
            await Eventually.TrueAsync(() => system.GetStatus().Journal is { CopiesInStep: 6 });
        }
    }

    [Fact]
    public async Task Dispose_CopiesRest_CompletesThem()
    {
        await using var cluster = NewCluster(restTime: never);
        string log;
        await using (var system = await cluster.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await system.PutAsync(bucket, "key", [1]);
            (await BehindAsync(cluster)).Count.ShouldBe(2);
            log = system.GetStatus().Journal.Log;
        }

        (await LengthsAsync(cluster, log)).Distinct().Count().ShouldBe(1);
    }

    private static TestCluster NewCluster(TimeSpan restTime)
    {
        var cluster = new TestCluster();
        cluster.Options = cluster.Options with { Journal = cluster.Options.Journal with { RestTime = restTime, RetryDelay = never } };
        return cluster;
    }

    private static async Task<long[]> LengthsAsync(TestCluster cluster, string log)
    {
        var lengths = new List<long>();
        foreach (var store in cluster.Stores) lengths.Add(await store.Inner.LogLengthAsync(log, CancellationToken.None));
        return [.. lengths];
    }

    /// <summary>Stores whose copy of the newest log is shorter than another's.</summary>
    private static async Task<HashSet<StoreId>> BehindAsync(TestCluster cluster)
    {
        var log = await cluster.Stores[0].Inner.ListLogsAsync("journal/", CancellationToken.None).OrderBy(name => JournalLogName.TryParse(name, out var parsed) ? parsed : default).LastAsync();
        var lengths = await LengthsAsync(cluster, log);
        return [.. cluster.Stores.Where((_, index) => lengths[index] < lengths.Max()).Select(store => store.Id)];
    }
}
