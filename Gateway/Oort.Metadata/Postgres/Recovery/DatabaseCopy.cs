using Npgsql;
using NpgsqlTypes;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Tables;

namespace Oort.Metadata.Postgres.Recovery;

/// <summary>Copies every table of an embedded database, of one instant, into an empty one on PostgreSQL: rows as they are, derived ones too; but revisits, without which those who act by age begin anew.</summary>
/// <param name="source">With a transaction of one instant.</param>
/// <param name="target">With an open transaction: all is there afterwards, or nothing.</param>
internal sealed class DatabaseCopy(Database source, NpgsqlConnection target, IProgress<long>? progress, CancellationToken cancellationToken)
{
    /// <summary>Rows between two reports.</summary>
    private const int ReportEvery = 10_000;

    private long copied;

    /// <returns>Rows copied.</returns>
    public async Task<long> RunAsync(string gateway, ulong generation)
    {
        await CopyAsync("buckets(id, name, value)", "SELECT id, name, value FROM buckets ORDER BY id", (row, to) => { Long(row, 0, to); Blob(row, 1, to); Blob(row, 2, to); });
        await CopyAsync("stores(id, value)", "SELECT id, value FROM stores ORDER BY id", Blobs);
        await CopyAsync("epochs(gateway, value)", "SELECT gateway, value FROM epochs ORDER BY gateway", Blobs);
        await CopyAsync("settings(name, value)", "SELECT name, value FROM settings ORDER BY name", Blobs);
        await CopyAsync("segments(id, payload, partial, data_count, live_bytes, idle_since, shrunk, share, value)",
            "SELECT id, payload, partial, data_count, live_bytes, idle_since, shrunk, share, value FROM segments ORDER BY id",
            (row, to) =>
            {
                Blob(row, 0, to);
                Long(row, 1, to);
                to.Write(row.Long(2) != 0, NpgsqlDbType.Boolean);
                Long(row, 3, to);
                Long(row, 4, to);
                if (row.IsNull(5)) to.WriteNull();
                else Long(row, 5, to);
                to.Write(row.Long(6) != 0, NpgsqlDbType.Boolean);
                Long(row, 7, to);
                Blob(row, 8, to);
            });
        await CopyAsync("placements(store, segment)", "SELECT store, segment FROM placements ORDER BY store, segment", Blobs);
        await CopyAsync("data(id, refs, segments, value)", "SELECT id, refs, value FROM data ORDER BY id", (row, to) =>
        {
            Blob(row, 0, to);
            Long(row, 1, to);
            to.Write(Tables.DataTable.SegmentsOf(DataRecord.Read(DataId.Read(row.Blob(0)), row.Blob(2)).Runs), NpgsqlDbType.Bytea);
            Blob(row, 2, to);
        });
        await CopyAsync("runs(segment, data, bytes)", "SELECT segment, data, bytes FROM runs ORDER BY segment, data", (row, to) => { Blob(row, 0, to); Blob(row, 1, to); Long(row, 2, to); });
        await CopyAsync("versions(bucket, key, generation, null_kind, marker, data, value, extents, at)",
            "SELECT bucket, key, generation, null_kind, marker, value, extents, at FROM versions ORDER BY bucket, key, generation DESC",
            (row, to) =>
            {
                Long(row, 0, to);
                Blob(row, 1, to);
                Long(row, 2, to);
                to.Write((short)row.Long(3), NpgsqlDbType.Smallint);
                to.Write(row.Long(4) != 0, NpgsqlDbType.Boolean);
                if (Tables.VersionTable.DataOf(ExtentRecord.ReadAll(row.Blob(6))) is { } data) to.Write(data, NpgsqlDbType.Bytea);
                else to.WriteNull();
                Blob(row, 5, to);
                Blob(row, 6, to);
                Long(row, 7, to);
            });
        await CopyAsync("heads(bucket, key, generation, value)", "SELECT bucket, key, generation, value FROM heads ORDER BY bucket, key", (row, to) => { Long(row, 0, to); Blob(row, 1, to); Long(row, 2, to); Blob(row, 3, to); });
        await CopyAsync("uploads(bucket, key, id, initiated, value)", "SELECT bucket, key, id, initiated, value FROM uploads ORDER BY bucket, key, id", (row, to) =>
        {
            Long(row, 0, to);
            Blob(row, 1, to);
            Blob(row, 2, to);
            Long(row, 3, to);
            Blob(row, 4, to);
        });
        await CopyAsync("parts(upload, number, value, extents)", "SELECT upload, number, value, extents FROM parts ORDER BY upload, number", (row, to) =>
        {
            Blob(row, 0, to);
            to.Write(row.Int(1), NpgsqlDbType.Integer);
            Blob(row, 2, to);
            Blob(row, 3, to);
        });
        await CopyAsync("items(id, due, value)", "SELECT id, due, value FROM items ORDER BY id", (row, to) =>
        {
            Blob(row, 0, to);
            if (row.IsNull(1)) to.WriteNull();
            else Long(row, 1, to);
            Blob(row, 2, to);
        });
        await CopyAsync("item_shards(id, item, value)", "SELECT id, item, value FROM item_shards ORDER BY id", Blobs);
        await CopyAsync("bucket_usage(bucket, account, objects, bytes)", "SELECT bucket, account, objects, bytes FROM bucket_usage ORDER BY bucket", (row, to) => { Long(row, 0, to); Blob(row, 1, to); Long(row, 2, to); Long(row, 3, to); });
        await CopyAsync("account_usage(account, buckets, objects, bytes)", "SELECT account, buckets, objects, bytes FROM account_usage ORDER BY account", (row, to) => { Blob(row, 0, to); Long(row, 1, to); Long(row, 2, to); Long(row, 3, to); });
        await CopyAsync("gone(generation, data, version, at)", "SELECT generation, data, version, at FROM gone ORDER BY generation, data", (row, to) => { Long(row, 0, to); Blob(row, 1, to); Long(row, 2, to); Long(row, 3, to); });
        var trip = new RoundTrip(target)
            .Add("INSERT INTO journals(gateway, journalled) VALUES ($1, $2)", RoundTrip.Text(gateway), RoundTrip.Long(generation))
            .Add("INSERT INTO gateways(id, session, committed, adopted) VALUES ($1, 0, 0, 0)", RoundTrip.Text(gateway));
        Writing.GatewayState.AddProgress(trip, gateway, generation, new StateTable(source).ReadTotals());
        await trip.RunAsync(cancellationToken);
        return copied;
    }

    private async Task CopyAsync(string columns, string sql, Action<Statement, NpgsqlBinaryImporter> write)
    {
        using var rows = new Statement(source.Handle, sql);
        await using var import = await target.BeginBinaryImportAsync($"COPY {columns} FROM STDIN (FORMAT BINARY)", cancellationToken);
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            import.StartRow();
            write(rows, import);
            if (++copied % ReportEvery == 0) progress?.Report(copied);
        }
        await import.CompleteAsync(cancellationToken);
    }

    private static void Blobs(Statement row, NpgsqlBinaryImporter to)
    {
        for (var column = 0; column < row.ColumnCount; column++) Blob(row, column, to);
    }

    private static void Blob(Statement row, int column, NpgsqlBinaryImporter to) => to.Write(row.Blob(column).ToArray(), NpgsqlDbType.Bytea);

    private static void Long(Statement row, int column, NpgsqlBinaryImporter to) => to.Write(row.Long(column), NpgsqlDbType.Bigint);
}
