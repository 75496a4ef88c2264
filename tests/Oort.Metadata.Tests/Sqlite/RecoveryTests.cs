using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Recovery;
using Oort.Metadata.Tests.Changes;

namespace Oort.Metadata.Tests.Sqlite;

/// <summary>The database lost, behind or torn: from journal and snapshot it becomes the same again.</summary>
public sealed class RecoveryTests : IDisposable
{
    private readonly TempDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Rebuild_FromTheJournalInAnyOrder_EqualsTheOriginal(int seed)
    {
        var journal = new MemoryJournal();
        var original = await FillAsync("original.db", journal, seed, 300);
        using (var rebuilder = MetadataRebuilder.Create(directory.File("rebuilt.db"), 0, TimeProvider.System))
        {
            var entries = journal.Entries.ToArray();
            new Random(seed).Shuffle(entries);
            foreach (var entry in entries.Concat(entries.Take(10))) rebuilder.ApplyEntry(entry);
            rebuilder.Finish().ShouldBeEmpty();
        }
        await ShouldEqual("rebuilt.db", original);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Rebuild_FromSnapshotAndTail_EqualsTheOriginal(int seed)
    {
        var journal = new MemoryJournal();
        var snapshot = new List<SnapshotBatch>();
        List<string> original;
        await using (var store = await OpenAsync("original.db", journal, 0))
        {
            var workload = new Workload(store, seed);
            await workload.RunAsync(200);
            await foreach (var batch in store.ExportAsync(default)) snapshot.Add(batch);
            snapshot.ShouldAllBe(batch => batch.Generation == store.CommittedGeneration && batch.Changes.Length <= 1024 * 1024);
            await workload.RunAsync(200);
        }
        original = await DatabaseRows.ReadAsync(directory.File("original.db"));
        using (var rebuilder = MetadataRebuilder.Create(directory.File("rebuilt.db"), snapshot[0].Generation, TimeProvider.System))
        {
            // The whole journal, also what the snapshot has already, and before it: old changes must not come back.
            foreach (var entry in journal.Entries) rebuilder.ApplyEntry(entry);
            foreach (var batch in snapshot) rebuilder.ApplySnapshot(batch.Changes.Span);
            rebuilder.Finish().ShouldBeEmpty();
        }
        await ShouldEqual("rebuilt.db", original);
    }

    [Fact]
    public async Task Snapshot_ExampleOfThePage_IsRebuiltAndItsNearestRelativesAreNot()
    {
        var page = await File.ReadAllLinesAsync(Path.Combine(ChangeVector.Folder, "..", "..", "..", "docs", "formats", "snapshot.md"));
        var example = ChangeVector.Hex(page.SkipWhile(line => line != "<!-- example: batch -->").Skip(2).TakeWhile(line => line != "```"));
        using (var rebuilder = MetadataRebuilder.Create(directory.File("rebuilt.db"), 7, TimeProvider.System))
        {
            rebuilder.ApplySnapshot(example);
            Should.Throw<MetadataFormatException>(() => rebuilder.ApplySnapshot([1, 7, .. example.AsSpan(2, 1), 1, .. example.AsSpan(4)]));
            Should.Throw<MetadataFormatException>(() => rebuilder.ApplySnapshot([1, 7, 0x13, 0, 1, (byte)'s']));
            Should.Throw<MetadataFormatException>(() => rebuilder.ApplySnapshot([1, 6, .. example.AsSpan(2)]));
            rebuilder.Finish().ShouldBeEmpty();
        }
        await using var store = await OpenAsync("rebuilt.db", new MemoryJournal(), 7);
        (await store.GetSettingAsync("s", default)).ShouldBe([1]);
        var batches = new List<byte[]>();
        await foreach (var batch in store.ExportAsync(default)) batches.Add(batch.Changes.ToArray());
        batches.ShouldHaveSingleItem().ShouldBe(example);
    }

    [Fact]
    public async Task Replay_OfProgressByAge_LosesTheStampWithTheRevisits()
    {
        var (journal, bucket, later) = (new MemoryJournal(), new BucketId(9), new Revisit(DateTimeOffset.UnixEpoch, "k", 0));
        await using (var store = await OpenAsync("original.db", journal, 0))
        {
            (await store.AdvanceAgesAsync(new(bucket, null, [1], 42, [], []), default)).ShouldBeTrue();
            directory.CopyDatabase("original.db", "behind.db");
            (await store.AdvanceAgesAsync(new(bucket, [1], [2], null, [], [later]), default)).ShouldBeTrue();
        }

        await using (var store = SqliteMetadataStore.Open(Options("behind.db"), TimeProvider.System))
        {
            foreach (var entry in journal.Entries) await store.ReplayAsync(entry, default);
            await store.StartAsync(journal, journal.Last);
            (await store.GetSettingAsync(AgeSettings.Progress(bucket), default)).ShouldBe([2]);
            (await store.ListRevisitsAsync(bucket, DateTimeOffset.MaxValue, 10, default)).ShouldBeEmpty("They are not journalled.");
            (await store.FindRevisitStampAsync(bucket, default)).ShouldBeNull("So the run begins anew.");
        }
    }

    [Fact]
    public async Task Rebuild_WithVersions_IndexesTheirTimesAndHasNoStamp()
    {
        var journal = new MemoryJournal();
        VersionRow version;
        BucketId bucket;
        await using (var store = await OpenAsync("original.db", journal, 0))
        {
            var objects = await TestObjects.CreateAsync(store, "g");
            bucket = await objects.CreateBucketAsync("b");
            version = await objects.PutAsync(bucket, "k");
            (await store.AdvanceAgesAsync(new(bucket, null, [1], 42, [], []), default)).ShouldBeTrue();
        }

        using (var rebuilder = MetadataRebuilder.Create(directory.File("rebuilt.db"), 0, TimeProvider.System))
        {
            foreach (var entry in journal.Entries) rebuilder.ApplyEntry(entry);
            rebuilder.Finish().ShouldBeEmpty();
        }

        await using (var store = SqliteMetadataStore.Open(Options("rebuilt.db"), TimeProvider.System))
        {
            await store.StartAsync(journal, journal.Last);
            (await store.ListAgedVersionsAsync(new(bucket, AgePlace.Start, version.LastModified, 10, 1, 1), default)).ShouldHaveSingleItem().Version.Id.ShouldBe(version.Id);
            (await store.FindRevisitStampAsync(bucket, default)).ShouldBeNull();
        }
    }

    [Fact]
    public async Task Replay_DatabaseBehindAfterAPowerCut_EqualsTheOriginal()
    {
        var journal = new MemoryJournal();
        await using (var store = await OpenAsync("original.db", journal, 0))
        {
            var workload = new Workload(store, 6);
            await workload.RunAsync(100);
            directory.CopyDatabase("original.db", "behind.db");
            await workload.RunAsync(300);
        }
        var original = await DatabaseRows.ReadAsync(directory.File("original.db"));
        await using (var store = SqliteMetadataStore.Open(Options("behind.db"), TimeProvider.System))
        {
            Should.Throw<InvalidOperationException>(async () => await store.StartAsync(journal, journal.Last));
            var behind = store.CommittedGeneration;
            behind.ShouldBeLessThan(journal.Last);
            var gap = journal.Entries.First(entry => entry.FirstGeneration > behind + 1);
            await Should.ThrowAsync<ArgumentException>(async () => await store.ReplayAsync(gap, default));
            foreach (var entry in journal.Entries) await store.ReplayAsync(entry, default);
            await store.StartAsync(journal, journal.Last);
            (await store.CheckAsync(10, default)).ShouldBeEmpty();
        }
        await ShouldEqual("behind.db", original);
    }

    [Fact]
    public async Task Crash_BetweenCommitAndJournal_OffersTheOutboxFirstAtTheNextStart()
    {
        var journal = new MemoryJournal();
        BucketRow bucket;
        await using (var store = await OpenAsync("original.db", journal, 0))
        {
            bucket = (await store.CreateBucketAsync(Bucket("a"), default)).Bucket!;
            journal.Hold();
            var unanswered = store.CreateBucketAsync(Bucket("b"), default).AsTask();
            while (store.CommittedGeneration == bucket.Id.Value) await Task.Yield();
            directory.CopyDatabase("original.db", "crashed.db");
            unanswered.IsCompleted.ShouldBeFalse("200 means durable.");
            journal.Release();
            await unanswered;
        }

        var survivor = new MemoryJournal();
        await survivor.AppendAsync(journal.Entries[0], default);
        await using (var store = SqliteMetadataStore.Open(Options("crashed.db"), TimeProvider.System))
        {
            store.PendingOutbox()[^1].LastGeneration.ShouldBe(store.CommittedGeneration);
            survivor.Hold();
            await store.StartAsync(survivor, survivor.Last);
            var found = store.FindBucketAsync("b", default).AsTask();
            found.IsCompleted.ShouldBeFalse("It could still be taken back.");
            survivor.Release();
            (await found).ShouldNotBeNull();
            await store.CreateBucketAsync(Bucket("c"), default);
        }
        survivor.Entries.Select(entry => entry.LastGeneration).ShouldBe([1, 2, 3]);
        survivor.Entries[1].Changes.ToArray().ShouldBe(journal.Entries[1].Changes.ToArray());
    }

    [Fact]
    public async Task Start_JournalOfAnotherOrRewound_IsRefused()
    {
        var journal = new MemoryJournal();
        await FillAsync("original.db", journal, 7, 20);
        await using var store = SqliteMetadataStore.Open(Options("original.db"), TimeProvider.System);
        Should.Throw<InvalidOperationException>(async () => await store.StartAsync(new MemoryJournal(), 0)).Message.ShouldContain("lost its tail");
        await store.StartAsync(journal, journal.Last);
    }

    [Fact]
    public async Task Rebuild_JournalWithAGap_ReportsWhatIsBrokenAndServesTheRest()
    {
        var journal = new MemoryJournal();
        await FillAsync("original.db", journal, 8, 300);
        using (var rebuilder = MetadataRebuilder.Create(directory.File("rebuilt.db"), 0, TimeProvider.System))
        {
            foreach (var entry in journal.Entries.Where((_, i) => i % 7 != 3)) rebuilder.ApplyEntry(entry);
            rebuilder.Finish().ShouldNotBeEmpty();
        }
        await using var store = await OpenAsync("rebuilt.db", new MemoryJournal(), journal.Last);
        foreach (var bucket in await store.ListBucketsAsync(null, "", "", 100, default))
        {
            foreach (var version in (await store.ListVersionsAsync(new(bucket.Id, "", "", "", null, 1000), default)).Versions)
            {
                var isHeld = ObjectLock.Of((await store.FindVersionAsync(bucket.Id, version.Key, version.IdText, default))!.Attributes).Hold == LegalHold.On;
                var deleted = await store.DeleteVersionAsync(new(bucket.Id, version.Key, "owner", version.IdText, WriteConditions.None, BypassesGovernance: true), default);
                deleted.Outcome.ShouldBe(isHeld ? CommitOutcome.Locked : CommitOutcome.Done);
            }
        }
        var problems = await store.CheckAsync(100, default);
        problems.ShouldAllBe(problem => problem.Kind == MetadataProblemKind.SegmentMissing || problem.Kind == MetadataProblemKind.DataMissing || problem.Kind == MetadataProblemKind.References);
    }

    [Fact]
    public async Task Check_DerivedStateTamperedWith_ReportsEachKind()
    {
        await FillAsync("original.db", new MemoryJournal(), 9, 300);
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={directory.File("original.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = """
                UPDATE data SET refs = refs + 1 WHERE id = (SELECT min(id) FROM data);
                UPDATE segments SET live_bytes = live_bytes + 1 WHERE id = (SELECT min(id) FROM segments);
                DELETE FROM heads WHERE (bucket, key) = (SELECT bucket, key FROM heads ORDER BY generation DESC LIMIT 1);
                UPDATE items SET due = 1 WHERE id = (SELECT min(id) FROM items);
                UPDATE item_shards SET item = x'00' WHERE id = (SELECT min(id) FROM item_shards);
                DELETE FROM placements WHERE (store, segment) = (SELECT store, segment FROM placements LIMIT 1);
                UPDATE totals SET value = value + 1 WHERE name = 'versions';
                UPDATE account_usage SET bytes = bytes + 1 WHERE account = (SELECT min(account) FROM account_usage);
                UPDATE versions SET value = x'ff' WHERE (bucket, key, generation) = (SELECT bucket, key, generation FROM versions ORDER BY generation LIMIT 1);
                """;
            await command.ExecuteNonQueryAsync();
        }
        await using var store = SqliteMetadataStore.Open(Options("original.db"), TimeProvider.System);
        var kinds = (await store.CheckAsync(100, default)).Select(problem => problem.Kind).ToHashSet();
        foreach (var kind in new[] { MetadataProblemKind.References, MetadataProblemKind.SegmentUse, MetadataProblemKind.Head,
            MetadataProblemKind.Placement, MetadataProblemKind.Total, MetadataProblemKind.BadRecord, MetadataProblemKind.Item, MetadataProblemKind.Usage })
            kinds.ShouldContain(kind);
    }

    private static BucketRow Bucket(string name) => new() { Id = default, Name = name, OwnerId = "o", Created = DateTimeOffset.UnixEpoch, Region = "r" };

    private SqliteMetadataOptions Options(string name) => new() { Path = directory.File(name) };

    private async Task<SqliteMetadataStore> OpenAsync(string name, MemoryJournal journal, ulong journalled)
    {
        var store = SqliteMetadataStore.Open(Options(name), TimeProvider.System);
        await store.StartAsync(journal, journalled);
        return store;
    }

    private async Task<List<string>> FillAsync(string name, MemoryJournal journal, int seed, int steps)
    {
        await using (var store = await OpenAsync(name, journal, 0)) await new Workload(store, seed).RunAsync(steps);
        return await DatabaseRows.ReadAsync(directory.File(name));
    }

    private async Task ShouldEqual(string name, List<string> original)
    {
        await using (var store = SqliteMetadataStore.Open(Options(name), TimeProvider.System))
            (await store.CheckAsync(10, default)).ShouldBeEmpty();
        (await DatabaseRows.ReadAsync(directory.File(name))).ShouldBe(original);
    }
}
