using System.Buffers.Binary;
using Oort.Metadata.Changes;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>Journals what another gateway committed and left: each row that it touched, as it is now, under a new generation of this gateway.</summary>
/// <remarks>Harmless when that gateway lives and journals it all the same: its record has the older generation and loses (docs/formats/journal.md §6, "Merging").</remarks>
/// <param name="gateway">This gateway.</param>
/// <param name="age">Only groups that have been waiting longer.</param>
internal sealed class AdoptCommand(string gateway, TimeSpan age) : WriteCommand<bool>(_ => true)
{
    /// <summary>Rows that are read in one round trip.</summary>
    private const int RowsAtOnce = 500;

    public PostgresTables? Tables { get; set; }

    /// <summary>Takes the oldest group that waits; whoever still waits afterwards asks again.</summary>
    public override void Execute(WriteSession session)
    {
        (string Gateway, ulong Last, byte[] Changes)? left = null;
        Tables!.Begin().Query(
            """
            SELECT o.gateway, o.last, o.changes FROM journals j JOIN outbox o ON o.gateway = j.gateway AND o.last > j.journalled
            WHERE j.gateway <> $1 AND o.at < clock_timestamp() - $2 ORDER BY o.last LIMIT 1
            """,
            row => left = (row.GetString(0), row.ULong(1), row.Blob(2)), RoundTrip.Text(gateway), RoundTrip.Span(age)).Run();
        if (left is not { } group) return;

        var rows = new List<(RowTable Table, byte[] Key)>();
        var reader = new ChangeReader(group.Changes);
        while (reader.Next()) rows.Add((reader.Table, reader.Key.ToArray()));
        session.StartWriting();
        foreach (var some in rows.DistinctBy(row => (row.Table, Convert.ToHexString(row.Key))).Chunk(RowsAtOnce)) Reassert(session, some);
        Tables.Begin()
            .Add("DELETE FROM outbox WHERE gateway = $1 AND last = $2", RoundTrip.Text(group.Gateway), RoundTrip.Long(group.Last))
            .Add("UPDATE gateways SET adopted = greatest(adopted, $2) WHERE id = $1", RoundTrip.Text(group.Gateway), RoundTrip.Long(group.Last))
            .Run();
    }

    private void Reassert(WriteSession session, (RowTable Table, byte[] Key)[] rows)
    {
        var found = new (byte[] Value, byte[]? Extents)?[rows.Length];
        var trip = Tables!.Begin();
        for (var i = 0; i < rows.Length; i++)
        {
            var (at, key) = (i, rows[i].Key);
            var hasExtents = rows[i].Table is RowTable.Version or RowTable.Part;
            var (sql, parameters) = Find(rows[i].Table, key);
            trip.Query(sql, row => found[at] = (row.Blob(0), hasExtents ? row.Blob(1) : null), parameters);
        }
        trip.Run();
        for (var i = 0; i < rows.Length; i++) session.Reassert(rows[i].Table, rows[i].Key, found[i]?.Value, found[i]?.Extents);
    }

    private static (string Sql, Npgsql.NpgsqlParameter[] Parameters) Find(RowTable table, byte[] key) => table switch
    {
        RowTable.Bucket => ("SELECT value FROM buckets WHERE id = $1", [RoundTrip.Long(BinaryPrimitives.ReadInt64BigEndian(key))]),
        RowTable.Version => ("SELECT value, extents FROM versions WHERE bucket = $1 AND key = $2 AND generation = $3",
            [RoundTrip.Long(BinaryPrimitives.ReadInt64BigEndian(key)), RoundTrip.Bytes(key[8..^8]), RoundTrip.Long(BinaryPrimitives.ReadInt64BigEndian(key.AsSpan(key.Length - 8)))]),
        RowTable.Upload => ("SELECT value FROM uploads WHERE id = $1", [RoundTrip.Bytes(key[^UploadId.Size..])]),
        RowTable.Part => ("SELECT value, extents FROM parts WHERE upload = $1 AND number = $2", [RoundTrip.Bytes(key[..UploadId.Size]), RoundTrip.Int(BinaryPrimitives.ReadInt32BigEndian(key.AsSpan(UploadId.Size)))]),
        RowTable.Data => ("SELECT value FROM data WHERE id = $1", [RoundTrip.Bytes(key)]),
        RowTable.Segment => ("SELECT value FROM segments WHERE id = $1", [RoundTrip.Bytes(key)]),
        RowTable.Store => ("SELECT value FROM stores WHERE id = $1", [RoundTrip.Bytes(key)]),
        RowTable.Epoch => ("SELECT value FROM epochs WHERE gateway = $1", [RoundTrip.Bytes(key)]),
        RowTable.Setting => ("SELECT value FROM settings WHERE name = $1", [RoundTrip.Bytes(key)]),
        RowTable.Item => ("SELECT value FROM items WHERE id = $1", [RoundTrip.Bytes(key)]),
        RowTable.ItemShard => ("SELECT value FROM item_shards WHERE id = $1", [RoundTrip.Bytes(key)]),
        _ => throw new MetadataFormatException($"Table {table} is not known."),
    };
}
