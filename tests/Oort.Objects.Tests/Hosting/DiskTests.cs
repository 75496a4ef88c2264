using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

public sealed class DiskTests
{
    private static readonly int[] Sizes = [10, 70_000, 400_000, 900_000];

    [Fact]
    public async Task Replace_DiskGone_RefillsInTheBackground()
    {
        await using var cluster = new TestCluster();
        cluster.Options = cluster.Options with { RunWorkers = true };
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        cluster.Stores[1].Offline = true;
        await Eventually.TrueAsync(() => system.GetStatus().Stores[1].Health == StoreHealth.Offline);
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        (await system.PutAsync(bucket, "degraded", SystemActions.Content(3, 300_000))).Durability.ShouldBe("quorum");

        var fresh = TestCluster.NewStore();
        await system.ReplaceDiskAsync(cluster.Stores[1].Id, new OpenStoreEndpoint(fresh), CancellationToken.None);
        await Eventually.Async(async () => await IsFullAsync(system, cluster.Stores[1].Id));

        // The new one carries its share: two others may go.
        cluster.Stores[0].Offline = true;
        cluster.Stores[4].Offline = true;
        await CheckAsync(system);
        (await system.GetAsync("bucket", "degraded")).ShouldBe(SystemActions.Content(3, 300_000));
        (await system.ListDisksAsync(CancellationToken.None)).Single(disk => disk.Store.Id == fresh.Id).Segments.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Replace_BrokenOffAfterTheNewOneJoined_GoesOnWhenCalledAgain(bool isRestarted)
    {
        await using var cluster = new TestCluster();
        var gone = cluster.Stores[1];
        var fresh = TestCluster.NewStore();
        var system = await cluster.OpenAsync();
        await FillAsync(system);
        gone.Offline = true;
        await Eventually.TrueAsync(() => system.GetStatus().Stores[1].Health == StoreHealth.Offline);

        // As far as a replacement gets before it says that the old one is gone.
        await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
        if (isRestarted)
        {
            await system.DisposeAsync();
            cluster.Stores.Add(fresh);
            system = await cluster.OpenAsync();
        }

        await using (system)
        {
            // Only of one that is gone: otherwise a mistake in the name would cost a good disk.
            (await Should.ThrowAsync<DiskChangeException>(async () => await system.ReplaceDiskAsync(cluster.Stores[2].Id, new OpenStoreEndpoint(fresh), CancellationToken.None))).Message.ShouldContain("or drain");
            (await Should.ThrowAsync<DiskChangeException>(async () => await system.ReplaceDiskAsync(fresh.Id, new OpenStoreEndpoint(fresh), CancellationToken.None))).Message.ShouldContain("give an empty disk");

            (await system.ReplaceDiskAsync(gone.Id, new OpenStoreEndpoint(fresh), CancellationToken.None)).Store.Id.ShouldBe(fresh.Id);
            (await system.Metadata.ListStoresAsync(CancellationToken.None)).Single(row => row.Id == gone.Id).State.ShouldBe(StoreState.Removed);
            system.GetStatus().Stores.ShouldNotContain(store => store.Id == gone.Id);
            await system.DrainRepairsAsync();
            (await IsFullAsync(system, gone.Id)).ShouldBeTrue();
            await CheckAsync(system);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Add_WhoseRowIsInDoubt_KeepsTheStoreThatTheRowIsOf(bool isGivenUp)
    {
        await using var cluster = new TestCluster();
        var time = new ShiftedTime();
        cluster.Time = time;
        cluster.Options = cluster.Options with { Journal = cluster.Options.Journal with { QuorumTimeout = TimeSpan.FromMilliseconds(300) } };
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        foreach (var store in cluster.Stores.Take(4)) store.Inject(Oort.Backends.Suite.StoreOperations.AppendLog, times: int.MaxValue);
        var fresh = TestCluster.NewStore();
        using var caller = new CancellationTokenSource();

        // The row is in the database, and its record below the journal's quorum, when nobody waits for it any longer.
        var adding = system.AddDiskAsync(new OpenStoreEndpoint(fresh), caller.Token).AsTask();
        await Eventually.TrueAsync(() => system.GetStatus().Stores.Length == 7);
        await Task.Delay(500);
        if (isGivenUp) time.Advance(TimeSpan.FromMinutes(1));
        else await caller.CancelAsync();
        if (isGivenUp) await Should.ThrowAsync<MetadataUnavailableException>(adding);
        foreach (var store in cluster.Stores) store.Heal();
        if (!isGivenUp) (await adding).Store.Id.ShouldBe(fresh.Id);

        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await Eventually.Async(async () => (await system.PutAsync(bucket, "after", [2])).Outcome == CommitOutcome.Done);
        (await system.Metadata.ListStoresAsync(CancellationToken.None)).ShouldContain(row => row.Id == fresh.Id && row.State == StoreState.Active);
        system.GetStatus().Stores.ShouldContain(store => store.Id == fresh.Id);
        (await Should.ThrowAsync<DiskChangeException>(async () => await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None))).Message.ShouldContain("already");
    }

    [Fact]
    public async Task Add_BlankDisk_IsUsedAndChangesTheGeometry()
    {
        await using var cluster = new TestCluster(5);
        await using var system = await cluster.OpenAsync();
        system.GetStatus().Geometry.ShouldBe(new Geometry(3, 2));
        await FillAsync(system);

        var fresh = TestCluster.NewStore();
        await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None);
        system.GetStatus().Geometry.ShouldBe(new Geometry(4, 2));
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await system.PutAsync(bucket, "wide", SystemActions.Content(3, 300_000));
        (await system.ListDisksAsync(CancellationToken.None)).Single(disk => disk.Store.Id == fresh.Id).Segments.ShouldBe(1);
        await CheckAsync(system);
        await Should.ThrowAsync<DiskChangeException>(async () => await system.AddDiskAsync(new OpenStoreEndpoint(fresh), CancellationToken.None));
    }

    [Fact]
    public async Task Drain_SpareDisk_MovesEverythingAwayAndRemovesIt()
    {
        await using var cluster = new TestCluster(7);
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        var leaving = cluster.Stores.First(store => system.ListDisksAsync(CancellationToken.None).AsTask().Result.Single(disk => disk.Store.Id == store.Id).Segments > 0);
        await system.DrainDiskAsync(leaving.Id, CancellationToken.None);
        await system.DrainRepairsAsync();

        system.GetStatus().Stores.ShouldNotContain(store => store.Id == leaving.Id);
        (await system.Metadata.ListSegmentsAsync(default, 10, false, leaving.Id, CancellationToken.None)).ShouldBeEmpty();
        leaving.Offline = true;
        await CheckAsync(system);
        (await system.FsckAsync(false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
    }

    [Fact]
    public async Task Drain_NoSpareDisk_IsRefused()
    {
        await using var cluster = new TestCluster(6);
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        (await Should.ThrowAsync<DiskChangeException>(async () => await system.DrainDiskAsync(cluster.Stores[0].Id, CancellationToken.None))).Message.ShouldContain("add a disk");
    }

    [Fact]
    public async Task Replace_JournalQuorumLost_GivesItBack()
    {
        await using var cluster = new TestCluster();
        await using var system = await cluster.OpenAsync();
        await FillAsync(system);
        foreach (var store in cluster.Stores.Take(3)) store.Offline = true;
        var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
        await Should.ThrowAsync<Exception>(() => system.PutAsync(bucket, "during", [1]));

        // Each replacement is itself a change; the journal goes to the stores that are there now.
        await system.ReplaceDiskAsync(cluster.Stores[0].Id, new OpenStoreEndpoint(TestCluster.NewStore()), CancellationToken.None);
        await system.ReplaceDiskAsync(cluster.Stores[1].Id, new OpenStoreEndpoint(TestCluster.NewStore()), CancellationToken.None);
        await Eventually.Async(async () => (await system.PutAsync(bucket, "after", [2])).Outcome == CommitOutcome.Done);
        (await system.GetAsync("bucket", "after")).ShouldBe([2]);
    }

    [Fact]
    public async Task Replace_RecordStuckBelowItsQuorum_GoesToTheNewStores()
    {
        await using var cluster = new TestCluster();
        cluster.Options = cluster.Options with { Journal = cluster.Options.Journal with { QuorumTimeout = TimeSpan.FromMilliseconds(300) } };
        await using (var system = await cluster.OpenAsync())
        {
            await FillAsync(system);
            var bucket = (await system.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            foreach (var store in cluster.Stores.Take(3)) store.Inject(Oort.Backends.Suite.StoreOperations.AppendLog, times: int.MaxValue);
            await Should.ThrowAsync<MetadataUnavailableException>(() => system.PutAsync(bucket, "stuck", [1]));

            var fresh = TestCluster.NewStore();
            await system.ReplaceDiskAsync(cluster.Stores[0].Id, new OpenStoreEndpoint(fresh), CancellationToken.None);
            await Eventually.Async(async () => (await system.PutAsync(bucket, "after", [2])).Outcome == CommitOutcome.Done);
            cluster.Stores[0] = fresh;
        }

        // The log that never reached its quorum is passed over at the next start; the one that took its place holds the record.
        foreach (var store in cluster.Stores) store.Heal();
        Directory.Delete(cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(cluster.DataDirectory);
        var report = await Oort.Objects.Recovery.RunAsync(new() { DataDirectory = cluster.DataDirectory }, cluster.Endpoints, cluster.Root, TimeProvider.System, cluster.Logs, null, CancellationToken.None);
        report.Findings.ShouldBeEmpty();
        await using var again = await cluster.OpenAsync();
        (await again.GetAsync("bucket", "after")).ShouldBe([2]);
        (await again.GetAsync("bucket", "stuck")).ShouldBe([1]);
        await CheckAsync(again);
    }

    private static async Task FillAsync(ObjectSystem system)
    {
        var bucket = await system.CreateBucketAsync("bucket");
        foreach (var size in Sizes) (await system.PutAsync(bucket, $"key{size}", SystemActions.Content(size, size))).Durability.ShouldBe("full");
    }

    private static async Task CheckAsync(ObjectSystem system)
    {
        foreach (var size in Sizes) (await system.GetAsync("bucket", $"key{size}")).ShouldBe(SystemActions.Content(size, size));
    }

    private static async Task<bool> IsFullAsync(ObjectSystem system, StoreId gone) =>
        (await system.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull == 0
        && (await system.Metadata.ListSegmentsAsync(default, 1, notFullOnly: false, gone, CancellationToken.None)).IsEmpty;
}
