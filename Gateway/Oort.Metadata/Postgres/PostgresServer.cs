using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace Oort.Metadata.Postgres;

/// <summary>The database server as the engine reaches it: connections with its settings, and what their failures mean.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Statements kept prepared on each connection: more than the engine has.</summary>
    private const int PreparedMax = 200;

    /// <summary>Connections beside the readers': the writer's, the one that tells what is journalled, and those of exports and checks.</summary>
    private const int OtherConnections = 4;

    private readonly NpgsqlDataSource source;

    private PostgresServer(NpgsqlDataSource source, string shown) => (this.source, Shown) = (source, shown);

    /// <summary>The address without its password.</summary>
    public string Shown { get; }

    /// <exception cref="ArgumentException">The address is none.</exception>
    public static PostgresServer Create(PostgresMetadataOptions options)
    {
        var address = PostgresAddress.Parse(options.Address);
        var shown = PostgresAddress.Shown(address);
        address.ApplicationName ??= "oort";
        address.MaxPoolSize = options.ReadConnections + OtherConnections;
        address.MaxAutoPrepare = PreparedMax;
        // Settings are made once a connection; a reset on return would undo them, and would cost a wait for each read.
        address.NoResetOnClose = true;
        address.Timeout = Math.Max(1, (int)Math.Ceiling(options.DatabaseWaitMax.TotalSeconds));
        // The server's own limit comes first, and says why. This one is for a server that does not answer any more.
        address.CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds) + 5;
        address.CancellationTimeout = 2_000;
        address.IncludeErrorDetail = false;
        var builder = new NpgsqlDataSourceBuilder(address.ConnectionString);
        var settings = Settings(options);
        builder.UsePhysicalConnectionInitializer(
            connection => Execute(connection, settings),
            async connection => await ExecuteAsync(connection, settings, CancellationToken.None));
        return new(address.Host!.Contains(',', StringComparison.Ordinal) ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary) : builder.Build(), shown);
    }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => source.OpenConnectionAsync(cancellationToken);

    /// <summary>Forgets pooled connections: after a restart of the server all of them are dead.</summary>
    public void Clear() => source.Clear();

    /// <summary>Looks whether what the server commits stays committed.</summary>
    /// <returns>What is not as it should be, but can be lived with.</returns>
    /// <exception cref="MetadataFormatException">Commits could be lost, or this is no primary.</exception>
    public static async ValueTask<ImmutableArray<string>> CheckDurabilityAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        string fsync = "", fullPages = "", commit = "";
        var standby = false;
        await new RoundTrip(connection).Query(
            "SELECT current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery(), (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit')",
            row => (fsync, fullPages, standby, commit) = (row.GetString(0), row.GetString(1), row.GetBoolean(2), row.GetString(3))).RunAsync(cancellationToken);
        if (standby) throw new MetadataFormatException("The PostgreSQL server is a standby. Metadata are read and written on the primary alone.");
        if (fsync != "on")
            throw new MetadataFormatException("The PostgreSQL server runs with fsync = off: a power cut would take commits that other gateways have built upon. Set fsync = on and restart the server.");
        var warnings = ImmutableArray.CreateBuilder<string>();
        if (commit == "off") warnings.Add("The PostgreSQL server has synchronous_commit = off; the gateway's own sessions set it on, because a commit that is lost after it was built upon cannot be replayed.");
        if (fullPages != "on") warnings.Add("The PostgreSQL server has full_page_writes = off: unless its file system never tears a page, a power cut can damage the database. It can be rebuilt with oort recover.");
        return warnings.ToImmutable();
    }

    /// <summary>The statement did not run to its end, and may succeed when it is run again.</summary>
    public static bool IsTransient(Exception e) => IsLost(e) || e is PostgresException
    {
        // Serialization failure, deadlock, lock not available, cancelled by timeout.
        SqlState: "40001" or "40P01" or "55P03" or "57014",
    };

    /// <summary>The connection is gone, or never came to be: of what was under way nobody knows whether it took effect.</summary>
    public static bool IsLost(Exception e) => e switch
    {
        // FATAL and PANIC end the connection. Class 08: connection; 53: resources; 57P: the server goes down or is starting; 25006: it has become a standby.
        PostgresException failure => failure.Severity is "FATAL" or "PANIC" || failure.SqlState is "25006" or "25P03" || failure.SqlState.StartsWith("08", StringComparison.Ordinal)
            || failure.SqlState.StartsWith("53", StringComparison.Ordinal) || failure.SqlState.StartsWith("57P", StringComparison.Ordinal),
        NpgsqlException or IOException or SocketException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    public ValueTask DisposeAsync() => source.DisposeAsync();

    public static async ValueTask ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = Command(connection, sql);
        command.ExecuteNonQuery();
    }

    /// <remarks>Every statement seeks in an index (no scan grows with a bucket), also while a table is new and the planner believes it small.</remarks>
    private static string Settings(PostgresMetadataOptions options)
    {
        var limit = (long)options.StatementTimeout.TotalMilliseconds;
        return string.Create(CultureInfo.InvariantCulture, $"""
            SET statement_timeout = {limit}; SET lock_timeout = {limit}; SET idle_in_transaction_session_timeout = {2 * limit};
            SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
            """);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Statements are constants of the engine; numbers in them are its options.
        return new(sql, connection);
#pragma warning restore CA2100
    }
}
