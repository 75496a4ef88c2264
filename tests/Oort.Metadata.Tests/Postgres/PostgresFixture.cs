using Oort.Metadata.Postgres;
using Oort.Shared;

[assembly: AssemblyFixture(typeof(Oort.Metadata.Tests.Postgres.PostgresFixture))]

namespace Oort.Metadata.Tests.Postgres;

/// <summary>One server for all tests of this project; each test has a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private int databases;

    internal PostgresHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await PostgresHost.StartAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    internal async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = "test" + Interlocked.Increment(ref databases);
        await Host.CreateDatabaseAsync(name);
        return new(Host, name);
    }

    /// <summary>A database as another one is now; nobody may be connected to that.</summary>
    internal async Task<TestDatabase> CopyDatabaseAsync(TestDatabase original)
    {
        var name = "test" + Interlocked.Increment(ref databases);
        await Host.QueryAsync("postgres", $"CREATE DATABASE {name} TEMPLATE {original.Name}");
        return new(Host, name);
    }
}

/// <summary>A database of one test.</summary>
internal sealed class TestDatabase(PostgresHost host, string name) : IAsyncDisposable
{
    public PostgresHost Host => host;

    public string Name => name;

    public PostgresMetadataOptions Options(string gateway) => new() { Address = host.Address(name), GatewayId = gateway, ReadConnections = 4 };

    public Task<string> QueryAsync(string sql) => host.QueryAsync(name, sql);

    /// <summary>Waits until a statement gives a text.</summary>
    public async Task UntilAsync(string sql, string expected)
    {
        // Long enough for any machine; a condition that never comes shows as a cancelled test instead of a hang.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await QueryAsync(sql) != expected) await Task.Delay(5, limit.Token);
    }

    public ValueTask<PostgresMetadataStore> OpenAsync(string gateway) => PostgresMetadataStore.OpenAsync(Options(gateway), TimeProvider.System, default);

    /// <summary>An engine that serves, on a journal of its own.</summary>
    public async Task<PostgresMetadataStore> StartAsync(string gateway, IJournal? journal = null, PostgresMetadataOptions? options = null)
    {
        var store = await PostgresMetadataStore.OpenAsync(options ?? Options(gateway), TimeProvider.System, default);
        await store.StartAsync(journal ?? new MemoryJournal(), (journal as MemoryJournal)?.Last ?? 0);
        return store;
    }

    public async ValueTask DisposeAsync() => await host.DropDatabaseAsync(name);
}
