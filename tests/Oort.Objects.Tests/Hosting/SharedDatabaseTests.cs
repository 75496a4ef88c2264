using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

/// <summary>Several gateways on one PostgreSQL database and the same stores.</summary>
public sealed class SharedDatabaseTests : IAsyncLifetime
{
    private readonly TestCluster first = new();
    private readonly TestCluster second = new(0);
    private PostgresHost host = null!;

    public async ValueTask InitializeAsync()
    {
        host = await PostgresHost.StartAsync();
        await host.CreateDatabaseAsync("shared");
        second.Stores.AddRange(first.Stores);
        Use("shared");
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await second.DisposeAsync();
        await first.DisposeAsync();
    }

    [Fact]
    public async Task TwoGateways_OnOneDatabase_ServeOneNamespace()
    {
        ClusterId cluster;
        await using (var a = await first.OpenAsync())
        {
            cluster = a.Cluster;
            await using var b = await JoinAsync(cluster);
            b.Gateway.ShouldNotBe(a.Gateway);
            await ShouldServeOneNamespaceAsync(a, b);
        }

        await using (var b = await second.OpenAsync())
        await using (var a = await first.OpenAsync())
        {
            (await a.GetAsync("bucket", "large-b")).ShouldBe(SystemActions.Content(2, 700_000));
            (await b.GetAsync("bucket", "small-a")).ShouldBe(SystemActions.Content(3, 5_000));
            (await a.FsckAsync(repair: false, null, CancellationToken.None)).Findings.Where(finding => finding.Severity != FindingSeverity.Note).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Repair_TwoGatewaysAreAskedForTheSame_EachShardIsRebuiltOnce()
    {
        first.Options = first.Options with { RunWorkers = true };
        second.Options = second.Options with { RunWorkers = true };
        await using var a = await first.OpenAsync();
        await using var b = await JoinAsync(a.Cluster);
        var bucket = await a.CreateBucketAsync("repaired");
        for (var number = 0; number < 8; number++) await a.PutAsync(bucket, $"key{number}", SystemActions.Content(number, 1_000));
        var rows = (await a.Metadata.ListSegmentsAsync(default, 100, notFullOnly: false, store: null, CancellationToken.None)).Where(row => row.IsFull).ToList();
        rows.ShouldNotBeEmpty();
        foreach (var row in rows) await first.Stores.Single(store => store.Id == row.Shards[0]).Inner.DeleteAsync(new(row.Id, 0), CancellationToken.None);

        foreach (var system in (ObjectSystem[])[a, b]) system.AskRepair(rows.Select(row => row.Id));

        await Eventually.Async(() => Task.FromResult(a.GetStatus().Repair is { Queued: 0, Running: 0 } && b.GetStatus().Repair is { Queued: 0, Running: 0 }));
        (a.GetStatus().Repair.Repaired + b.GetStatus().Repair.Repaired).ShouldBe(rows.Count);
        foreach (var row in rows) (await first.Stores.Single(store => store.Id == row.Shards[0]).Inner.StatAsync(new(row.Id, 0), CancellationToken.None)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Recover_JournalsAndSnapshotsOfTwoGateways_GiveBackEveryByte()
    {
        await using (var a = await first.OpenAsync())
        await using (var b = await JoinAsync(a.Cluster))
        {
            await ShouldServeOneNamespaceAsync(a, b);
            await b.SnapshotAsync(CancellationToken.None);
            var bucket = (await a.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            for (var i = 0; i < 6; i++) (await (i % 2 == 0 ? a : b).PutAsync(bucket, "turns", [(byte)i])).Outcome.ShouldBe(CommitOutcome.Done);
            await a.SnapshotAsync(CancellationToken.None);
            for (var i = 6; i < 11; i++) (await (i % 2 == 0 ? a : b).PutAsync(bucket, "turns", [(byte)i])).Outcome.ShouldBe(CommitOutcome.Done);
        }

        Directory.Delete(first.DataDirectory, recursive: true);
        Directory.CreateDirectory(first.DataDirectory);
        var report = await Objects.Recovery.RunAsync(
            new() { DataDirectory = first.DataDirectory, OpenTimeout = TimeSpan.FromSeconds(5) }, first.Endpoints, first.Root, TimeProvider.System, first.Logs, null, CancellationToken.None);
        report.Findings.ShouldBeEmpty();
        report.Problems.ShouldBeEmpty();
        first.Options = first.Options with { MetadataDatabase = null };
        await using var again = await first.OpenAsync();
        (await again.GetAsync("bucket", "turns")).ShouldBe([10]);
        (await again.GetAsync("bucket", "large-b")).ShouldBe(SystemActions.Content(2, 700_000));
        (await again.GetAsync("bucket", "small-a")).ShouldBe(SystemActions.Content(3, 5_000));
        (await again.GetAsync("bucket", "gone")).ShouldBeNull();
    }

    [Fact]
    public async Task Start_DatabasePutBackToABackup_TakesWhatItLacksFromAllJournals()
    {
        await using (var a = await first.OpenAsync())
        await using (var b = await JoinAsync(a.Cluster))
            await ShouldServeOneNamespaceAsync(a, b);
        await host.QueryAsync("postgres", "CREATE DATABASE older TEMPLATE shared");
        await using (var a = await first.OpenAsync())
        await using (var b = await second.OpenAsync())
        {
            var bucket = (await a.Metadata.FindBucketAsync("bucket", CancellationToken.None))!;
            for (var i = 0; i < 9; i++) (await (i % 2 == 0 ? a : b).PutAsync(bucket, "turns", [(byte)i])).Outcome.ShouldBe(CommitOutcome.Done);
            await b.Metadata.DeleteVersionAsync(new(bucket.Id, "small-a", "root", null, WriteConditions.None), CancellationToken.None);
        }

        Use("older");
        await using (var b = await second.OpenAsync())
        await using (var a = await first.OpenAsync())
        {
            (await a.GetAsync("bucket", "turns")).ShouldBe([8]);
            (await b.GetAsync("bucket", "small-a")).ShouldBeNull();
            (await b.GetAsync("bucket", "large-b")).ShouldBe(SystemActions.Content(2, 700_000));
            (await a.Metadata.CheckAsync(10, CancellationToken.None)).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Start_DatabaseOfItsOwnOrOfAnotherCluster_IsRefused()
    {
        await using (await first.OpenAsync()) { }
        await using var stranger = new TestCluster { Options = first.Options };
        (await Should.ThrowAsync<StartRefusedException>(async () => await stranger.OpenAsync())).Reason.ShouldBe(StartRefusal.TooFewStores);
        Directory.EnumerateFileSystemEntries(stranger.DataDirectory).ShouldBeEmpty("nothing was touched");
        (await host.QueryAsync("shared", "SELECT count(*) FROM gateways")).ShouldBe("1");

        await using var own = new TestCluster();
        await using (await own.OpenAsync()) { }
        own.Options = first.Options;
        (await Should.ThrowAsync<StartRefusedException>(async () => await own.OpenAsync())).Message.ShouldContain("migrate");
        first.Options = first.Options with { MetadataDatabase = null };
        (await Should.ThrowAsync<StartRefusedException>(async () => await first.OpenAsync())).Reason.ShouldBe(StartRefusal.HalfDirectory);
    }

    [Fact]
    public async Task Join_WithoutAStoreOfItsOwn_TakesThoseOfTheDatabase()
    {
        var options = second.Options;
        await using var a = await first.OpenAsync();
        second.Options = options with
        {
            Locate = location => first.Stores.FirstOrDefault(store => store.Location == location) is { } store ? new MarkedEndpoint(store, a.Cluster) : null,
            AreStoresDefault = true,
        };
        var blank = new MemoryStore(new StoreId(77));
        await using (var b = await second.OpenAsync([new BlankEndpoint(blank)]))
        {
            b.Cluster.ShouldBe(a.Cluster);
            b.GetStatus().Stores.Length.ShouldBe(first.Stores.Count, "a blank place that nobody named is not taken in");
            await ShouldServeOneNamespaceAsync(a, b);
        }

        // It is known now, and comes back as who it was.
        await using var again = await second.OpenAsync([new BlankEndpoint(blank)]);
        (await again.GetAsync("bucket", "large-b")).ShouldBe(SystemActions.Content(2, 700_000));
        (await host.QueryAsync("shared", "SELECT count(*) FROM gateways")).ShouldBe("2");
    }

    [Fact]
    public async Task FollowStores_OfOneThatMovedThroughAnotherGateway_LooksForItThere()
    {
        await using var a = await first.OpenAsync();
        var located = new System.Collections.Concurrent.ConcurrentQueue<string>();
        second.Options = second.Options with
        {
            Locate = location =>
            {
                located.Enqueue(location);
                return null;
            },
        };
        await using var b = await JoinAsync(a.Cluster);
        await a.RelocateDiskAsync(first.Stores[0].Id, "elsewhere", CancellationToken.None);

        await b.FollowStoresAsync(CancellationToken.None);

        located.ShouldContain("elsewhere");
    }

    [Fact]
    public async Task PlacementChange_OfTwoGatewaysAtOnce_IsMadeOnceAndToldToTheOther()
    {
        await using var a = await first.OpenAsync();
        await using var b = await JoinAsync(a.Cluster);
        await a.Stores.Placement.ChangeAsync(a.Metadata, document => With(document, "one"), CancellationToken.None);

        // B has read, and has not yet written, when A changes the policies.
        var conflict = await Should.ThrowAsync<PlacementConflictException>(async () => await b.Stores.Placement.ChangeAsync(
            b.Metadata,
            document =>
            {
                a.Stores.Placement.ChangeAsync(a.Metadata, now => With(now, "two"), CancellationToken.None).AsTask().GetAwaiter().GetResult();
                return With(document, "three");
            },
            CancellationToken.None));
        conflict.Message.ShouldContain("another gateway");
        (await Should.ThrowAsync<PlacementConflictException>(async () => await b.Stores.Placement.ChangeAsync(b.Metadata, document => With(document, "three"), CancellationToken.None, revision: 1))).Message.ShouldContain("revision 2");

        await b.Stores.Placement.ChangeAsync(b.Metadata, document => With(document, "three"), CancellationToken.None, revision: 2);
        b.Stores.Placement.Document.Policies.Keys.Order().ShouldBe(["one", "three", "two"]);

        static PlacementDocument With(PlacementDocument document, string name) => document with { Policies = document.Policies.SetItem(name, new() { Name = name }) };
    }

    [Fact]
    public async Task Move_WhileClientsWork_LosesNothingAndServesFromTheOther()
    {
        first.Options = first.Options with { MetadataDatabase = null };
        var address = second.Options.MetadataDatabase!;
        var answered = new System.Collections.Concurrent.ConcurrentDictionary<string, byte[]>();
        await using (var system = await first.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            await PutManyAsync(system, bucket, "before", 40, answered);
            await Should.ThrowAsync<MetadataUnavailableException>(async () => await system.MoveMetadataAsync(host.Address("missing"), null, CancellationToken.None));
            await Should.ThrowAsync<MetadataMoveException>(async () => await system.MoveMetadataAsync("nonsense", null, CancellationToken.None));
            using var stop = new CancellationTokenSource();
            var writers = Enumerable.Range(0, 3).Select(i => Task.Run(async () =>
            {
                for (var n = 0; !stop.IsCancellationRequested; n++) await PutManyAsync(system, bucket, $"during{i}-{n}-", 5, answered);
            })).ToArray();
            var reader = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                    (await system.GetAsync("bucket", "before3")).ShouldBe(answered["before3"], "Reads go on.");
            });
            var report = await system.MoveMetadataAsync(address, null, CancellationToken.None);
            report.Objects.ShouldBeGreaterThanOrEqualTo(40);
            await PutManyAsync(system, bucket, "after", 10, answered);
            await stop.CancelAsync();
            await Task.WhenAll([.. writers, reader]);
            await Should.ThrowAsync<MetadataMoveException>(async () => await system.MoveMetadataAsync(address, null, CancellationToken.None));
            (await system.Metadata.CheckAsync(10, CancellationToken.None)).ShouldBeEmpty();
            await using var b = await JoinAsync(system.Cluster);
            foreach (var (key, content) in answered) (await b.GetAsync("bucket", key)).ShouldBe(content, key);
        }

        (await Should.ThrowAsync<StartRefusedException>(async () => await first.OpenAsync())).Message.ShouldContain("--metadata");
        first.Options = first.Options with { MetadataDatabase = address };
        await using var again = await first.OpenAsync();
        File.Exists(Path.Combine(first.DataDirectory, "metadata.db")).ShouldBeFalse();
        foreach (var (key, content) in answered) (await again.GetAsync("bucket", key)).ShouldBe(content, key);
        (await again.Metadata.GetTotalsAsync(CancellationToken.None)).Objects.ShouldBe(answered.Count);
    }

    [Fact]
    public async Task Move_ToADatabaseThatIsInUse_IsRefusedAndChangesNothing()
    {
        await using (await first.OpenAsync()) { }
        await using var own = new TestCluster();
        await using var system = await own.OpenAsync();
        await system.CreateBucketAsync("bucket");
        await Should.ThrowAsync<MetadataMoveException>(async () => await system.MoveMetadataAsync(first.Options.MetadataDatabase!, null, CancellationToken.None));
        await system.CreateBucketAsync("another");
        await using var again = await first.OpenAsync();
        (await again.Metadata.FindBucketAsync("bucket", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task Move_WithDeletedDataAndAKeyThatShallGo_CarriesBothAndChangesNoKeysUnderSeveralGateways()
    {
        first.Options = first.Options with { MetadataDatabase = null };
        var address = second.Options.MetadataDatabase!;
        DataId before, after;
        await using (var system = await first.OpenAsync())
        {
            var bucket = await system.CreateBucketAsync("bucket");
            foreach (var key in (string[])["a", "b", "kept"]) await system.PutAsync(bucket, key, SystemActions.Content(7, 5_000));
            before = await DeleteAsync(system, bucket, "a");
            await system.RotateKeyAsync(null, CancellationToken.None);
            await system.DestroyKeyAsync(1, CancellationToken.None);
            await system.MoveMetadataAsync(address, null, CancellationToken.None);
            after = await DeleteAsync(system, bucket, "b");
            (await system.FindErasedAsync(before, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped", "The note of it came along.");
            (await system.FindErasedAsync(after, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped");
        }

        first.Options = first.Options with { MetadataDatabase = address };
        await using (var a = await first.OpenAsync())
        await using (var b = await JoinAsync(a.Cluster))
        {
            foreach (var system in new[] { a, b })
            {
                (await Should.ThrowAsync<KeyChangeException>(async () => await system.RotateKeyAsync(TimeSpan.Zero, CancellationToken.None))).Message.ShouldContain("oort recover");
                (await Should.ThrowAsync<KeyChangeException>(async () => await system.DestroyKeyAsync(1, CancellationToken.None))).Message.ShouldContain("oort recover");
                await system.Rotation.RunAsync(CancellationToken.None);
                system.GetKeyVersions().ShouldBe([1, 2], "What was asked for before the move waits.");
                (await system.Metadata.ListDataAsync(null, 10, CancellationToken.None)).ShouldAllBe(row => row.KeyVersion == 2, "Wrapping anew goes on.");
                (await system.GetKeyStatusAsync(CancellationToken.None)).Waiting.ShouldContain("oort recover");
                (await system.ShredAsync(CancellationToken.None)).HeldBack.ShouldContain("oort recover");
                (await system.FindErasedAsync(before, 0, CancellationToken.None)).ShouldHaveSingleItem().State.ShouldBe("dropped");
                (await system.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(7, 5_000));
            }
        }

        // The way out that the refusals name.
        Directory.Delete(first.DataDirectory, recursive: true);
        Directory.CreateDirectory(first.DataDirectory);
        (await Objects.Recovery.RunAsync(
            new() { DataDirectory = first.DataDirectory, OpenTimeout = TimeSpan.FromSeconds(30) }, first.Endpoints, first.Root, TimeProvider.System, first.Logs, null, CancellationToken.None)).Findings.ShouldBeEmpty();
        first.Options = first.Options with { MetadataDatabase = null };
        await using var alone = await first.OpenAsync();
        await alone.RotateKeyAsync(TimeSpan.Zero, CancellationToken.None);
        for (var round = 0; round < 2; round++) await alone.Rotation.RunAsync(CancellationToken.None);
        alone.GetKeyVersions().ShouldBe([3]);
        (await alone.ShredAsync(CancellationToken.None)).HeldBack.ShouldBe("");
        (await alone.GetAsync("bucket", "kept")).ShouldBe(SystemActions.Content(7, 5_000));
    }

    [Fact]
    public async Task Backup_OfASharedDatabase_IsRestoredIntoTheDirectoryOfAGatewayThatWasAlone()
    {
        var path = Path.Combine(first.DataDirectory, "..", "backup");
        Task<RestoreReport> RestoreAsync() => MetadataRestore.RunAsync(new() { DataDirectory = first.DataDirectory, BackupPath = path }, first.Endpoints, first.Root, TimeProvider.System, first.Logs, null, CancellationToken.None);
        await using (var a = await first.OpenAsync())
        {
            var bucket = await a.CreateBucketAsync("bucket");
            await a.PutAsync(bucket, "before", SystemActions.Content(1, 5_000));
            await using (var backup = await a.BackupMetadataAsync(CancellationToken.None))
            await using (var file = File.Create(path)) await backup.Content.CopyToAsync(file);
            await a.PutAsync(bucket, "after", SystemActions.Content(2, 5_000));
            await DeleteAsync(a, bucket, "before");
        }

        (await RestoreAsync()).Records.ShouldBeGreaterThan(0);
        first.Options = first.Options with { MetadataDatabase = null };
        await using (var own = await first.OpenAsync())
        {
            (await own.GetAsync("bucket", "after")).ShouldBe(SystemActions.Content(2, 5_000));
            (await own.GetAsync("bucket", "before")).ShouldBeNull();
            (await own.Metadata.CheckAsync(10, CancellationToken.None)).ShouldBeEmpty();
        }

        foreach (var file in Directory.GetFiles(first.DataDirectory, "metadata.db*")) File.Delete(file);
        await host.CreateDatabaseAsync("several");
        Use("several");
        await using (var a = await first.OpenAsync())
        await using (var b = await JoinAsync(a.Cluster))
            await b.CreateBucketAsync("other");
        (await Should.ThrowAsync<RestoreRefusedException>(RestoreAsync)).Message.ShouldContain("Another gateway");
    }

    private static async Task<DataId> DeleteAsync(ObjectSystem system, BucketRow bucket, string key)
    {
        var data = (await system.Metadata.FindVersionAsync(bucket.Id, key, null, CancellationToken.None))!.Extents[0].Data;
        (await system.Metadata.DeleteVersionAsync(new(bucket.Id, key, "root", null, WriteConditions.None), CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);
        return data;
    }

    private static async Task PutManyAsync(ObjectSystem system, BucketRow bucket, string prefix, int count, System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> answered)
    {
        for (var i = 0; i < count; i++)
        {
            var content = SystemActions.Content(i + prefix.Length, 1_000 + i);
            while (true)
            {
                try
                {
                    (await system.PutAsync(bucket, prefix + i, content)).Outcome.ShouldBe(CommitOutcome.Done);
                    answered[prefix + i] = content;
                    break;
                }
                catch (MetadataUnavailableException)
                {
                    // Refused for the moment of the move: clients try again.
                    continue;
                }
            }
        }
    }

    private void Use(string database)
    {
        foreach (var cluster in new[] { first, second }) cluster.Options = cluster.Options with { MetadataDatabase = host.Address(database) };
    }

    private Task<ObjectSystem> JoinAsync(ClusterId cluster) => second.OpenAsync([.. second.Stores.Select(store => new MarkedEndpoint(store, cluster))]);

    private static async Task ShouldServeOneNamespaceAsync(ObjectSystem a, ObjectSystem b)
    {
        var bucket = await a.CreateBucketAsync("bucket");
        (await b.PutAsync(bucket, "large-b", SystemActions.Content(2, 700_000))).Outcome.ShouldBe(CommitOutcome.Done);
        (await a.PutAsync(bucket, "small-a", SystemActions.Content(3, 5_000))).Outcome.ShouldBe(CommitOutcome.Done);
        (await b.PutAsync(bucket, "gone", [1])).Outcome.ShouldBe(CommitOutcome.Done);
        (await a.Metadata.DeleteVersionAsync(new(bucket.Id, "gone", "root", null, WriteConditions.None), CancellationToken.None)).Outcome.ShouldBe(CommitOutcome.Done);
        (await a.GetAsync("bucket", "large-b")).ShouldBe(SystemActions.Content(2, 700_000));
        (await b.GetAsync("bucket", "small-a")).ShouldBe(SystemActions.Content(3, 5_000));
        (await b.GetAsync("bucket", "gone")).ShouldBeNull();
    }

    /// <summary>A place where nothing was ever put.</summary>
    private sealed class BlankEndpoint(IStore store) : IStoreEndpoint
    {
        public string Location => "blank";

        public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => ValueTask.FromResult<FoundStore?>(null);

        public ValueTask<IStore> OpenAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);

        public ValueTask<IStore> CreateAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);
    }

    /// <summary>A store that says to which cluster it belongs, as a disk does.</summary>
    private sealed class MarkedEndpoint(IStore store, ClusterId cluster) : IStoreEndpoint
    {
        public string Location => store.Location;

        public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => ValueTask.FromResult<FoundStore?>(new(store.Id, cluster));

        public ValueTask<IStore> OpenAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);

        public ValueTask<IStore> CreateAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);
    }
}
