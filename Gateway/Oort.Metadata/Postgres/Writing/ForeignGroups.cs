using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>Groups of other gateways that are committed and not known to be in a journal: who has seen what they wrote waits for them.</summary>
/// <remarks>
/// A gateway tells in the database what it has journalled (<see cref="JournalTeller"/>). Who waits asks again in growing pauses: waits are rare (two gateways at one key in the same
/// milliseconds) and short. A group that stays too long is adopted (<see cref="AdoptCommand"/>): its gateway has died.
/// </remarks>
internal sealed class ForeignGroups(PostgresServer server, PostgresMetadataOptions options, TimeProvider time, Func<ValueTask> adopt)
{
    private static readonly TimeSpan pauseMin = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan pauseMax = TimeSpan.FromMilliseconds(50);

    /// <summary>Adds a statement that finds the newest group of each other gateway that touches any of the scopes. What is read before it in the same round trip is covered by it.</summary>
    public static void AddFind(RoundTrip trip, string gateway, IReadOnlyCollection<ulong> scopes, List<ForeignGroup> found)
    {
        if (scopes.Count == 0) return;
        trip.Query(
            """
            SELECT j.gateway, o.last FROM journals j CROSS JOIN LATERAL
                (SELECT last FROM outbox WHERE outbox.gateway = j.gateway AND last > j.journalled AND scopes && $2 ORDER BY last DESC LIMIT 1) o
            WHERE j.gateway <> $1
            """,
            row => found.Add(new(row.GetString(0), row.ULong(1))), RoundTrip.Text(gateway), RoundTrip.Longs([.. scopes.Select(scope => (long)scope)]));
    }

    /// <summary>Adds a statement that finds the newest group of each other gateway, whatever it touches.</summary>
    public static void AddFindAll(RoundTrip trip, string gateway, List<ForeignGroup> found) => trip.Query(
        """
        SELECT j.gateway, o.last FROM journals j CROSS JOIN LATERAL
            (SELECT last FROM outbox WHERE outbox.gateway = j.gateway AND last > j.journalled ORDER BY last DESC LIMIT 1) o
        WHERE j.gateway <> $1
        """,
        row => found.Add(new(row.GetString(0), row.ULong(1))), RoundTrip.Text(gateway));

    /// <summary>Waits until groups are in a journal.</summary>
    /// <exception cref="MetadataUnavailableException">They are not after the longest wait.</exception>
    public async ValueTask WaitAsync(IReadOnlyList<ForeignGroup> groups, CancellationToken cancellationToken)
    {
        if (groups.Count == 0) return;
        var begun = time.GetTimestamp();
        var asked = false;
        for (var pause = pauseMin; ; pause = pause * 2 < pauseMax ? pause * 2 : pauseMax)
        {
            await Task.Delay(pause, time, cancellationToken);
            if (await AreJournalledAsync(groups, cancellationToken)) return;
            var waited = time.GetElapsedTime(begun);
            if (waited > options.ReadWaitMax)
                throw new MetadataUnavailableException($"What was read was written by gateway {groups[0].Gateway} and is not in a journal yet, so it could still be taken back.");
            if (asked || waited <= options.AdoptAfter) continue;
            asked = true;
            await adopt();
        }
    }

    private async ValueTask<bool> AreJournalledAsync(IReadOnlyList<ForeignGroup> groups, CancellationToken cancellationToken)
    {
        var waiting = false;
        try
        {
            await using var connection = await server.OpenAsync(cancellationToken);
            await new RoundTrip(connection).Query(
                """
                SELECT 1 FROM unnest($1, $2) AS g(gateway, last) JOIN journals j ON j.gateway = g.gateway
                WHERE g.last > j.journalled AND EXISTS (SELECT 1 FROM outbox o WHERE o.gateway = g.gateway AND o.last = g.last) LIMIT 1
                """,
                _ => waiting = true, RoundTrip.Texts([.. groups.Select(group => group.Gateway)]), RoundTrip.Longs([.. groups.Select(group => (long)group.Last)])).RunAsync(cancellationToken);
        }
        catch (Exception e) when (PostgresServer.IsTransient(e))
        {
            return false;
        }
        return !waiting;
    }
}
