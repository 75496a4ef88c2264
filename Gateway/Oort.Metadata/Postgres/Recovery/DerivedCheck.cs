using System.Globalization;
using System.Text;
using Npgsql;
using Oort.Metadata.Postgres.Tables;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite;
using Oort.Metadata.Sqlite.Recovery;

namespace Oort.Metadata.Postgres.Recovery;

/// <summary>Works out all derived state anew from the journalled rows, and compares it with what is there.</summary>
/// <remarks>The rows are rebuilt into an embedded database, as a recovery would; then both are read in the order of their keys and compared row by row. No memory to speak of, on either side.</remarks>
/// <param name="connection">With a transaction of one instant.</param>
/// <param name="path">Of the embedded database, which has been rebuilt from that instant.</param>
internal sealed class DerivedCheck(NpgsqlConnection connection, string path, ProblemList problems)
{
    private const int CacheKibibytes = 16 * 1024;

    // The same columns in both, as numbers and blobs.
    private static readonly (MetadataProblemKind Kind, string Table, string Here, string Rebuilt)[] derived =
    [
        (MetadataProblemKind.Head, "heads", "SELECT bucket, key, generation, value FROM heads ORDER BY bucket, key", "SELECT bucket, key, generation, value FROM heads ORDER BY bucket, key"),
        (MetadataProblemKind.Head, "versions", "SELECT bucket, key, generation, (null_kind > 0)::int, marker::int, at FROM versions ORDER BY bucket, key, generation DESC",
            "SELECT bucket, key, generation, null_kind > 0, marker, at FROM versions ORDER BY bucket, key, generation DESC"),
        (MetadataProblemKind.References, "data", "SELECT id, refs FROM data ORDER BY id", "SELECT id, refs FROM data ORDER BY id"),
        (MetadataProblemKind.SegmentUse, "runs", "SELECT segment, data, bytes FROM runs ORDER BY segment, data", "SELECT segment, data, bytes FROM runs ORDER BY segment, data"),
        (MetadataProblemKind.SegmentUse, "segments", "SELECT id, payload, partial::int, data_count, live_bytes, (idle_since IS NULL)::int, share FROM segments ORDER BY id",
            "SELECT id, payload, partial, data_count, live_bytes, idle_since IS NULL, share FROM segments ORDER BY id"),
        (MetadataProblemKind.Placement, "placements", "SELECT store, segment FROM placements ORDER BY store, segment", "SELECT store, segment FROM placements ORDER BY store, segment"),
        (MetadataProblemKind.Item, "items", "SELECT id, coalesce(due, -1) FROM items ORDER BY id", "SELECT id, coalesce(due, -1) FROM items ORDER BY id"),
        (MetadataProblemKind.Item, "item_shards", "SELECT id, item FROM item_shards ORDER BY id", "SELECT id, item FROM item_shards ORDER BY id"),
        (MetadataProblemKind.Usage, "bucket_usage", "SELECT bucket, account, objects, bytes FROM bucket_usage ORDER BY bucket", "SELECT bucket, account, objects, bytes FROM bucket_usage ORDER BY bucket"),
        (MetadataProblemKind.Usage, "account_usage", "SELECT account, buckets, objects, bytes FROM account_usage ORDER BY account", "SELECT account, buckets, objects, bytes FROM account_usage ORDER BY account"),
        (MetadataProblemKind.Total, "totals", """
            SELECT sum(buckets)::bigint, sum(objects)::bigint, sum(versions)::bigint, sum(uploads)::bigint, sum(logical_bytes)::bigint,
                sum(segments)::bigint, sum(segments_partial)::bigint, sum(payload_bytes)::bigint, sum(live_bytes)::bigint FROM gateways
            """,
            """
            SELECT max(value) FILTER (WHERE name = 'buckets'), max(value) FILTER (WHERE name = 'objects'), max(value) FILTER (WHERE name = 'versions'),
                max(value) FILTER (WHERE name = 'uploads'), max(value) FILTER (WHERE name = 'logical_bytes'), max(value) FILTER (WHERE name = 'segments'),
                max(value) FILTER (WHERE name = 'segments_partial'), max(value) FILTER (WHERE name = 'payload_bytes'), max(value) FILTER (WHERE name = 'live_bytes') FROM totals
            """),
    ];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using (var rebuilt = Database.Open(path, readOnly: true, CacheKibibytes))
            foreach (var (kind, table, here, there) in derived) await CompareAsync(rebuilt, kind, table, here, there, cancellationToken);
        await CheckColumnsAsync(cancellationToken);
        await ReportAsync(
            "SELECT bucket, key, generation FROM versions v WHERE null_kind = 1 AND EXISTS (SELECT 1 FROM versions o WHERE o.bucket = v.bucket AND o.key = v.key AND o.generation < v.generation)",
            row => problems.Add(MetadataProblemKind.Head, $"The null version of {RecordReader.DecodeText(row.Blob(1))} in bucket {row.ULong(0):x} is not indexed though it is not the oldest."), cancellationToken);
    }

    /// <summary>Columns that spare readers a round trip, and that only this engine has.</summary>
    private async Task CheckColumnsAsync(CancellationToken cancellationToken)
    {
        await ReportAsync("SELECT generation, data, extents FROM versions", row =>
        {
            if (!Same(VersionTable.DataOf(ExtentRecord.ReadAll(row.Blob(2))), row.BlobOrNull(1))) problems.Add(MetadataProblemKind.References, $"The version of generation {row.ULong(0):x} names other data in its column than in its record.");
        }, cancellationToken);
        await ReportAsync("SELECT id, segments, value FROM data", row =>
        {
            var id = DataId.Read(row.Blob(0));
            if (!Same(DataTable.SegmentsOf(DataRecord.Read(id, row.Blob(2)).Runs), row.Blob(1))) problems.Add(MetadataProblemKind.SegmentUse, $"Data {id} names other segments in its column than in its record.");
        }, cancellationToken);
    }

    private async Task CompareAsync(Database rebuilt, MetadataProblemKind kind, string table, string here, string there, CancellationToken cancellationToken)
    {
        using var expected = new Statement(rebuilt.Handle, there);
        await using var command = Command(here);
        await using var present = await command.ExecuteReaderAsync(cancellationToken);
        var morePresent = await present.ReadAsync(cancellationToken);
        var moreExpected = expected.Step();
        while ((morePresent || moreExpected) && !problems.IsFull)
        {
            var order = !morePresent ? 1 : !moreExpected ? -1 : Order(present, expected);
            if (order == 0 && !SameRow(present, expected)) problems.Add(kind, $"{table} has {Show(present)} instead of {Show(expected)}");
            if (order < 0) problems.Add(kind, $"{table} has a row too many: {Show(present)}");
            if (order > 0) problems.Add(kind, $"{table} lacks a row: {Show(expected)}");
            if (order <= 0) morePresent = await present.ReadAsync(cancellationToken);
            if (order >= 0) moreExpected = expected.Step();
        }
    }

    /// <summary>By the first columns that differ, as far as they are keys: blobs and numbers at the beginning.</summary>
    private static int Order(NpgsqlDataReader present, Statement expected)
    {
        // Generations go down within a key, but a key is compared first; what follows the key is not its business.
        for (var column = 0; column < present.FieldCount; column++)
        {
            if (present.GetFieldType(column) == typeof(byte[]))
            {
                var order = present.Blob(column).AsSpan().SequenceCompareTo(expected.Blob(column));
                if (order != 0) return order;
                continue;
            }
            if (column > 0) return 0;
            if (present.GetFieldType(1) != typeof(byte[])) return 0;
            var number = Number(present, column).CompareTo(expected.Long(column));
            if (number != 0) return number;
        }
        return 0;
    }

    private static bool SameRow(NpgsqlDataReader present, Statement expected)
    {
        for (var column = 0; column < present.FieldCount; column++)
        {
            var same = present.GetFieldType(column) == typeof(byte[]) ? present.Blob(column).AsSpan().SequenceEqual(expected.Blob(column)) : Number(present, column) == expected.Long(column);
            if (!same) return false;
        }
        return true;
    }

    private async Task ReportAsync(string sql, Action<NpgsqlDataReader> look, CancellationToken cancellationToken)
    {
        await using var command = Command(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (!problems.IsFull && await rows.ReadAsync(cancellationToken))
        {
            try
            {
                look(rows);
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, e.Message);
            }
        }
    }

    private NpgsqlCommand Command(string sql)
    {
#pragma warning disable CA2100 // The statements stand above.
        return new(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
    }

    private static long Number(NpgsqlDataReader row, int column) => row.GetFieldType(column) == typeof(int) ? row.GetInt32(column) : row.GetInt64(column);

    private static bool Same(byte[]? left, byte[]? right) => left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

    private static string Show(NpgsqlDataReader row)
    {
        var text = new StringBuilder();
        for (var column = 0; column < row.FieldCount; column++)
            text.Append(column == 0 ? "" : " ").Append(row.GetFieldType(column) == typeof(byte[]) ? Convert.ToHexStringLower(row.Blob(column)) : Number(row, column).ToString(CultureInfo.InvariantCulture));
        return text.ToString();
    }

    private static string Show(Statement row)
    {
        var text = new StringBuilder();
        for (var column = 0; column < row.ColumnCount; column++)
            text.Append(column == 0 ? "" : " ").Append(row.IsBlob(column) ? Convert.ToHexStringLower(row.Blob(column)) : row.Long(column).ToString(CultureInfo.InvariantCulture));
        return text.ToString();
    }
}
