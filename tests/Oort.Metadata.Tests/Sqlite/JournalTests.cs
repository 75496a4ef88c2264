using Oort.Metadata.Changes;
using Oort.Metadata.Sqlite;

namespace Oort.Metadata.Tests.Sqlite;

/// <summary>What callers and readers see while the journal is slow, refuses, or lies.</summary>
public sealed class JournalTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private readonly MemoryJournal journal = new();
    private SqliteMetadataStore store = null!;

    public async ValueTask InitializeAsync()
    {
        store = SqliteMetadataStore.Open(
            new()
            {
                Path = directory.File("metadata.db"),
                JournalWaitMax = TimeSpan.FromMilliseconds(20),
                GatherWaitMax = TimeSpan.FromMinutes(1),
                ReadWaitMax = TimeSpan.FromMilliseconds(20),
                RetryDelayMin = TimeSpan.FromMilliseconds(1),
                RetryDelayMax = TimeSpan.FromMilliseconds(2),
            },
            TimeProvider.System);
        await store.StartAsync(journal, 0);
    }

    public async ValueTask DisposeAsync()
    {
        journal.Release();
        await store.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Command_JournalHeld_IsNotAnsweredAndNotShown()
    {
        var first = (await Create("a")).Bucket!;
        journal.Hold();
        var second = Create("b").AsTask();
        await Until(() => store.CommittedGeneration == 2);
        second.IsCompleted.ShouldBeFalse();
        store.JournalledGeneration.ShouldBe(1ul);
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.FindBucketAsync("b", default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.ListBucketsAsync(null, "", "", 10, default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await Collect());
        (await store.ListObjectsAsync(new(first.Id, "", "", "", 10), default)).Objects.ShouldBeEmpty("It does not concern this bucket's objects.");
        journal.Release();
        (await second).Outcome.ShouldBe(CommitOutcome.Done);
        (await store.FindBucketAsync("b", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task GatherWrites_CommandsQueuedMeanwhile_ShareOneEntry()
    {
        Task[] created;
        using (store.GatherWrites())
        {
            // A second one within the first changes nothing, and ending it twice neither.
            var inner = store.GatherWrites()!;
            created = [.. Enumerable.Range(0, 50).Select(i => Create($"bucket-{i}").AsTask())];
            inner.Dispose();
            inner.Dispose();
            store.CommittedGeneration.ShouldBe(0ul);
        }
        await Task.WhenAll(created);
        journal.Entries.Count.ShouldBe(1);
        journal.Last.ShouldBe(50ul);
    }

    [Fact]
    public async Task Command_RefusedByItsConditions_WaitsForWhatRefusedIt()
    {
        journal.Hold();
        var first = Create("a").AsTask();
        var second = Create("a").AsTask();
        await Until(() => store.CommittedGeneration == 1);
        second.IsCompleted.ShouldBeFalse("BucketExists would tell of a bucket that a crash could take back.");
        journal.Release();
        (await first).Outcome.ShouldBe(CommitOutcome.Done);
        (await second).Outcome.ShouldBe(CommitOutcome.BucketExists);
    }

    [Fact]
    public async Task Journal_Refuses_CallersAreToldReadsOfTheRestGoOnAndTheEntryComesFirstLater()
    {
        var bucket = (await Create("a")).Bucket!;
        await store.PutSettingAsync("old", [1], default);
        journal.Refusal = new MetadataUnavailableException("too few stores");
        (await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.PutSettingAsync("new", [2], default))).InnerException!.Message.ShouldBe("too few stores");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await Create("c"));
        store.JournalFault.ShouldNotBeNull();
        store.CommittedGeneration.ShouldBe(3ul, "Nothing new is committed while the journal refuses.");
        (await store.GetSettingAsync("old", default)).ShouldBe([1]);
        (await store.ListObjectsAsync(new(bucket.Id, "", "", "", 10), default)).IsTruncated.ShouldBeFalse();
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.GetSettingAsync("new", default));
        await Until(() => journal.Refused >= 3);

        journal.Refusal = null;
        await Until(() => store.JournalFault is null);
        (await store.GetSettingAsync("new", default)).ShouldBe([2]);
        (await Create("c")).Outcome.ShouldBe(CommitOutcome.Done);
        journal.Entries.Select(entry => entry.FirstGeneration).ShouldBe([1ul, 2, 3, 4]);
    }

    [Fact]
    public async Task Journal_FailsThoughItTookTheEntry_IsOfferedItAgain()
    {
        journal.LateRefusal = new IOException("timed out");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await Create("a"));
        await Until(() => store.JournalFault is null);
        (await Create("b")).Outcome.ShouldBe(CommitOutcome.Done);
        journal.Entries.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Dispose_JournalRefuses_EndsAndKeepsTheEntryForTheNextStart()
    {
        await Create("a");
        journal.Refusal = new IOException("gone");
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await Create("b"));
        await store.DisposeAsync();
        journal.Refusal = null;
        store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System);
        store.PendingOutbox().Select(entry => entry.LastGeneration).ShouldBe([2ul]);
        await store.StartAsync(journal, journal.Last);
        (await store.FindBucketAsync("b", default)).ShouldNotBeNull();
        journal.Last.ShouldBe(2ul);
    }

    [Fact]
    public async Task Dispose_AllJournalled_LeavesAnEmptyOutbox()
    {
        await Create("a");
        await store.DisposeAsync();
        store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System);
        store.PendingOutbox().ShouldBeEmpty();
        await store.StartAsync(journal, journal.Last);
    }

    [Fact]
    public async Task Commands_ThatWait_ShareOneEntry()
    {
        journal.Hold();
        var first = Create("first").AsTask();
        await Until(() => store.CommittedGeneration == 1);
        var tasks = Enumerable.Range(0, 200).Select(i => Create($"b{i:000}").AsTask()).ToArray();
        journal.Release();
        await Task.WhenAll(tasks);
        journal.Entries.Count.ShouldBeLessThan(100);
        journal.Entries[^1].LastGeneration.ShouldBe(201ul);
        (await first).Outcome.ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task Delete_LastReference_JournalsTheEndOfTheWrappedKeyAndWipesIt()
    {
        var epoch = await store.OpenEpochAsync("g", default);
        var bucket = (await Create("a")).Bucket!;
        var wrapped = "a wrapped key that must not stay readable"u8.ToArray();
        var segment = new SegmentRow { Id = new(epoch, 1), Geometry = new(1, 0), PayloadLength = 26, Shards = [new StoreId(1)] };
        var data = new DataRow { Id = new(99), Length = 10, KeyVersion = 1, WrappedKey = [.. wrapped], Runs = [new(segment.Id, 0, 26)] };
        await store.PutVersionAsync(new(bucket.Id, "k", "o", 10, "e", "STANDARD", ObjectAttributes.Empty, [new(data.Id, 0, 10, 0, [])], new(epoch, [segment], [data]), WriteConditions.None), default);
        await store.DeleteVersionAsync(new(bucket.Id, "k", "o", null, WriteConditions.None), default);
        DeletesOf(journal.Entries[^1]).ShouldBe([RowTable.Version, RowTable.Data]);

        await store.PutSettingAsync("later", [1], default); // Takes the outbox row that held the key along.
        await store.DisposeAsync();
        File.ReadAllBytes(directory.File("metadata.db")).AsSpan().IndexOf(wrapped).ShouldBe(-1);
        store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System);
        await store.StartAsync(journal, journal.Last);
    }

    [Fact]
    public async Task Command_DatabaseFull_IsRefusedChangesNothingAndTheEngineGoesOn()
    {
        await using var small = SqliteMetadataStore.Open(new() { Path = directory.File("small.db"), PagesMax = 200 }, TimeProvider.System);
        var entries = new MemoryJournal();
        await small.StartAsync(entries, 0);
        await small.PutSettingAsync("kept", [1], default);
        var stored = 0;
        await Should.ThrowAsync<MetadataUnavailableException>(async () =>
        {
            for (; ; stored++) await small.PutSettingAsync("big" + stored, new byte[20_000], default);
        });
        stored.ShouldBeGreaterThan(1);
        small.CommittedGeneration.ShouldBe(entries.Last);
        (await small.GetSettingAsync("kept", default)).ShouldBe([1]);
        (await small.GetSettingAsync("big" + stored, default)).ShouldBeNull();
        for (var i = 0; i < stored; i++) await small.PutSettingAsync("big" + i, null, default);
        await small.PutSettingAsync("again", new byte[20_000], default);
        (await small.CheckAsync(10, default)).ShouldBeEmpty();
    }

    private static List<RowTable> DeletesOf(JournalEntry entry)
    {
        var result = new List<RowTable>();
        var reader = new ChangeReader(entry.Changes.Span);
        while (reader.Next())
            if (reader.IsDelete) result.Add(reader.Table);
        return result;
    }

    private ValueTask<(CommitOutcome Outcome, BucketRow? Bucket)> Create(string name) =>
        store.CreateBucketAsync(new() { Id = default, Name = name, OwnerId = "o", Created = DateTimeOffset.UnixEpoch, Region = "r" }, default);

    private async Task<int> Collect()
    {
        var count = 0;
        await foreach (var batch in store.ExportAsync(default)) count += batch.Changes.Length;
        return count;
    }

    private static async Task Until(Func<bool> condition)
    {
        // Long enough for any machine; a condition that never comes shows as a cancelled test instead of a hang.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!condition()) await Task.Delay(1, limit.Token);
    }
}
