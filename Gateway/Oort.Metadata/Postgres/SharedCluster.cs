using System.Collections.Immutable;

namespace Oort.Metadata.Postgres;

/// <summary>The cluster that a database is of, as it stands there.</summary>
/// <param name="Cluster">Its id as text; while a move to this database is not finished, something else.</param>
public sealed record SharedCluster(string Cluster, ImmutableArray<StoreRow> Stores);
