using System.Collections.Immutable;

namespace Oort.Metadata.Sqlite;

/// <summary>What a start asks before the engine serves.</summary>
public sealed partial class SqliteMetadataStore
{
    /// <summary>The stores as the database has them, replayed entries included: a start needs them to open the journal. Only before <see cref="StartAsync"/>.</summary>
    public ImmutableArray<StoreRow> ReadStores()
    {
        RequireNotStarted();
        return tables.Small.ListStores();
    }
}
