using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>This gateway's row and the cluster's one, as the writer locks, reads and writes them.</summary>
internal sealed class GatewayState(string id, long session, ulong ownCommitted, ulong nextFirst, ulong clusterCommitted)
{
    private long sessionInDatabase;

    public string Id => id;

    /// <summary>Newest generation of a group of this gateway.</summary>
    public ulong OwnCommitted { get; private set; } = ownCommitted;

    /// <summary>Where the range of its next journal entry begins: the entries of a journal follow one another without gaps, whatever other gateways commit in between.</summary>
    public ulong NextFirst { get; private set; } = nextFirst;

    /// <summary>The same, as the last <see cref="AddLock"/> found it.</summary>
    public ulong OwnCommittedInDatabase { get; private set; } = ownCommitted;

    /// <summary>Newest generation of any gateway, as the last <see cref="AddLock"/> found it.</summary>
    public ulong ClusterCommitted { get; private set; } = clusterCommitted;

    /// <summary>Waits for the right to commit, which lasts as long as the transaction, and reads how things stand.</summary>
    public void AddLock(RoundTrip trip) => trip
        .Query("SELECT committed FROM state FOR NO KEY UPDATE", row => ClusterCommitted = row.ULong(0))
        .Query("SELECT session, committed FROM gateways WHERE id = $1", row => (sessionInDatabase, OwnCommittedInDatabase) = (row.GetInt64(0), row.ULong(1)), RoundTrip.Text(id));

    /// <exception cref="InvalidOperationException">Another process has started as this gateway; or the database is not the one, or an older state of the one, that this process has written to.</exception>
    public void RequireOwn()
    {
        if (sessionInDatabase != session) throw new InvalidOperationException($"Another process has started as gateway {id}; this one must not write any more.");
        if (OwnCommittedInDatabase != OwnCommitted || ClusterCommitted < OwnCommitted)
            throw new InvalidOperationException($"The database has gateway {id} at generation {OwnCommittedInDatabase:x}, not at {OwnCommitted:x}, up to which it was written: it has been put back to an older state.");
    }

    /// <summary>A group is committed.</summary>
    public void Advance(ulong generation)
    {
        OwnCommitted = generation;
        NextFirst = generation + 1;
    }

    /// <summary>Adds the end of a group's transaction: its outbox row, the generations, the totals, COMMIT.</summary>
    public void AddCommit(RoundTrip trip, JournalEntry entry, IReadOnlySet<ulong> scopes, Totals totals)
    {
        trip.Add(
            "INSERT INTO outbox(gateway, first, last, at, scopes, changes) VALUES ($1, $2, $3, clock_timestamp(), $4, $5)",
            RoundTrip.Text(id), RoundTrip.Long(entry.FirstGeneration), RoundTrip.Long(entry.LastGeneration), RoundTrip.Longs([.. scopes.Select(scope => (long)scope)]), RoundTrip.Bytes(entry.Changes.ToArray()));
        AddProgress(trip, id, entry.LastGeneration, totals);
        trip.Add("COMMIT");
    }

    /// <summary>Adds what a gateway's row and the cluster's say after a group.</summary>
    public static void AddProgress(RoundTrip trip, string gateway, ulong generation, Totals totals) => trip
        .Add(
            """
            UPDATE gateways SET committed = $2, buckets = buckets + $3, objects = objects + $4, versions = versions + $5, uploads = uploads + $6, logical_bytes = logical_bytes + $7,
                segments = segments + $8, segments_partial = segments_partial + $9, payload_bytes = payload_bytes + $10, live_bytes = live_bytes + $11
            WHERE id = $1
            """,
            RoundTrip.Text(gateway), RoundTrip.Long(generation), RoundTrip.Long(totals.Buckets), RoundTrip.Long(totals.Objects), RoundTrip.Long(totals.Versions), RoundTrip.Long(totals.Uploads), RoundTrip.Long(totals.LogicalBytes),
            RoundTrip.Long(totals.Segments), RoundTrip.Long(totals.SegmentsPartial), RoundTrip.Long(totals.PayloadBytes), RoundTrip.Long(totals.LiveBytes))
        .Add("UPDATE state SET committed = $1", RoundTrip.Long(generation));
}
