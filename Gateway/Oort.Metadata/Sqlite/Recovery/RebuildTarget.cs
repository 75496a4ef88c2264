using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Sqlite.Tables;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Recovery;

/// <summary>Writes the surviving rows of a staging file into an empty database, each table in key order, and derives the rest by merging sorted streams.</summary>
/// <remarks>(1) Small tables and buckets; (2) versions; (3) heads, from the versions in order; (4) uploads and parts; (5) data, merged with the sorted
/// references of versions and parts; (6) segments, merged with the sums of what lies in them; (7) items on networks; (8) totals, and what buckets and accounts use.</remarks>
internal sealed class RebuildTarget(Database staging, Database target, long now, ProblemList problems)
{
    private const string TemporaryTables = """
        CREATE TEMP TABLE x_refs(data BLOB NOT NULL);
        CREATE TEMP TABLE x_runs(segment BLOB NOT NULL, data BLOB NOT NULL, bytes INTEGER NOT NULL);
        CREATE TEMP TABLE x_drop(bucket INTEGER, key BLOB, generation INTEGER);
        CREATE TEMP TABLE x_index(bucket INTEGER, key BLOB, generation INTEGER);
        """;

    private readonly TableSet tables = new(target);
    private readonly RecordWriter others = new();
    private readonly RecordWriter extents = new();
    private readonly UsageCount usage = new();
    private Totals totals;

    public void Run()
    {
        target.Execute(TemporaryTables);
        CopyBucketsAndSmallTables(); // (1)
        CopyVersions(); // (2)
        DeriveHeads(); // (3)
        CopyUploadsAndParts(); // (4)
        CopyData(); // (5)
        CopySegments(); // (6)
        CopyItems(); // (7)
        tables.State.Add(totals); // (8)
        UsageFill.Write(usage, tables.Usage);
    }

    private delegate void RowHandler(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private void CopyBucketsAndSmallTables()
    {
        EachRow(RowTable.Store, (key, value) => tables.Small.PutStore(RowKey.ReadStore(key), value));
        EachRow(RowTable.Epoch, tables.Small.PutEpoch);
        EachRow(RowTable.Setting, tables.Small.PutSetting);
        EachRow(RowTable.Bucket, (key, value) =>
        {
            var row = BucketRecord.Read(RowKey.ReadBucket(key), value);
            if (tables.Buckets.FindByName(row.Name) is { } older)
            {
                problems.Add(MetadataProblemKind.BucketTwice, $"{row.Name}: {older.Id} is left out, {row.Id} is newer");
                tables.Buckets.Remove(older.Id);
                usage.RemoveBucket(older.Id);
                totals.Buckets--;
            }
            tables.Buckets.Put(row.Id, RowKey.Utf8(row.Name), value);
            totals.Buckets++;
            usage.AddBucket(row.Id, row.OwnerId);
        });
    }

    private void CopyVersions()
    {
        using var reference = new Statement(target.Handle, "INSERT INTO x_refs VALUES (?1)");
        using var insert = new Statement(target.Handle, "INSERT INTO versions(bucket, key, generation, null_kind, marker, value, extents, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        BucketId? present = null;
        BucketId? missing = null;
        EachRow(RowTable.Version, (rowKey, value) =>
        {
            RowKey.ReadVersion(rowKey, out var bucket, out var keyBytes, out var generation);
            if (bucket == missing) return;
            if (bucket != present && tables.Buckets.Find(bucket) is null)
            {
                missing = bucket;
                problems.Add(MetadataProblemKind.BucketMissing, $"bucket {bucket}: its versions are left out");
                return;
            }
            present = bucket;
            Split(value);
            var row = VersionRecord.Read(bucket, RecordReader.DecodeText(keyBytes), generation, false, others.Written, extents.Written);
            insert.Bind(1, bucket.Value).Bind(2, keyBytes).Bind(3, generation).Bind(4, VersionTable.NullKind(row.IsNull, isFirst: true))
                .Bind(5, row.IsDeleteMarker ? 1L : 0L).Bind(6, others.Written).Bind(7, extents.Written).Bind(8, row.LastModified.ToUnixTimeMilliseconds()).Run();
            AddReferences(reference, row.Extents);
            totals.Versions++;
            totals.LogicalBytes += row.Size;
            usage.Add(row.Bucket, new(+1, row.Size));
        });
    }

    /// <summary>Of each key, newest first: the first row makes the head; a null version above others is indexed; a second null version goes.</summary>
    private void DeriveHeads()
    {
        using (var rows = new Statement(target.Handle, "SELECT bucket, key, generation, null_kind, marker, value FROM versions ORDER BY bucket, key, generation DESC"))
        using (var index = new Statement(target.Handle, "INSERT INTO x_index VALUES (?1, ?2, ?3)"))
        using (var drop = new Statement(target.Handle, "INSERT INTO x_drop VALUES (?1, ?2, ?3)"))
        {
            var record = new RecordWriter();
            var bucket = default(BucketId);
            byte[] key = [];
            ulong nullAbove = 0;
            var any = false;
            while (rows.Step())
            {
                var generation = rows.ULong(2);
                var isNull = rows.Long(3) != 0;
                if (!any || bucket.Value != rows.ULong(0) || !rows.Blob(1).SequenceEqual(key))
                {
                    any = true;
                    bucket = new(rows.ULong(0));
                    key = rows.Blob(1).ToArray();
                    nullAbove = isNull ? generation : 0;
                    if (rows.Long(4) != 0) continue;
                    record.Clear();
                    VersionRecord.WriteHead(record, VersionRecord.Read(bucket, RecordReader.DecodeText(key), generation, true, rows.Blob(5), default));
                    tables.Versions.PutHead(bucket, key, generation, record.Written);
                    totals.Objects++;
                    continue;
                }
                if (nullAbove != 0 && isNull)
                {
                    problems.Add(MetadataProblemKind.NullVersionTwice, $"{bucket}/{RecordReader.DecodeText(key)}: generation {generation:x} is left out");
                    drop.Bind(1, bucket.Value).Bind(2, key).Bind(3, generation).Run();
                    continue;
                }
                // A null version with another one below it cannot be found as the oldest.
                if (nullAbove != 0) index.Bind(1, bucket.Value).Bind(2, key).Bind(3, nullAbove).Run();
                if (isNull) nullAbove = generation;
            }
        }
        DropVersions();
        target.Execute("UPDATE versions SET null_kind = 2 WHERE (bucket, key, generation) IN (SELECT bucket, key, generation FROM x_index)");
    }

    private void DropVersions()
    {
        if (target.Number("SELECT count(*) FROM x_drop") == 0) return;
        target.Execute("CREATE INDEX temp.x_refs_data ON x_refs(data)");
        using var rows = new Statement(target.Handle, "SELECT bucket, key, generation FROM x_drop");
        using var unrefer = new Statement(target.Handle, "DELETE FROM x_refs WHERE rowid = (SELECT rowid FROM x_refs WHERE data = ?1 LIMIT 1)");
        while (rows.Step())
        {
            var key = rows.Blob(1).ToArray();
            var row = tables.Versions.FindAt(new(rows.ULong(0)), RecordReader.DecodeText(key), key, rows.ULong(2))!;
            AddReferences(unrefer, row.Extents);
            tables.Versions.Remove(row.Bucket, key, row.Id.Generation);
            totals.Versions--;
            totals.LogicalBytes -= row.Size;
            usage.Add(row.Bucket, new(-1, -row.Size));
        }
    }

    private void CopyUploadsAndParts()
    {
        EachRow(RowTable.Upload, (rowKey, value) =>
        {
            RowKey.ReadUpload(rowKey, out var bucket, out var keyBytes, out var id);
            var row = UploadRecord.Read(bucket, RecordReader.DecodeText(keyBytes), id, value);
            tables.Uploads.Put(bucket, keyBytes, id, row.Initiated.ToUnixTimeMilliseconds(), value);
            totals.Uploads++;
        });
        using var reference = new Statement(target.Handle, "INSERT INTO x_refs VALUES (?1)");
        UploadId? present = null;
        var bucketOfPresent = default(BucketId);
        EachRow(RowTable.Part, (rowKey, value) =>
        {
            RowKey.ReadPart(rowKey, out var id, out var number);
            if (id != present)
            {
                if (tables.Uploads.FindBucket(id) is not { } found)
                {
                    problems.Add(MetadataProblemKind.UploadMissing, $"upload {id}: part {number} is left out");
                    return;
                }
                present = id;
                bucketOfPresent = found;
            }
            Split(value);
            tables.Uploads.PutPart(id, number, others.Written, extents.Written);
            var row = UploadRecord.ReadPart(id, number, others.Written, extents.Written);
            AddReferences(reference, row.Extents);
            usage.Add(bucketOfPresent, new(0, row.Size));
        });
    }

    private void CopyData()
    {
        using var run = new Statement(target.Handle, "INSERT INTO x_runs VALUES (?1, ?2, ?3)");
        using var counts = new Statement(target.Handle, "SELECT data, count(*) FROM x_refs GROUP BY data ORDER BY data");
        var more = counts.Step();
        EachRow(RowTable.Data, (key, value) =>
        {
            while (more && counts.Blob(0).SequenceCompareTo(key) < 0)
            {
                ReportMissingData(counts);
                more = counts.Step();
            }
            var id = RowKey.ReadData(key);
            if (!more || !counts.Blob(0).SequenceEqual(key))
            {
                problems.Add(MetadataProblemKind.DataUnreferenced, $"data {id} is left out");
                return;
            }
            var row = DataRecord.Read(id, value);
            tables.Data.Insert(row, counts.Long(1), value);
            more = counts.Step();
            Span<byte> segment = stackalloc byte[SegmentId.Size];
            foreach (var part in row.Runs)
            {
                part.Segment.Write(segment);
                run.Bind(1, segment).Bind(2, key).Bind(3, part.Length).Run();
            }
        });
        for (; more; more = counts.Step()) ReportMissingData(counts);
        target.Execute("INSERT INTO runs SELECT segment, data, sum(bytes) FROM x_runs GROUP BY segment, data ORDER BY segment, data");
    }

    private void CopySegments()
    {
        using var sums = new Statement(target.Handle, "SELECT segment, count(*), sum(bytes) FROM runs GROUP BY segment ORDER BY segment");
        using var insert = new Statement(target.Handle, $"""
            INSERT INTO segments(id, payload, partial, data_count, live_bytes, idle_since, shrunk, share, value)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5 < ?2, (?5 + {SegmentTable.RunPaddingMax} * ?4) * 1000 / max(?2, 1), ?7)
            """);
        var more = sums.Step();
        EachRow(RowTable.Segment, (key, value) =>
        {
            while (more && sums.Blob(0).SequenceCompareTo(key) < 0)
            {
                ReportMissingSegment(sums);
                more = sums.Step();
            }
            var row = SegmentRecord.Read(RowKey.ReadSegment(key), value);
            var lives = more && sums.Blob(0).SequenceEqual(key);
            var (count, bytes) = lives ? (sums.Long(1), sums.Long(2)) : (0, 0);
            if (lives) more = sums.Step();
            insert.Bind(1, key).Bind(2, row.PayloadLength).Bind(3, row.IsFull ? 0L : 1L).Bind(4, count).Bind(5, bytes).Bind(7, value);
            // Nobody knows any more since when: the wait before it is collected begins anew.
            if (count == 0) insert.Bind(6, now);
            else insert.BindNull(6);
            insert.Run();
            tables.Segments.AddPlacements(row);
            totals.Segments++;
            totals.PayloadBytes += row.PayloadLength;
            if (!row.IsFull) totals.SegmentsPartial++;
        });
        for (; more; more = sums.Step()) ReportMissingSegment(sums);
        totals.LiveBytes = target.Number("SELECT coalesce(sum(bytes), 0) FROM runs");
    }

    private void CopyItems()
    {
        EachRow(RowTable.Item, (key, value) =>
        {
            RowKey.ReadItem(key, out var store, out var item);
            tables.Items.Put(ItemRecord.Read(store, item, value), value);
        });
        EachRow(RowTable.ItemShard, (key, value) =>
        {
            RowKey.ReadItemShard(key, out var shard, out var store);
            var row = ItemRecord.ReadShard(shard, store, value);
            if (tables.Items.Find(store, row.Item) is null) problems.Add(MetadataProblemKind.Item, $"shard {shard} on {store} is left out: item {row.Item} is not there");
            else tables.Items.PutShard(row, value);
        });
        RecountItems();
    }

    /// <summary>With changes missing, an item may count shards that are not there.</summary>
    private void RecountItems()
    {
        var wrong = new List<ItemRow>();
        using (var rows = new Statement(target.Handle, "SELECT i.id, i.value, count(s.id) FROM items i LEFT JOIN item_shards s ON s.item = i.id GROUP BY i.id"))
        {
            while (rows.Step())
            {
                RowKey.ReadItem(rows.Blob(0), out var store, out var item);
                var row = ItemRecord.Read(store, item, rows.Blob(1));
                if (row.ShardCount != rows.Long(2)) wrong.Add(row with { ShardCount = rows.Int(2) });
            }
        }

        foreach (var row in wrong)
        {
            problems.Add(MetadataProblemKind.Item, $"item {row.Item.Id} on {row.Store} has {row.ShardCount} shards, and not as many as it counts");
            others.Clear();
            ItemRecord.Write(others, row);
            tables.Items.Put(row, others.Written);
        }
    }

    private void ReportMissingData(Statement counts) =>
        problems.Add(MetadataProblemKind.DataMissing, $"data {DataId.Read(counts.Blob(0))}, named by {counts.Long(1)} extents");

    private void ReportMissingSegment(Statement sums) =>
        problems.Add(MetadataProblemKind.SegmentMissing, $"segment {SegmentId.Read(sums.Blob(0))}, in which {sums.Long(1)} data ids lie");

    /// <summary>Goes through the rows of a table that are there, in key order. A row that cannot be read is left out and reported.</summary>
    private void EachRow(RowTable table, RowHandler handle)
    {
        using var rows = new Statement(staging.Handle, "SELECT key, value, generation FROM staging WHERE tab = ?1 AND value IS NOT NULL ORDER BY key");
        rows.Bind(1, (long)table);
        while (rows.Step())
        {
            try
            {
                handle(rows.Blob(0), rows.Blob(1));
            }
            catch (MetadataFormatException e)
            {
                problems.Add(MetadataProblemKind.BadRecord, $"{table} row of generation {rows.ULong(2):x}: {e.Message}");
            }
        }
    }

    private void Split(ReadOnlySpan<byte> value)
    {
        others.Clear();
        extents.Clear();
        ExtentRecord.Split(value, others, extents);
    }

    private static void AddReferences(Statement statement, IEnumerable<Extent> extents)
    {
        Span<byte> id = stackalloc byte[DataId.Size];
        foreach (var extent in extents)
        {
            extent.Data.Write(id);
            statement.Bind(1, id).Run();
        }
    }
}
