using System.Text.Json;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Recovery;

public sealed class RecoveryTests
{
    [Fact]
    public async Task Recover_DatabaseDeleted_GivesBackEveryRowAndByte()
    {
        await using var cluster = new TestCluster();
        string before;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, withSnapshot: true);
            before = await DumpAsync(system);
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        var report = await RecoverAsync(cluster, acceptLoss: false);
        report.Findings.ShouldBeEmpty();
        report.Problems.ShouldBeEmpty();
        report.SnapshotGeneration.ShouldBeGreaterThan(0UL);
        report.Records.ShouldBeGreaterThan(0);
        report.UnreadableSegments.ShouldBe(0);

        await using var again = await cluster.OpenAsync();
        (await DumpAsync(again)).ShouldBe(before);
        (await again.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
        again.GetStatus().Collector.Paused.ShouldBe("");
        (await again.CollectAsync(CancellationToken.None)).DroppedSegments.ShouldBe(0);
        again.GetStatus().Collector.Paused.ShouldNotBe("");
    }

    [Fact]
    public async Task Recover_TwoStoresWiped_ReadsEverythingAndRefills()
    {
        await using var cluster = new TestCluster();
        string before;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, withSnapshot: false);
            before = await DumpAsync(system);
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        cluster.Stores.RemoveAt(5);
        cluster.Stores.RemoveAt(2);
        (await RecoverAsync(cluster, acceptLoss: false)).Findings.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        (await DumpAsync(again)).ShouldBe(before);

        foreach (var gone in again.GetStatus().Stores.Where(store => store.Health == StoreHealth.Offline).ToList())
            await again.ReplaceDiskAsync(gone.Id, new OpenStoreEndpoint(TestCluster.NewStore()), CancellationToken.None);
        await again.DrainRepairsAsync();
        (await again.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull.ShouldBe(0);
        // A log that ended with the old disks may be short on a store that was the last to get it.
        await again.FsckAsync(repair: true, null, CancellationToken.None);
        (await again.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
    }

    [Fact]
    public async Task Recover_Twice_IgnoresTheJournalsOfTheFirstGateway()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync()) await FillAsync(system, withSnapshot: false);
        for (var round = 0; round < 2; round++)
        {
            Directory.Delete(cluster.DataDirectory, recursive: true);
            (await RecoverAsync(cluster, acceptLoss: false)).Findings.ShouldBeEmpty();
            await using var system = await cluster.OpenAsync();
            var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            (await system.PutAsync(bucket, "round", [(byte)round])).Outcome.ShouldBe(CommitOutcome.Done);
            (await system.GetAsync("bucket", "large")).ShouldBe(SystemActions.Content(7, 1_500_000));
        }

        await using var last = await cluster.OpenAsync();
        (await last.GetAsync("bucket", "round")).ShouldBe([1]);
    }

    [Fact]
    public async Task Recover_JournalGone_RefusesUntilLossIsAccepted()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, withSnapshot: false);
            await system.SnapshotAsync(CancellationToken.None);
            await system.PutAsync((await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!, "lost", [1]);
        }

        // The log with the record after the snapshot is gone from four stores, and damaged on none: nobody can know whether it was.
        Directory.Delete(cluster.DataDirectory, recursive: true);
        cluster.Stores.RemoveRange(2, 4);
        var refused = await Should.ThrowAsync<RecoveryLossException>(() => RecoverAsync(cluster, acceptLoss: false));
        refused.Findings.ShouldContain(finding => finding.Kind == JournalFindingKind.EndUncertain);
    }

    [Fact]
    public async Task Recover_EveryStoreDrainedSinceTheBeginning_GivesBackEverythingFromThoseThatCameLater()
    {
        await using var cluster = new TestCluster(1);
        string before;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, withSnapshot: false);
            for (var index = 0; index < 3; index++)
            {
                cluster.Stores.Add(TestCluster.NewStore());
                await system.AddDiskAsync(new OpenStoreEndpoint(cluster.Stores[^1]), CancellationToken.None);
            }

            await system.DrainDiskAsync(cluster.Stores[0].Id, CancellationToken.None);
            await system.DrainRepairsAsync();
            system.GetStatus().Stores.ShouldNotContain(store => store.Id == cluster.Stores[0].Id);
            await system.CreateBucketAsync("later");
            before = await DumpAsync(system);
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        cluster.Stores.RemoveAt(0);
        var report = await RecoverAsync(cluster, acceptLoss: false);
        report.Findings.ShouldBeEmpty();
        report.Problems.ShouldBeEmpty();
        report.Unread.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        (await DumpAsync(again)).ShouldBe(before);
    }

    [Fact]
    public async Task Recover_OneStoreNamedAndTheOthersLocated_ReadsThemAll()
    {
        await using var cluster = new TestCluster();
        string before;
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system, withSnapshot: true);
            before = await DumpAsync(system);
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        var located = cluster.Endpoints.Skip(1).Take(4).ToDictionary(endpoint => endpoint.Location);
        var report = await RecoverAsync(cluster, acceptLoss: false, [cluster.Endpoints[0]], location => located.GetValueOrDefault(location));
        report.Findings.ShouldBeEmpty();
        report.UnreadableSegments.ShouldBe(0);
        report.Unread.ShouldHaveSingleItem().Location.ShouldBe(cluster.Stores[5].Location);
        await using var again = await cluster.OpenAsync();
        (await DumpAsync(again)).ShouldBe(before);
    }

    [Fact]
    public async Task Recover_LogLostFromTheMiddle_ReportsTheGapAndGoesOnOnlyWhenLossIsAccepted()
    {
        await using var cluster = new TestCluster();
        for (var round = 0; round < 3; round++)
        {
            await using var system = await cluster.OpenAsync();
            await system.CreateBucketAsync($"bucket-{round}");
        }

        // Each start began a log; the second one goes from every store.
        foreach (var store in cluster.Stores)
        {
            var logs = new List<string>();
            await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, CancellationToken.None)) logs.Add(name);
            logs.Count.ShouldBe(3);
            await store.DeleteLogAsync(logs.Order(StringComparer.Ordinal).ElementAt(1), CancellationToken.None);
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        var refused = await Should.ThrowAsync<RecoveryLossException>(() => RecoverAsync(cluster, acceptLoss: false));
        refused.Findings.ShouldContain(finding => finding.Kind == JournalFindingKind.Gap);
        refused.Message.ShouldContain("--accept-loss");
        (await RecoverAsync(cluster, acceptLoss: true)).Findings.ShouldContain(finding => finding.Kind == JournalFindingKind.Gap);
        await using var again = await cluster.OpenAsync();
        (await again.Metadata.FindBucketAsync("bucket-0", CancellationToken.None)).ShouldNotBeNull();
        (await again.Metadata.FindBucketAsync("bucket-1", CancellationToken.None)).ShouldBeNull();
        (await again.Metadata.FindBucketAsync("bucket-2", CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Recover_HeadsThatDisagree_AreReportedAndGoneOnOverOnlyWhenLossIsAccepted()
    {
        await using var cluster = new TestCluster();
        await CreateBucketAsync(cluster, "common");
        await using var beginning = cluster.CrashedCopy();

        // One history, put away; then everything as it was before it, and another one, which has a log more.
        await CreateBucketAsync(cluster, "one");
        var put = new Dictionary<(StoreId Store, string Log), byte[]>();
        foreach (var store in cluster.Stores)
        {
            var log = (await LogsAsync(store)).Last();
            var bytes = new byte[await store.LogLengthAsync(log, CancellationToken.None)];
            await store.ReadLogAsync(log, 0, bytes, CancellationToken.None);
            put.Add((store.Id, log), bytes);
            await store.DeleteLogAsync(log, CancellationToken.None);
        }

        await CreateBucketAsync(beginning, "other");
        await CreateBucketAsync(beginning, "last");

        // The stores have the middle of the one and the end of the other.
        foreach (var store in cluster.Stores)
        {
            foreach (var ((_, log), bytes) in put.Where(one => one.Key.Store == store.Id))
            {
                (await LogsAsync(store)).ShouldContain(log, "Both have written a log of this name.");
                await store.DeleteLogAsync(log, CancellationToken.None);
                await store.AppendLogAsync(log, 0, bytes, CancellationToken.None);
            }
        }

        Directory.Delete(cluster.DataDirectory, recursive: true);
        var refused = await Should.ThrowAsync<RecoveryLossException>(() => RecoverAsync(cluster, acceptLoss: false));
        refused.Findings.ShouldContain(finding => finding.Kind == JournalFindingKind.HeadsDisagree);
        refused.Message.ShouldContain("--accept-loss");
        (await RecoverAsync(cluster, acceptLoss: true)).Findings.ShouldContain(finding => finding.Kind == JournalFindingKind.HeadsDisagree);
        await using var again = await cluster.OpenAsync();
        (await again.Metadata.FindBucketAsync("common", CancellationToken.None)).ShouldNotBeNull();
        (await again.Metadata.FindBucketAsync("last", CancellationToken.None)).ShouldNotBeNull();

        static async Task CreateBucketAsync(TestCluster at, string name)
        {
            await using var system = await at.OpenAsync();
            await system.CreateBucketAsync(name);
        }

        static async Task<List<string>> LogsAsync(IStore store)
        {
            var logs = new List<string>();
            await foreach (var name in store.ListLogsAsync(JournalLogName.Prefix, CancellationToken.None)) logs.Add(name);
            return [.. logs.Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task Recover_AnotherRootKey_SaysSoAndTouchesNothing()
    {
        await using var cluster = new TestCluster();
        await using (await cluster.OpenAsync()) { }
        Directory.Delete(cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(cluster.DataDirectory);
        using var other = new Crypto.RootKey(new byte[32]);
        (await Should.ThrowAsync<StartRefusedException>(() => Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory }, cluster.Endpoints, other, TimeProvider.System, cluster.Logs, null, CancellationToken.None)))
            .Reason.ShouldBe(StartRefusal.WrongRoot);
        Directory.EnumerateFileSystemEntries(cluster.DataDirectory).ShouldBeEmpty();
    }

    [Fact]
    public async Task Open_DirectoryThatARecoverySucceeded_Refuses()
    {
        await using var cluster = new TestCluster();
        await using (var system = await cluster.OpenAsync()) await FillAsync(system, withSnapshot: false);
        await using var old = cluster.CrashedCopy();
        Directory.Delete(cluster.DataDirectory, recursive: true);
        await RecoverAsync(cluster, acceptLoss: false);
        await using (var system = await cluster.OpenAsync()) await system.CreateBucketAsync("after");

        (await Should.ThrowAsync<StartRefusedException>(old.OpenAsync)).Reason.ShouldBe(StartRefusal.DatabaseBehind);
        await using var again = await cluster.OpenAsync();
        (await again.Metadata.FindBucketAsync("after", CancellationToken.None)).ShouldNotBeNull();
    }

    private static Task<RecoveryReport> RecoverAsync(TestCluster cluster, bool acceptLoss, IReadOnlyList<IStoreEndpoint>? named = null, Func<string, IStoreEndpoint?>? locate = null)
    {
        Directory.CreateDirectory(cluster.DataDirectory);
        return Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory, AcceptLoss = acceptLoss, Locate = locate, OpenTimeout = TimeSpan.FromSeconds(5) }, named ?? cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None);
    }

    /// <summary>Small and large objects, overwrites, deletes, versions and a multipart upload in progress.</summary>
    private static async Task FillAsync(ObjectSystem system, bool withSnapshot)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        for (var index = 0; index < 40; index++) await system.PutAsync(bucket, $"small/{index:d3}", SystemActions.Content(index, index * 500));
        if (withSnapshot) await system.SnapshotAsync(CancellationToken.None);
        await system.PutAsync(bucket, "large", SystemActions.Content(7, 1_500_000));
        await system.Metadata.UpdateBucketAsync(bucket.Id, row => row with { Versioning = VersioningState.Enabled }, CancellationToken.None);
        await system.PutAsync(bucket, "small/001", SystemActions.Content(1001, 10));
        await system.Metadata.DeleteVersionAsync(new(bucket.Id, "small/002", "root", null, WriteConditions.None), CancellationToken.None);
        var versions = await system.Metadata.ListVersionsAsync(new(bucket.Id, "small/003", "", "", null, 10), CancellationToken.None);
        await system.Metadata.DeleteVersionAsync(new(bucket.Id, "small/003", "root", versions.Versions[0].IdText, WriteConditions.None), CancellationToken.None);
    }

    /// <summary>Every version with its metadata and bytes, as text to compare.</summary>
    private static async Task<string> DumpAsync(ObjectSystem system)
    {
        var lines = new List<string>();
        foreach (var bucket in await system.Metadata.ListBucketsAsync(null, "", "", 1000, CancellationToken.None))
        {
            lines.Add(JsonSerializer.Serialize(bucket));
            var page = await system.Metadata.ListVersionsAsync(new(bucket.Id, "", "", "", null, 1000), CancellationToken.None);
            page.IsTruncated.ShouldBeFalse();
            foreach (var listed in page.Versions)
            {
                var version = (await system.Metadata.FindVersionAsync(bucket.Id, listed.Key, listed.IdText, CancellationToken.None))!;
                lines.Add(JsonSerializer.Serialize(version));
                if (version.IsDeleteMarker) continue;
                await using var reader = await system.Objects.OpenAsync(version, CancellationToken.None);
                using var content = new MemoryStream();
                var writer = System.IO.Pipelines.PipeWriter.Create(content, new(leaveOpen: true));
                await reader.CopyToAsync(0, version.Size, writer, CancellationToken.None);
                await writer.CompleteAsync();
                content.Length.ShouldBe(version.Size);
                lines.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content.ToArray())));
            }
        }

        lines.Count.ShouldBeGreaterThan(80);
        return string.Join('\n', lines);
    }
}
