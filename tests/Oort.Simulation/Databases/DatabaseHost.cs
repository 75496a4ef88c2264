using Oort.Shared;
using Xunit;

[assembly: AssemblyFixture(typeof(Oort.Simulation.Databases.DatabaseHost))]

namespace Oort.Simulation.Databases;

/// <summary>The PostgreSQL server of all runs of the process, started by the first that needs it; each run has a database of its own.</summary>
public sealed class DatabaseHost : IAsyncDisposable
{
    private static PostgresHost? host;
    private static int databases;

    /// <summary>Makes an empty database in which the time of day is what the session's setting says.</summary>
    internal static async Task<(PostgresHost Host, string Name)> CreateAsync()
    {
        // No work of the server's own: it would begin by the real clock.
        host ??= await PostgresHost.StartAsync("autovacuum=off", "track_activities=on");
        var name = $"simulated{++databases}";
        await host.CreateDatabaseAsync(name);
        await host.QueryAsync(name, $"CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT current_setting(''{RelayedConnection.ClockSetting}'')::timestamptz'");
        // Before the system's schema, which a path that does not name it would search first.
        await host.QueryAsync(name, $"ALTER DATABASE {name} SET search_path = public, pg_catalog");
        return (host, name);
    }

    public async ValueTask DisposeAsync()
    {
        if (host is { } running) await running.DisposeAsync();
        host = null;
    }
}
