using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Drills;

/// <summary>Recovery drills beside a running system.</summary>
public sealed class RecoveryDrillTests
{
    private const int ObjectCount = 60;

    [Fact]
    public async Task Drill_WholeNamespace_IsCleanAndChangesNothing()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        var before = system.Metadata.CommittedGeneration;

        var report = await system.DrillAsync(new(), null, CancellationToken.None);

        report.Findings.ShouldBeEmpty();
        report.Versions.ShouldBe(ObjectCount);
        report.Sampled.ShouldBe(ObjectCount);
        report.Compared.ShouldBe(ObjectCount);
        report.ReadObjects.ShouldBe(ObjectCount - 2);
        report.SnapshotGeneration.ShouldBeGreaterThan(0UL);
        report.Records.ShouldBeGreaterThan(0);
        system.Metadata.CommittedGeneration.ShouldBe(before);
        system.GetStatus().Drill.ShouldBe(report);
        Directory.Exists(Path.Combine(cluster.DataDirectory, "drill")).ShouldBeFalse();
        (await system.GetAsync("bucket", "small/007")).ShouldBe(SystemActions.Content(7, 3_500));
    }

    [Fact]
    public async Task Drill_OnSchedule_RunsAgainAndAgainAndTellsWhatItFinds()
    {
        await using var cluster = new TestCluster();
        cluster.Options = cluster.Options with { RunWorkers = true, DrillInterval = TimeSpan.FromMilliseconds(50) };
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);

        await Eventually.TrueAsync(() => system.GetStatus().Drill is { IsClean: true, Compared: > 0 });
        var first = system.GetStatus().Drill!;
        await Eventually.TrueAsync(() => system.GetStatus().Drill is { } later && later.Started > first.Started);

        // Nobody asked for it, and it is told.
        foreach (var store in cluster.Stores) store.Inject(Oort.Backends.Suite.StoreOperations.GetBlob, times: int.MaxValue);
        await Eventually.TrueAsync(() => system.GetStatus().Drill is { IsClean: false });
        foreach (var store in cluster.Stores) store.Heal();
        await Eventually.TrueAsync(() => system.GetStatus().Drill is { IsClean: true });
    }

    [Fact]
    public async Task Drill_LessThanAll_StaysWithinItsBounds()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);

        var report = await system.DrillAsync(new() { VersionsMax = 10, BytesMax = 20_000 }, null, CancellationToken.None);

        report.Findings.ShouldBeEmpty();
        report.Versions.ShouldBe(ObjectCount);
        report.Sampled.ShouldBe(10);
        report.Compared.ShouldBe(10);
        report.ReadBytes.ShouldBeInRange(1, 20_000);
    }

    [Fact]
    public async Task Drill_ClientsAtWork_FindsNothingThatIsNotSo()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        using var stop = new CancellationTokenSource();
        var clients = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var key = $"small/{i % ObjectCount:d3}";
                if (i % 3 == 0) await system.Metadata.DeleteVersionAsync(new(bucket.Id, key, "root", null, WriteConditions.None), CancellationToken.None);
                else await system.PutAsync(bucket, key, SystemActions.Content(i, 2_000));
            }
        });

        for (var round = 0; round < 5; round++) (await system.DrillAsync(new(), null, CancellationToken.None)).Findings.ShouldBeEmpty();

        await stop.CancelAsync();
        await clients;
    }

    [Fact]
    public async Task Drill_SnapshotAndJournalLost_FindsWhatWouldNotComeBack()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        foreach (var store in cluster.Stores)
        {
            var blobs = new List<string>();
            await foreach (var name in store.ListBlobsAsync(SnapshotNames.Prefix, CancellationToken.None)) blobs.Add(name);
            foreach (var name in blobs) await store.DeleteBlobAsync(name, CancellationToken.None);
            var logs = new List<string>();
            await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, CancellationToken.None)) logs.Add(name);
            foreach (var name in logs) await store.DeleteLogAsync(name, CancellationToken.None);
        }

        var report = await system.DrillAsync(new(), null, CancellationToken.None);

        // A copy that was behind may have been completed from memory meanwhile, which gives back the newest log alone.
        report.IsClean.ShouldBeFalse();
        report.Findings.ShouldContain(text => text.Contains("are on no store", StringComparison.Ordinal) || text.Contains("Nothing could be recovered", StringComparison.Ordinal));
        report.Findings.Length.ShouldBeLessThanOrEqualTo(DrillReport.FindingsMax);
        Directory.Exists(Path.Combine(cluster.DataDirectory, "drill")).ShouldBeFalse();
    }

    [Fact]
    public async Task Drill_KeyringsLost_FindsThatNothingCanBeRecovered()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        foreach (var store in cluster.Stores) await store.DeleteBlobAsync("keyring", CancellationToken.None);

        (await system.DrillAsync(new(), null, CancellationToken.None)).Findings.ShouldHaveSingleItem().ShouldContain("Nothing could be recovered");
    }

    [Fact]
    public async Task Drill_TooFewShardsOfASegment_FindsWhatCannotBeReadBack()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await system.PutAsync(bucket, "large", SystemActions.Content(1, 1_000_000));
        var row = (await system.Metadata.FindVersionAsync(bucket.Id, "large", null, CancellationToken.None))!;
        var segment = (await system.Objects.LocateAsync(row, CancellationToken.None)).Single().Segments.Values.Single();
        for (var index = 0; index < 3; index++) await cluster.Stores.Single(store => store.Id == segment.Shards[index]).DeleteAsync(new(segment.Id, (byte)index), CancellationToken.None);

        var report = await system.DrillAsync(new(), null, CancellationToken.None);

        report.Findings.ShouldHaveSingleItem().ShouldContain("s3://bucket/large");
        report.Compared.ShouldBe(ObjectCount + 1);
    }

    /// <summary>Objects before and behind a snapshot, two of them empty, and deletes.</summary>
    private static async Task FillAsync(ObjectSystem system)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        for (var index = 0; index < ObjectCount; index++) await system.PutAsync(bucket, $"small/{index:d3}", SystemActions.Content(index, index * 500));
        await system.SnapshotAsync(CancellationToken.None);
        await system.Metadata.DeleteVersionAsync(new(bucket.Id, "small/003", "root", null, WriteConditions.None), CancellationToken.None);
        await system.PutAsync(bucket, "late", []);
    }
}
