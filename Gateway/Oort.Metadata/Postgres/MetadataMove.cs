using Npgsql;
using Oort.Metadata.Postgres.Recovery;
using Oort.Metadata.Sqlite;

namespace Oort.Metadata.Postgres;

/// <summary>The database's part of a move from SQLite to PostgreSQL: a copy of one instant, behind which the journal goes on.</summary>
/// <remarks>Until <see cref="FinishAsync"/> the target is marked as being moved to, and no gateway starts on it.</remarks>
public static class MetadataMove
{
    private const string Mark = "moving ";

    /// <summary>The cluster's name while the move is not finished: what <see cref="PostgresMetadataOptions.Cluster"/> must be to open the target.</summary>
    public static string Unfinished(string cluster) => Mark + cluster;

    /// <summary>Copies everything, in one transaction; or finds that an earlier attempt did.</summary>
    /// <param name="target">With the gateway that the database is of, and the cluster's own name.</param>
    /// <param name="progress">Rows copied so far.</param>
    /// <returns>The generation of the copy.</returns>
    /// <exception cref="MetadataFormatException">The target holds something else.</exception>
    /// <exception cref="MetadataUnavailableException">It cannot be reached, or went away; nothing was copied.</exception>
    public static async ValueTask<ulong> CopyAsync(SqliteMetadataStore source, PostgresMetadataOptions target, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await using var server = PostgresServer.Create(target);
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await PostgresServer.CheckDurabilityAsync(connection, cancellationToken);
            await Schema.MigrateAsync(connection, cancellationToken);
            ulong present = 0;
            var cluster = "";
            await new RoundTrip(connection).Query("SELECT committed, cluster FROM state", row => (present, cluster) = (row.ULong(0), row.GetString(1))).RunAsync(cancellationToken);
            if (present > 0 && cluster == Unfinished(target.Cluster)) return present;
            if (present > 0 || (cluster.Length > 0 && cluster != Unfinished(target.Cluster))) throw new MetadataFormatException("The PostgreSQL database has metadata in it already. Give an empty one.");

            await PostgresServer.ExecuteAsync(connection, "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0", cancellationToken);
            await new RoundTrip(connection).Add("UPDATE state SET cluster = $1", RoundTrip.Text(Unfinished(target.Cluster))).RunAsync(cancellationToken);
            var generation = await source.ReadInstantAsync((database, instant) => new DatabaseCopy(database, connection, progress, cancellationToken).RunAsync(target.GatewayId, instant), cancellationToken);
            await PostgresServer.ExecuteAsync(connection, "COMMIT", cancellationToken);
            await PostgresServer.ExecuteAsync(connection, "SET statement_timeout = 0; ANALYZE", cancellationToken);
            return generation;
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            throw new MetadataUnavailableException($"The metadata database {server.Shown} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The move is done: gateways of the cluster may start on it.</summary>
    /// <exception cref="MetadataUnavailableException">It cannot be reached.</exception>
    public static async ValueTask FinishAsync(PostgresMetadataOptions target, CancellationToken cancellationToken)
    {
        await using var server = PostgresServer.Create(target);
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await new RoundTrip(connection).Add("UPDATE state SET cluster = $1 WHERE cluster = $2", RoundTrip.Text(target.Cluster), RoundTrip.Text(Unfinished(target.Cluster))).RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is PostgresException || PostgresServer.IsLost(e))
        {
            throw new MetadataUnavailableException($"The metadata database {server.Shown} cannot be used: {e.Message}", e);
        }
    }
}
