using Oort.Metadata.Changes;
using Oort.Metadata.Postgres;
using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Metadata.Tests.Postgres;

/// <summary>Two gateways on one database: what one was told, the other shows; what both want, one gets.</summary>
public sealed class TwoGatewayTests(PostgresFixture fixture) : IAsyncLifetime
{
    private static readonly TimeSpan never = TimeSpan.FromHours(1);

    private readonly MemoryJournal journalA = new();
    private readonly MemoryJournal journalB = new();
    private readonly TempDirectory directory = new();
    private TestDatabase database = null!;
    private PostgresMetadataStore a = null!;
    private PostgresMetadataStore b = null!;
    private TestObjects objectsA = null!;
    private TestObjects objectsB = null!;

    public async ValueTask InitializeAsync()
    {
        database = await fixture.CreateDatabaseAsync();
        a = await database.StartAsync("a", journalA);
        b = await database.StartAsync("b", journalB);
        objectsA = await TestObjects.CreateAsync(a, "a");
        objectsB = await TestObjects.CreateAsync(b, "b");
    }

    public async ValueTask DisposeAsync()
    {
        journalA.Release();
        journalB.Release();
        (await b.CheckAsync(10, default)).ShouldBeEmpty();
        await a.DisposeAsync();
        await b.DisposeAsync();
        await database.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Put_Answered_IsShownByTheOtherAtOnce()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        for (var i = 0; i < 20; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (objectsA, b) : (objectsB, (IMetadataStore)a);
            var put = await writer.PutAsync(bucket, "k" + i % 3);
            (await reader.OpenVersionAsync(bucket, "k" + i % 3, null, default))!.Version.Id.ShouldBe(put.Id);
            (await reader.ListObjectsAsync(new(bucket, "", "", "", 10), default)).Objects.Select(entry => entry.Key).ShouldContain("k" + i % 3);
        }
        await a.DeleteVersionAsync(new(bucket, "k0", "o", null, WriteConditions.None), default);
        (await b.FindVersionAsync(bucket, "k0", null, default)).ShouldBeNull();
        (await b.GetTotalsAsync(default)).ShouldBe(await a.GetTotalsAsync(default));
        (await a.GetTotalsAsync(default)).Objects.ShouldBe(2);
    }

    /// <summary>Usage is counted under the lock that orders the gateways: neither decides by what the other has made old.</summary>
    [Fact]
    public async Task Put_ManyAtTheEdgeOfQuotasByBoth_NeverGoAboveThem()
    {
        var (first, second) = (await objectsA.CreateBucketAsync("first"), await objectsB.CreateBucketAsync("second"));
        (await a.UpdateBucketAsync(first, row => row with { Settings = row.Settings.SetItem(Quota.BucketSetting, [.. new Quota(null, 9).ToRecord()]) }, default)).ShouldBe(CommitOutcome.Done);
        await b.PutSettingAsync(Quota.AccountSetting("o"), new Quota(259, null).ToRecord(), default);
        var puts = Enumerable.Range(0, 160).Select(async i =>
        {
            var bucket = i % 4 < 2 ? first : second;
            return (Bucket: bucket, (await (i % 2 == 0 ? objectsA : objectsB).TryPutAsync(bucket, "k" + i, WriteConditions.None)).Outcome);
        });
        var done = (await Task.WhenAll(puts)).Where(put => put.Outcome == CommitOutcome.Done).ToList();
        done.Count.ShouldBe(25);
        done.Count(put => put.Bucket == first).ShouldBeLessThanOrEqualTo(9);
        (await a.GetAccountUsageAsync("o", default)).ShouldBe(new("o", 2, new(25, 250)));
        (await b.GetUsageAsync(second, default))!.Value.Objects.ShouldBe(25 - (await a.GetUsageAsync(first, default))!.Value.Objects);
    }

    [Fact]
    public async Task Put_IfNoneMatchByMany_SucceedsOnceForEachKey()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        var puts = Enumerable.Range(0, 10).SelectMany(key => Enumerable.Range(0, 8).Select(i => (Key: "k" + key, Objects: i % 2 == 0 ? objectsA : objectsB)))
            .Select(async put => (put.Key, (await put.Objects.TryPutAsync(bucket, put.Key, new(IfNoneMatch: "*"))).Outcome));
        var results = await Task.WhenAll(puts);
        results.Where(result => result.Outcome == CommitOutcome.Done).Select(result => result.Key).Order().ShouldBe(Enumerable.Range(0, 10).Select(key => "k" + key));
        results.Count(result => result.Outcome == CommitOutcome.PreconditionFailed).ShouldBe(70);
    }

    [Fact]
    public async Task PutsAndDeletes_OfTheSameKeys_AreOrderedByTheirGenerationsAlike()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        async Task RunAsync(IMetadataStore store, TestObjects objects, int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < 60; i++)
            {
                var key = "k" + random.Next(4);
                if (random.Next(4) == 0) await store.DeleteVersionAsync(new(bucket, key, "o", null, WriteConditions.None), default);
                else (await objects.TryPutAsync(bucket, key, WriteConditions.None)).Outcome.ShouldBe(CommitOutcome.Done);
            }
        }
        await Task.WhenAll(RunAsync(a, objectsA, 1), RunAsync(b, objectsB, 2), RunAsync(a, objectsA, 3), RunAsync(b, objectsB, 4));
        var entries = journalA.Entries.Concat(journalB.Entries).ToArray();
        GenerationsOf(entries).GroupBy(generation => generation).ShouldAllBe(group => group.Count() == 1, "Each generation is one command of one gateway.");
        await RebuildShouldEqual(entries);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Journals_OfBoth_MergedInAnyOrder_EqualTheDatabase(int seed)
    {
        await Task.WhenAll(new Workload(a, seed, "a").RunAsync(150), new Workload(b, seed + 100, "b").RunAsync(150));
        var entries = journalA.Entries.Concat(journalB.Entries).ToArray();
        new Random(seed).Shuffle(entries);
        await RebuildShouldEqual(entries);
    }

    [Fact]
    public async Task Start_OfTheSameGateway_FencesTheOlderProcess()
    {
        await objectsA.CreateBucketAsync("before");
        await using var second = await database.StartAsync("a", journalA);
        (await Should.ThrowAsync<MetadataUnavailableException>(async () => await objectsA.CreateBucketAsync("after"))).InnerException!.Message.ShouldContain("Another process");
        await (await TestObjects.CreateAsync(second, "a")).CreateBucketAsync("after");
        await objectsB.CreateBucketAsync("other");
        (await second.FindBucketAsync("before", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task OpenEpoch_ByTheOther_FencesTheWriterOfTheOldOne()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        await objectsA.PutAsync(bucket, "k");
        await b.OpenEpochAsync("a", default);
        (await objectsA.TryPutAsync(bucket, "k", WriteConditions.None)).Outcome.ShouldBe(CommitOutcome.Fenced);
        await objectsB.PutAsync(bucket, "k");
    }

    [Fact]
    public async Task Lease_TakenByOne_IsNotGivenToTheOther()
    {
        var lease = (await a.TryTakeLeaseAsync("collector", "a", never, default)).ShouldNotBeNull();
        (await b.TryTakeLeaseAsync("collector", "b", never, default)).ShouldBeNull();
        (await b.RenewLeaseAsync(lease with { Token = lease.Token - 1 }, never, default)).ShouldBeFalse();
        await a.ReleaseLeaseAsync(lease, default);
        (await b.TryTakeLeaseAsync("collector", "b", never, default))!.Token.ShouldBeGreaterThan(lease.Token);
    }

    [Fact]
    public async Task Read_OfWhatTheOtherHasNotJournalled_WaitsAndTheRestDoesNot()
    {
        await using var impatient = await database.StartAsync("c", options: database.Options("c") with { ReadWaitMax = TimeSpan.FromMilliseconds(50), AdoptAfter = never });
        var bucket = await objectsA.CreateBucketAsync("bucket");
        await objectsA.PutAsync(bucket, "old");
        journalA.Hold();
        var put = objectsA.PutAsync(bucket, "new");
        await database.UntilAsync("SELECT count(*) FROM outbox WHERE gateway = 'a'", "1");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await impatient.FindVersionAsync(bucket, "new", null, default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await impatient.ListObjectsAsync(new(bucket, "", "", "", 10), default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await impatient.DeleteBucketAsync(bucket, default));
        (await impatient.FindVersionAsync(bucket, "old", null, default)).ShouldNotBeNull();
        (await impatient.FindBucketAsync("bucket", default)).ShouldNotBeNull();
        put.IsCompleted.ShouldBeFalse();
        var patient = b.FindVersionAsync(bucket, "new", null, default).AsTask();
        journalA.Release();
        (await patient)!.Id.ShouldBe((await put).Id);
        (await impatient.FindVersionAsync(bucket, "new", null, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Read_OfWhatADeadGatewayLeft_AdoptsIt()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        await objectsA.PutAsync(bucket, "replaced");
        journalA.Refusal = new IOException("gone");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await objectsA.PutAsync(bucket, "replaced"));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await objectsA.CreateBucketAsync("never"));
        await a.DisposeAsync();

        var journalC = new MemoryJournal();
        await using (var heir = await database.StartAsync("c", journalC, database.Options("c") with { AdoptAfter = TimeSpan.Zero }))
            (await heir.FindVersionAsync(bucket, "replaced", null, default)).ShouldNotBeNull();
        (await database.QueryAsync("SELECT count(*) FROM outbox WHERE gateway = 'a'")).ShouldBe("0");
        await RebuildShouldEqual([.. journalA.Entries, .. journalB.Entries, .. journalC.Entries]);

        journalA.Refusal = null;
        a = await database.StartAsync("a", journalA);
        await (await TestObjects.CreateAsync(a, "a")).PutAsync(bucket, "more");
        await RebuildShouldEqual([.. journalA.Entries, .. journalB.Entries, .. journalC.Entries]);
    }

    [Fact]
    public async Task Start_AfterACrashBeforeTheJournal_OffersTheOutboxFirst()
    {
        var bucket = await objectsA.CreateBucketAsync("bucket");
        journalA.Refusal = new IOException("gone");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await objectsA.PutAsync(bucket, "left"));
        await a.DisposeAsync();
        await objectsB.PutAsync(bucket, "meanwhile");
        journalA.Refusal = null;
        a = await database.StartAsync("a", journalA);
        (await a.FindVersionAsync(bucket, "left", null, default)).ShouldNotBeNull();
        GenerationsOf(journalA.Entries).Max().ShouldBe((await a.FindVersionAsync(bucket, "left", null, default))!.Id.Generation);
        await RebuildShouldEqual([.. journalA.Entries, .. journalB.Entries]);
    }

    [Fact]
    public async Task Replay_DatabasePutBackToABackup_EqualsTheOriginalWhoeverWroteWhat()
    {
        await Task.WhenAll(new Workload(a, 21, "a").RunAsync(60), new Workload(b, 22, "b").RunAsync(60));
        await a.DisposeAsync();
        await b.DisposeAsync();
        await using var copy = await fixture.CopyDatabaseAsync(database);
        a = await database.StartAsync("a", journalA);
        b = await database.StartAsync("b", journalB);
        await Task.WhenAll(new Workload(a, 23, "a").RunAsync(60), new Workload(b, 24, "b").RunAsync(60));
        var original = await ExportAsync(b);

        await using var replayed = await copy.OpenAsync("b");
        Should.Throw<InvalidOperationException>(async () => await replayed.StartAsync(journalB, journalB.Last));
        var entries = journalA.Entries.Select(entry => ("a", entry)).Concat(journalB.Entries.Select(entry => ("b", entry))).OrderBy(one => one.entry.LastGeneration);
        foreach (var (gateway, entry) in entries) await replayed.ReplayAsync(gateway, entry, default);
        await replayed.StartAsync(journalB, journalB.Last);
        (await replayed.CheckAsync(10, default)).ShouldBeEmpty();
        (await ExportAsync(replayed)).ShouldBe(original);
    }

    private static List<ulong> GenerationsOf(IEnumerable<JournalEntry> entries)
    {
        var result = new List<ulong>();
        foreach (var entry in entries)
        {
            var seen = new HashSet<ulong>();
            var reader = new ChangeReader(entry.Changes.Span);
            while (reader.Next()) seen.Add(reader.Generation);
            seen.ShouldAllBe(generation => generation >= entry.FirstGeneration && generation <= entry.LastGeneration);
            result.AddRange(seen);
        }
        return result;
    }

    /// <summary>What a recovery makes of the journals is what the database has.</summary>
    private async Task RebuildShouldEqual(IReadOnlyCollection<JournalEntry> entries)
    {
        var path = directory.File(Path.GetRandomFileName());
        using (var rebuilder = MetadataRebuilder.Create(path, 0, TimeProvider.System))
        {
            foreach (var entry in entries) rebuilder.ApplyEntry(entry);
            rebuilder.Finish().ShouldBeEmpty();
        }
        await using var rebuilt = SqliteMetadataStore.Open(new() { Path = path }, TimeProvider.System);
        await rebuilt.StartAsync(new MemoryJournal(), rebuilt.CommittedGeneration);
        (await ExportAsync(b)).ShouldBe(await ExportAsync(rebuilt));
    }

    private static async Task<List<string>> ExportAsync(IMetadataStore store)
    {
        var result = new List<string>();
        await foreach (var batch in store.ExportAsync(default)) result.Add(Convert.ToHexString(batch.Changes.Span));
        return result;
    }
}
