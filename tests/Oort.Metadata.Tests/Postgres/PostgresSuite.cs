using Oort.Metadata.Tests.Suite;

namespace Oort.Metadata.Tests.Postgres;

/// <summary>The engine on PostgreSQL passes the suite; after each test its derived state is checked against its rows.</summary>
public sealed class PostgresSuite(PostgresFixture fixture) : MetadataSuite
{
    private TestDatabase database = null!;

    private protected override async ValueTask<IMetadataStore> CreateAsync()
    {
        database = await fixture.CreateDatabaseAsync();
        return await database.StartAsync(Gateway);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await database.DisposeAsync();
    }
}
