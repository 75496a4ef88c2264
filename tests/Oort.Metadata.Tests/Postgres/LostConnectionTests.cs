using System.Globalization;
using Oort.Metadata.Postgres;
using Oort.Shared;

namespace Oort.Metadata.Tests.Postgres;

/// <summary>The server, or the way to it, goes away in the middle: nothing is done twice, nothing that was answered is lost.</summary>
public sealed class LostConnectionTests(PostgresFixture fixture) : IAsyncLifetime
{
    private readonly MemoryJournal journal = new();
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await fixture.CreateDatabaseAsync();

    public async ValueTask DisposeAsync() => await database.DisposeAsync();

    [Theory]
    [InlineData("versions")]
    [InlineData("heads")]
    [InlineData("segments")]
    [InlineData("placements")]
    [InlineData("data")]
    [InlineData("runs")]
    [InlineData("outbox")]
    [InlineData("gateways")]
    [InlineData("state")]
    public async Task Commit_SessionEndedAtAStatement_IsRunAgainAndDoneOnce(string table)
    {
        await using var store = await database.StartAsync("g", journal);
        var objects = await TestObjects.CreateAsync(store, "g");
        var bucket = await objects.CreateBucketAsync("bucket");
        await store.UpdateBucketAsync(bucket, row => row with { Versioning = VersioningState.Enabled }, default);
        // The sequence counts what transactions that are taken back did, so only the first attempt is hit.
        await database.QueryAsync($"""
            CREATE SEQUENCE kills;
            CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('kills') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;
            CREATE TRIGGER kill AFTER INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION kill();
            """);
        await objects.PutAsync(bucket, "k");
        int.Parse(await database.QueryAsync("SELECT last_value FROM kills"), CultureInfo.InvariantCulture).ShouldBeGreaterThan(1);
        await ShouldHaveOneVersion(store, bucket);
    }

    [Fact]
    public async Task Commit_AnswerLost_IsLookedUpAndDoneOnce()
    {
        await using var proxy = new CuttingProxy(database.Host.Port);
        await using var store = await database.StartAsync("g", journal, database.Options("g") with { Address = Through(proxy) });
        var objects = await TestObjects.CreateAsync(store, "g");
        var bucket = await objects.CreateBucketAsync("bucket");
        await store.UpdateBucketAsync(bucket, row => row with { Versioning = VersioningState.Enabled }, default);
        await database.QueryAsync($"""
            CREATE SEQUENCE cuts;
            CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('cuts') = 1 THEN RAISE NOTICE '{CuttingProxy.Mark}'; END IF; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON heads DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
            """);
        await objects.PutAsync(bucket, "k");
        proxy.Cuts.ShouldBe(1);
        (await database.QueryAsync("SELECT last_value FROM cuts")).ShouldBe("1", "It was not run again.");
        await ShouldHaveOneVersion(store, bucket);
    }

    [Fact]
    public async Task Commands_SessionsEndedAllTheTime_AreDoneOnceOrRefused()
    {
        await using var store = await database.StartAsync("g", journal);
        var objects = await TestObjects.CreateAsync(store, "g");
        var bucket = await objects.CreateBucketAsync("bucket");
        using var stop = new CancellationTokenSource();
        var killer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await database.Host.QueryAsync("postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.Name}'");
        });
        var answered = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            var key = $"k{i:00}";
            try
            {
                await objects.PutAsync(bucket, key);
                answered.Add(key);
            }
            catch (MetadataUnavailableException)
            {
                // Told so; it may be there or not.
                continue;
            }
        }
        await stop.CancelAsync();
        await killer;
        answered.Count.ShouldBeGreaterThan(0);
        (await store.ListObjectsAsync(new(bucket, "", "", "", 1000), default)).Objects.Select(entry => entry.Key).Intersect(answered).ShouldBe(answered);
        journal.Entries.Sum(entry => (long)entry.Changes.Length).ShouldBeGreaterThan(0);
        (await store.CheckAsync(10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_CrashedAndStartedAgain_RefusesMeanwhileAndGoesOn()
    {
        await using var host = await PostgresHost.StartAsync();
        await host.CreateDatabaseAsync("own");
        await using var own = new TestDatabase(host, "own");
        await using var store = await own.StartAsync("g", journal, own.Options("g") with { DatabaseWaitMax = TimeSpan.FromSeconds(1) });
        var objects = await TestObjects.CreateAsync(store, "g");
        var bucket = await objects.CreateBucketAsync("bucket");
        var before = await objects.PutAsync(bucket, "before");
        await host.StopAsync(crash: true);
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.FindVersionAsync(bucket, "before", null, default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await objects.PutAsync(bucket, "never"));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.CheckAsync(10, default));
        await host.RestartAsync();
        await objects.PutAsync(bucket, "after");
        (await store.FindVersionAsync(bucket, "before", null, default))!.Id.ShouldBe(before.Id);
        (await store.ListObjectsAsync(new(bucket, "", "", "", 10), default)).Objects.Select(entry => entry.Key).ShouldBe(["after", "before"]);
        (await store.CheckAsync(10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_LostBeforeTheEngineServes_SaysThatItIsAway()
    {
        await using var host = await PostgresHost.StartAsync();
        await host.CreateDatabaseAsync("own");
        await using var own = new TestDatabase(host, "own");
        await using var store = await PostgresMetadataStore.OpenAsync(own.Options("g"), TimeProvider.System, default);
        await host.StopAsync(crash: true);

        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.ReadStoresAsync(default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.PendingOutboxAsync(default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await store.ReadCommittedAsync(default));
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await PostgresMetadataStore.PeekAsync(own.Options("g").Address, default));
        await host.RestartAsync(); // The database is dropped in it.
    }

    private string Through(CuttingProxy proxy) => database.Options("g").Address.Replace($":{database.Host.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);

    private async Task ShouldHaveOneVersion(PostgresMetadataStore store, BucketId bucket)
    {
        var version = (await store.ListVersionsAsync(new(bucket, "", "", "", null, 10), default)).Versions.ShouldHaveSingleItem();
        journal.Last.ShouldBe(version.Id.Generation);
        (await store.CheckAsync(10, default)).ShouldBeEmpty();
    }
}
