using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;
using Oort.Metadata;
using Oort.Metadata.Postgres;

namespace Oort.Objects;

/// <summary>A PostgreSQL database as a gateway finds it that has no identity yet: it may be one more of a cluster.</summary>
/// <param name="Cluster">The cluster whose metadata it holds.</param>
/// <param name="Stores">The cluster's stores.</param>
public sealed record SharedDatabase(ClusterId Cluster, ImmutableArray<StoreRow> Stores)
{
    /// <summary>Looks; changes nothing.</summary>
    /// <returns>Null: the database is nobody's yet.</returns>
    /// <exception cref="StartRefusedException">It cannot be used.</exception>
    public static async Task<SharedDatabase?> FindAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            if (await PostgresMetadataStore.PeekAsync(address, cancellationToken) is not { } found) return null;
            return UInt128.TryParse(found.Cluster, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var cluster)
                ? new(new(cluster), found.Stores)
                : throw new StartRefusedException(StartRefusal.DatabaseBehind, "Another gateway is moving its metadata to this PostgreSQL database; start again when that is done.");
        }
        catch (MetadataFormatException failure)
        {
            throw new StartRefusedException(StartRefusal.DatabaseBehind, failure.Message, failure);
        }
        catch (Exception failure) when (failure is ArgumentException or MetadataUnavailableException)
        {
            throw new StartRefusedException(StartRefusal.Configuration, failure.Message, failure);
        }
    }
}
