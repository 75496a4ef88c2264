using System.Text;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Works out all derived state anew from the journalled rows, in temporary tables, and compares it with what is there.</summary>
/// <remarks>Runs on a connection with an open read transaction; needs temporary space in the order of the database, no memory to speak of.</remarks>
internal sealed class DatabaseCheck(Database database, ProblemList problems)
{
    private const string TemporaryTables = """
        CREATE TEMP TABLE x_refs(data BLOB NOT NULL);
        CREATE TEMP TABLE x_runs(segment BLOB NOT NULL, data BLOB NOT NULL, bytes INTEGER NOT NULL);
        CREATE TEMP TABLE x_placements(store BLOB NOT NULL, segment BLOB NOT NULL, PRIMARY KEY (store, segment)) WITHOUT ROWID;
        CREATE TEMP TABLE x_heads(bucket INTEGER NOT NULL, key BLOB NOT NULL, generation INTEGER NOT NULL, value BLOB NOT NULL);
        """;

    private readonly UsageCount usage = new();
    private long logicalBytes;
    private long payloadBytes;
    private long partial;

    public void Run()
    {
        database.Execute(TemporaryTables);
        ReadVersions();
        ReadParts();
        ReadData();
        ReadSegments();
        ReadItems();
        CompareReferences();
        CompareSegments();
        Compare(MetadataProblemKind.Placement, "placements", "store, segment", "x_placements", "store, segment");
        Compare(MetadataProblemKind.Head, "heads", "bucket, key, generation, value", "x_heads", "bucket, key, generation, value");
        CompareTotals();
        CompareUsage();
    }

    private void ReadVersions()
    {
        using var rows = new Statement(database.Handle, "SELECT bucket, key, generation, null_kind, marker, value, extents, at FROM versions ORDER BY bucket, key, generation DESC");
        using var reference = new Statement(database.Handle, "INSERT INTO x_refs VALUES (?1)");
        using var head = new Statement(database.Handle, "INSERT INTO x_heads VALUES (?1, ?2, ?3, ?4)");
        var record = new RecordWriter();
        VersionRow? above = null;
        var aboveKind = 0L;
        var nullsOfKey = 0;
        while (rows.Step() && !problems.IsFull)
        {
            VersionRow row;
            try
            {
                row = VersionRecord.Read(new(rows.ULong(0)), RecordReader.DecodeText(rows.Blob(1)), rows.ULong(2), false, rows.Blob(5), rows.Blob(6));
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"A version of generation {rows.ULong(2):x}: {e.Message}");
                continue;
            }
            var isNewest = above is null || above.Bucket != row.Bucket || above.Key != row.Key;
            if (isNewest) nullsOfKey = 0;
            // A null version that is not its key's oldest is found by the index alone.
            else if (aboveKind == 1) problems.Add(MetadataProblemKind.Head, $"The null version of {Name(above!)} is not indexed though it is not the oldest.");
            if (row.IsNull && ++nullsOfKey == 2) problems.Add(MetadataProblemKind.NullVersionTwice, Name(row));
            if (row.IsNull != (rows.Long(3) != 0) || row.IsDeleteMarker != (rows.Long(4) != 0) || row.LastModified.ToUnixTimeMilliseconds() != rows.Long(7))
                problems.Add(MetadataProblemKind.Head, $"The columns of {Name(row)} do not say what its record says.");
            if (isNewest && !row.IsDeleteMarker)
            {
                record.Clear();
                VersionRecord.WriteHead(record, row);
                head.Bind(1, row.Bucket.Value).Bind(2, rows.Blob(1)).Bind(3, row.Id.Generation).Bind(4, record.Written).Run();
            }
            AddReferences(reference, rows.Blob(6));
            logicalBytes += row.Size;
            usage.Add(row.Bucket, new(1, row.Size));
            above = row;
            aboveKind = rows.Long(3);
        }
        Report(MetadataProblemKind.BucketMissing, "SELECT DISTINCT bucket FROM versions WHERE bucket NOT IN (SELECT id FROM buckets)", row => $"bucket {row.ULong(0):x}");
    }

    private void ReadParts()
    {
        using var rows = new Statement(database.Handle, "SELECT p.upload, p.number, p.value, p.extents, u.bucket FROM parts p LEFT JOIN uploads u ON u.id = p.upload");
        using var reference = new Statement(database.Handle, "INSERT INTO x_refs VALUES (?1)");
        while (rows.Step() && !problems.IsFull)
        {
            try
            {
                var row = UploadRecord.ReadPart(UploadId.Read(rows.Blob(0)), rows.Int(1), rows.Blob(2), rows.Blob(3));
                if (!rows.IsNull(4)) usage.Add(new(rows.ULong(4)), new(0, row.Size));
                AddReferences(reference, rows.Blob(3));
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"Part {rows.Int(1)} of upload {UploadId.Read(rows.Blob(0))}: {e.Message}");
            }
        }
        Report(MetadataProblemKind.UploadMissing, "SELECT DISTINCT upload FROM parts WHERE upload NOT IN (SELECT id FROM uploads)", row => $"upload {UploadId.Read(row.Blob(0))}");
    }

    private void ReadData()
    {
        using var rows = new Statement(database.Handle, "SELECT id, value FROM data");
        using var run = new Statement(database.Handle, "INSERT INTO x_runs VALUES (?1, ?2, ?3)");
        Span<byte> segment = stackalloc byte[SegmentId.Size];
        while (rows.Step() && !problems.IsFull)
        {
            var id = DataId.Read(rows.Blob(0));
            try
            {
                foreach (var part in DataRecord.Read(id, rows.Blob(1)).Runs)
                {
                    part.Segment.Write(segment);
                    run.Bind(1, segment).Bind(2, rows.Blob(0)).Bind(3, part.Length).Run();
                }
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"Data {id}: {e.Message}");
            }
        }
    }

    private void ReadSegments()
    {
        using var rows = new Statement(database.Handle, "SELECT id, value, payload, partial FROM segments");
        using var placement = new Statement(database.Handle, "INSERT OR IGNORE INTO x_placements VALUES (?1, ?2)");
        Span<byte> store = stackalloc byte[StoreId.Size];
        while (rows.Step() && !problems.IsFull)
        {
            var id = SegmentId.Read(rows.Blob(0));
            try
            {
                var row = SegmentRecord.Read(id, rows.Blob(1));
                if (row.PayloadLength != rows.Long(2) || row.IsFull != (rows.Long(3) == 0))
                    problems.Add(MetadataProblemKind.SegmentUse, $"The columns of segment {id} do not say what its record says.");
                payloadBytes += row.PayloadLength;
                if (!row.IsFull) partial++;
                foreach (var place in row.Shards)
                {
                    if (place == StoreId.None) continue;
                    place.Write(store);
                    placement.Bind(1, store).Bind(2, rows.Blob(0)).Run();
                }
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"Segment {id}: {e.Message}");
            }
        }
    }

    /// <summary>Few beside everything else: what follows from their records is compared at once.</summary>
    private void ReadItems()
    {
        using var counts = new Statement(database.Handle, "SELECT count(*) FROM item_shards WHERE item = ?1");
        using var items = new Statement(database.Handle, "SELECT id, due, value FROM items");
        while (items.Step() && !problems.IsFull)
        {
            try
            {
                RowKey.ReadItem(items.Blob(0), out var store, out var id);
                var row = ItemRecord.Read(store, id, items.Blob(2));
                using var count = counts.Bind(1, items.Blob(0)).Query();
                count.Next();
                if (row.Due != (items.IsNull(1) ? null : items.Long(1)) || row.ShardCount != counts.Long(0))
                    problems.Add(MetadataProblemKind.Item, $"Item {id} on {store} counts {row.ShardCount} shards and has {counts.Long(0)}, or its next step is indexed wrongly.");
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"Item {Convert.ToHexStringLower(items.Blob(0))}: {e.Message}");
            }
        }

        using var shards = new Statement(database.Handle, "SELECT s.id, s.item, s.value, i.id IS NULL FROM item_shards s LEFT JOIN items i ON i.id = s.item");
        while (shards.Step() && !problems.IsFull)
        {
            try
            {
                RowKey.ReadItemShard(shards.Blob(0), out var shard, out var store);
                var row = ItemRecord.ReadShard(shard, store, shards.Blob(2));
                if (shards.Long(3) != 0 || !RowKey.Item(new byte[RowKey.ItemSize], store, row.Item).SequenceEqual(shards.Blob(1)))
                    problems.Add(MetadataProblemKind.Item, $"Shard {shard} on {store} is in item {row.Item}, which is not there or is indexed wrongly.");
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"Shard {Convert.ToHexStringLower(shards.Blob(0))} on a network: {e.Message}");
            }
        }
    }

    private void CompareReferences()
    {
        database.Execute("CREATE TEMP TABLE x_counts(data BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID; INSERT INTO x_counts SELECT data, count(*) FROM x_refs GROUP BY data");
        Report(MetadataProblemKind.DataMissing, "SELECT data, n FROM x_counts WHERE data NOT IN (SELECT id FROM data)", row => $"data {DataId.Read(row.Blob(0))}, named by {row.Long(1)} extents");
        Report(MetadataProblemKind.DataUnreferenced, "SELECT id FROM data WHERE id NOT IN (SELECT data FROM x_counts)", row => $"data {DataId.Read(row.Blob(0))}");
        Report(MetadataProblemKind.References, "SELECT id, refs, n FROM data JOIN x_counts ON data = id WHERE refs <> n", row => $"data {DataId.Read(row.Blob(0))} counts {row.Long(1)} references and has {row.Long(2)}");
    }

    private void CompareSegments()
    {
        database.Execute("CREATE TEMP TABLE x_sums(segment BLOB, data BLOB, bytes INTEGER, PRIMARY KEY (segment, data)) WITHOUT ROWID; INSERT INTO x_sums SELECT segment, data, sum(bytes) FROM x_runs GROUP BY segment, data");
        Compare(MetadataProblemKind.SegmentUse, "runs", "segment, data, bytes", "x_sums", "segment, data, bytes");
        Report(MetadataProblemKind.SegmentMissing, "SELECT DISTINCT segment FROM x_sums WHERE segment NOT IN (SELECT id FROM segments)", row => $"segment {SegmentId.Read(row.Blob(0))}");
        Report(MetadataProblemKind.SegmentUse, $"""
            SELECT id, data_count, live_bytes, n, bytes FROM
                (SELECT id, data_count, live_bytes, idle_since, share, payload, coalesce(n, 0) AS n, coalesce(bytes, 0) AS bytes FROM segments
                 LEFT JOIN (SELECT segment, count(*) AS n, sum(bytes) AS bytes FROM x_sums GROUP BY segment) ON segment = id)
            WHERE data_count <> n OR live_bytes <> bytes OR (idle_since IS NULL) = (n = 0) OR share <> (bytes + {SegmentTable.RunPaddingMax} * n) * 1000 / max(payload, 1)
            """, row => $"segment {SegmentId.Read(row.Blob(0))} counts {row.Long(1)} data ids of {row.Long(2)} bytes and has {row.Long(3)} of {row.Long(4)}");
    }

    private void CompareTotals()
    {
        var present = new StateTable(database).ReadTotals();
        var expected = new Totals
        {
            Buckets = database.Number("SELECT count(*) FROM buckets"),
            Objects = database.Number("SELECT count(*) FROM x_heads"),
            Versions = database.Number("SELECT count(*) FROM versions"),
            Uploads = database.Number("SELECT count(*) FROM uploads"),
            LogicalBytes = logicalBytes,
            Segments = database.Number("SELECT count(*) FROM segments"),
            SegmentsPartial = partial,
            PayloadBytes = payloadBytes,
            LiveBytes = database.Number("SELECT coalesce(sum(bytes), 0) FROM x_runs"),
        };
        if (present != expected) problems.Add(MetadataProblemKind.Total, $"{present} instead of {expected}");
    }

    private void CompareUsage()
    {
        using (var buckets = new Statement(database.Handle, "SELECT id, value FROM buckets"))
        {
            while (buckets.Step() && !problems.IsFull)
            {
                try
                {
                    usage.AddBucket(new(buckets.ULong(0)), BucketRecord.Read(new(buckets.ULong(0)), buckets.Blob(1)).OwnerId);
                }
                catch (MetadataFormatException e)
                {
                    problems.Add(MetadataProblemKind.BadRecord, $"Bucket {buckets.ULong(0):x}: {e.Message}");
                }
            }
        }

        database.Execute("""
            CREATE TEMP TABLE x_bucket_usage(bucket INTEGER, account BLOB, objects INTEGER, bytes INTEGER);
            CREATE TEMP TABLE x_account_usage(account BLOB, buckets INTEGER, objects INTEGER, bytes INTEGER);
            """);
        using (var insert = new Statement(database.Handle, "INSERT INTO x_bucket_usage VALUES (?1, ?2, ?3, ?4)"))
            foreach (var (bucket, row) in usage.Buckets) insert.Bind(1, bucket.Value).Bind(2, RowKey.Utf8(row.Account)).Bind(3, row.Used.Objects).Bind(4, row.Used.Bytes).Run();
        using (var insert = new Statement(database.Handle, "INSERT INTO x_account_usage VALUES (?1, ?2, ?3, ?4)"))
            foreach (var row in usage.Accounts) insert.Bind(1, RowKey.Utf8(row.Account)).Bind(2, row.Buckets).Bind(3, row.Used.Objects).Bind(4, row.Used.Bytes).Run();
        Compare(MetadataProblemKind.Usage, "bucket_usage", "bucket, account, objects, bytes", "x_bucket_usage", "bucket, account, objects, bytes");
        Compare(MetadataProblemKind.Usage, "account_usage", "account, buckets, objects, bytes", "x_account_usage", "account, buckets, objects, bytes");
    }

    /// <summary>Reports rows that only one of two tables has.</summary>
    private void Compare(MetadataProblemKind kind, string table, string columns, string expected, string expectedColumns)
    {
        Report(kind, $"SELECT {columns} FROM main.{table} EXCEPT SELECT {expectedColumns} FROM {expected}", row => $"{table} has a row too many: {Show(row)}");
        Report(kind, $"SELECT {expectedColumns} FROM {expected} EXCEPT SELECT {columns} FROM main.{table}", row => $"{table} lacks a row: {Show(row)}");
    }

    private void Report(MetadataProblemKind kind, string sql, Func<Statement, string> describe)
    {
        using var rows = new Statement(database.Handle, sql);
        while (!problems.IsFull && rows.Step()) problems.Add(kind, describe(rows));
    }

    private static void AddReferences(Statement insert, ReadOnlySpan<byte> extents)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        foreach (var extent in ExtentRecord.ReadAll(extents))
        {
            extent.Data.Write(id);
            insert.Bind(1, id).Run();
        }
    }

    private static string Name(VersionRow row) => $"{row.Bucket}/{row.Key} version {row.Id}";

    private static string Show(Statement row)
    {
        var text = new StringBuilder();
        for (var column = 0; column < row.ColumnCount; column++)
            text.Append(column == 0 ? "" : " ").Append(row.IsBlob(column) ? Convert.ToHexStringLower(row.Blob(column)) : row.Long(column).ToString(System.Globalization.CultureInfo.InvariantCulture));
        return text.ToString();
    }
}
