using System.Collections.Immutable;

namespace Oort.Metadata.Sqlite;

/// <summary>What a start asks before the engine serves.</summary>
public sealed partial class SqliteMetadataStore
{
    public ValueTask<ImmutableArray<StoreRow>> ReadStoresAsync(CancellationToken cancellationToken)
    {
        RequireNotStarted();
        return ValueTask.FromResult(tables.Small.ListStores());
    }
}
