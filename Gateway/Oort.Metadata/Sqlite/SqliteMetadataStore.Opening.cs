using System.Collections.Immutable;

namespace Oort.Metadata.Sqlite;

/// <summary>What a start asks before the engine serves.</summary>
public sealed partial class SqliteMetadataStore
{
    public ImmutableArray<StoreRow> ReadStores()
    {
        RequireNotStarted();
        return tables.Small.ListStores();
    }
}
