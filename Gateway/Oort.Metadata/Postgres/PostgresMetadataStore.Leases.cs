using Npgsql;

namespace Oort.Metadata.Postgres;

/// <summary>Leases: a row each, decided by the server's clock alone. Rows stay, so that tokens go on growing.</summary>
public sealed partial class PostgresMetadataStore
{
    public async ValueTask<Lease?> TryTakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        ulong token = 0;
        await ChangeLeaseAsync(
            """
            INSERT INTO leases(name, holder, token, until) VALUES ($1, $2, 1, clock_timestamp() + $3)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = leases.token + 1, until = excluded.until
            WHERE leases.until <= clock_timestamp() OR leases.holder = excluded.holder RETURNING token
            """,
            row => token = row.ULong(0), cancellationToken, RoundTrip.Text(name), RoundTrip.Text(holder), RoundTrip.Span(duration));
        return token == 0 ? null : new(name, holder, token);
    }

    public async ValueTask<bool> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        var held = false;
        await ChangeLeaseAsync(
            "UPDATE leases SET until = clock_timestamp() + $3 WHERE name = $1 AND token = $2 RETURNING 1",
            _ => held = true, cancellationToken, RoundTrip.Text(lease.Name), RoundTrip.Long(lease.Token), RoundTrip.Span(duration));
        return held;
    }

    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        ChangeLeaseAsync("UPDATE leases SET until = '-infinity' WHERE name = $1 AND token = $2 RETURNING 1", _ => { }, cancellationToken, RoundTrip.Text(lease.Name), RoundTrip.Long(lease.Token));

    /// <remarks>Not tried again when the server does not answer: a lease that was taken without anyone's knowledge ends by itself.</remarks>
    private async ValueTask ChangeLeaseAsync(string sql, Action<NpgsqlDataReader> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        RequireStarted();
        await readers.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await new RoundTrip(connection).Query(sql, read, parameters).RunAsync(cancellationToken);
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            if (PostgresServer.IsLost(e)) server.Clear();
            throw new MetadataUnavailableException("The metadata database cannot be used now.", e);
        }
        finally
        {
            readers.Release();
        }
    }
}
