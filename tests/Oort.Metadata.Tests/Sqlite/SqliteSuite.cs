using Oort.Metadata.Sqlite;
using Oort.Metadata.Tests.Suite;

namespace Oort.Metadata.Tests.Sqlite;

/// <summary>The embedded engine passes the suite; after each test its derived state is checked against its rows.</summary>
public sealed class SqliteSuite : MetadataSuite
{
    private readonly TempDirectory directory = new();
    private SqliteMetadataStore? store;

    private protected override async ValueTask<IMetadataStore> CreateAsync()
    {
        store = SqliteMetadataStore.Open(new() { Path = directory.File("metadata.db") }, TimeProvider.System);
        await store.StartAsync(new MemoryJournal(), 0);
        return store;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Dispose();
    }
}
