using Oort.Backends;
using Oort.Metadata.Sqlite;

namespace Oort.Metadata.Tests.Sqlite;

/// <summary>Puts that are answered before the database's COMMIT: nobody may notice, whatever happens to the database.</summary>
public sealed class SharedCommitTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private readonly MemoryJournal journal = new();
    private SqliteMetadataStore store = null!;
    private BucketRow bucket = null!;
    private ulong epoch;
    private ulong nextSegment;

    public async ValueTask InitializeAsync() => await OpenAsync(new() { Path = directory.File("metadata.db"), CommitDelayMax = TimeSpan.FromHours(1) });

    public async ValueTask DisposeAsync()
    {
        journal.Release();
        (await store.CheckAsync(10, default)).ShouldBeEmpty();
        await store.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Put_Answered_IsInTheJournalNotInTheFileAndShown()
    {
        for (var i = 0; i < 5; i++)
        {
            var put = await PutAsync("k" + i);
            var found = (await store.OpenVersionAsync(bucket.Id, "k" + i, null, default))!;
            found.Version.Id.ShouldBe(put.Id);
            found.Data.Single().Segments.Keys.ShouldBe([found.Data[0].Data.Runs[0].Segment]);
            (await store.FindVersionAsync(bucket.Id, "k" + i, null, default))!.Id.ShouldBe(put.Id);
        }
        await using (var copy = Copy()) copy.CommittedGeneration.ShouldBe(store.CommittedGeneration - 5);
        journal.Last.ShouldBe(store.CommittedGeneration);
        (await Keys()).ShouldBe(["k0", "k1", "k2", "k3", "k4"]);
        await using (var copy = Copy()) copy.CommittedGeneration.ShouldBe(store.CommittedGeneration, "The listing had it stored.");
    }

    [Fact]
    public async Task Put_FindByIdOrPlace_IsShown()
    {
        var put = await PutAsync("k");
        (await store.FindVersionAsync(bucket.Id, "k", "null", default))!.Id.ShouldBe(put.Id);
        put = await PutAsync("k");
        (await store.LocateAsync([put.Extents[0].Data], default)).ShouldHaveSingleItem();
        (await PutAsync("m")).Extents.Length.ShouldBe(1);
        (await store.GetTotalsAsync(default)).Objects.ShouldBe(2);
    }

    [Fact]
    public async Task Put_OverwrittenThenDeletedInOneTransaction_IsGone()
    {
        await PutAsync("k");
        await PutAsync("k");
        await store.DeleteVersionAsync(new(bucket.Id, "k", "o", null, WriteConditions.None), default);
        (await store.OpenVersionAsync(bucket.Id, "k", null, default)).ShouldBeNull();
        (await Keys()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Put_JournalHeld_IsNotShownBeforeItIsJournalled()
    {
        journal.Hold();
        var put = PutAsync("k");
        var read = store.OpenVersionAsync(bucket.Id, "k", null, default).AsTask();
        while (store.CommittedGeneration == journal.Last) await Task.Yield();
        var found = store.OpenVersionAsync(bucket.Id, "k", null, default).AsTask();
        found.IsCompleted.ShouldBeFalse();
        put.IsCompleted.ShouldBeFalse();
        journal.Release();
        (await found)!.Version.Id.ShouldBe((await put).Id);
        await read;
    }

    [Fact]
    public async Task Crash_BeforeTheCommit_IsReplayedFromTheJournal()
    {
        for (var i = 0; i < 40; i++) await PutAsync("k" + i % 7); // One COMMIT on the way.
        await using (var copy = Copy())
        {
            copy.CommittedGeneration.ShouldBeLessThan(journal.Last);
            foreach (var entry in journal.Entries) await copy.ReplayAsync(entry, default);
            await copy.StartAsync(new MemoryJournal(), journal.Last);
            (await copy.CheckAsync(10, default)).ShouldBeEmpty();
            (await copy.GetTotalsAsync(default)).ShouldBe(await store.GetTotalsAsync(default));
        }
        var replayed = await DatabaseRows.ReadAsync(directory.File("copy.db"));
        await store.DisposeAsync();
        replayed.ShouldBe(await DatabaseRows.ReadAsync(directory.File("metadata.db")));
        await OpenAsync(new() { Path = directory.File("metadata.db") });
    }

    [Fact]
    public async Task Crash_AfterTheCommitBeforeTheJournal_LeavesTheEntryInTheOutbox()
    {
        await PutAsync("k");
        journal.Hold();
        var put = PutAsync("held");
        while (store.CommittedGeneration == journal.Last) await Task.Yield();
        var listing = store.ListObjectsAsync(new(bucket.Id, "", "", "", 10), default).AsTask(); // Has it stored, and waits for the journal.
        ulong stored = 0;
        while (stored < store.CommittedGeneration)
        {
            await using var copy = Copy();
            stored = copy.CommittedGeneration;
            if (stored == store.CommittedGeneration) copy.PendingOutbox().ShouldHaveSingleItem("The one before is in the journal.").LastGeneration.ShouldBe(stored);
        }
        listing.IsCompleted.ShouldBeFalse();
        journal.Release();
        await put;
        (await listing).Objects.Length.ShouldBe(2);
    }

    [Fact]
    public async Task Command_FaultsAfterItBeganToWrite_TakesNothingOfThePutsBefore()
    {
        var before = await PutAsync("kept");
        var bad = Put("bad");
        bad = bad with { NewData = bad.NewData with { Segments = [bad.NewData.Segments[0] with { Shards = [] }] } };
        await Should.ThrowAsync<ArgumentException>(async () => await store.PutVersionAsync(bad, default));
        (await store.FindVersionAsync(bucket.Id, "kept", null, default))!.Id.ShouldBe(before.Id);
        (await Keys()).ShouldBe(["kept"]);
        (await PutAsync("after")).Id.Generation.ShouldBe(before.Id.Generation + 1);
        (await Keys()).ShouldBe(["after", "kept"]);
    }

    [Fact]
    public async Task Put_DatabaseFull_KeepsAllThatWereAnswered()
    {
        await store.DisposeAsync();
        await OpenAsync(new() { Path = directory.File("metadata.db"), PagesMax = 150, CommitDelayMax = TimeSpan.FromHours(1) });
        var answered = new List<string>();
        await Should.ThrowAsync<MetadataUnavailableException>(async () =>
        {
            while (true)
            {
                var key = $"k{answered.Count:0000}" + new string('x', 500);
                await PutAsync(key);
                answered.Add(key);
            }
        });
        answered.Count.ShouldBeGreaterThan(20);
        journal.Last.ShouldBe(store.CommittedGeneration);
        (await Keys()).ShouldBe(answered);
        foreach (var key in answered.Take(10)) await store.DeleteVersionAsync(new(bucket.Id, key, "o", null, WriteConditions.None), default);
        (await Keys()).ShouldBe(answered.Skip(10));
    }

    [Fact]
    public async Task Puts_Idle_AreStoredByThemselves()
    {
        await store.DisposeAsync();
        await OpenAsync(new() { Path = directory.File("metadata.db"), CommitDelayMax = TimeSpan.FromMilliseconds(1) });
        await PutAsync("k");
        ulong stored = 0;
        while (stored < store.CommittedGeneration)
        {
            await using var copy = Copy();
            stored = copy.CommittedGeneration;
        }
        (await Keys()).ShouldBe(["k"]);
    }

    private async Task OpenAsync(SqliteMetadataOptions options)
    {
        store = SqliteMetadataStore.Open(options, TimeProvider.System);
        await store.StartAsync(journal, journal.Last);
        epoch = await store.OpenEpochAsync("g", default);
        bucket = (await store.CreateBucketAsync(new() { Id = default, Name = "b", OwnerId = "o", Created = DateTimeOffset.UnixEpoch, Region = "r" }, default)).Bucket!;
    }

    /// <summary>What a kill of the process would leave: the files as they are now.</summary>
    private SqliteMetadataStore Copy()
    {
        foreach (var end in (string[])["", "-wal"])
        {
            File.Delete(directory.File("copy.db" + end));
            if (File.Exists(directory.File("metadata.db" + end))) File.Copy(directory.File("metadata.db" + end), directory.File("copy.db" + end));
        }
        return SqliteMetadataStore.Open(new() { Path = directory.File("copy.db") }, TimeProvider.System);
    }

    private async Task<string[]> Keys() => [.. (await store.ListObjectsAsync(new(bucket.Id, "", "", "", 1000), default)).Objects.Select(entry => entry.Key)];

    private async Task<VersionRow> PutAsync(string key)
    {
        var result = await store.PutVersionAsync(Put(key), default);
        result.Outcome.ShouldBe(CommitOutcome.Done);
        return result.Version!;
    }

    private PutVersion Put(string key)
    {
        var segment = new SegmentRow { Id = new(epoch, ++nextSegment), Geometry = new(1, 0), PayloadLength = 26, Shards = [new StoreId(1)] };
        var data = new DataRow { Id = DataId.Create(DateTimeOffset.UnixEpoch), Length = 10, KeyVersion = 1, WrappedKey = [1], Runs = [new(segment.Id, 0, 26)] };
        return new(bucket.Id, key, "o", 10, "e", "STANDARD", ObjectAttributes.Empty, [new(data.Id, 0, 10, 0, [])], new(epoch, [segment], [data]), WriteConditions.None);
    }
}
