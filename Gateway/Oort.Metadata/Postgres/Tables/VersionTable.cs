using System.Buffers.Binary;
using Npgsql;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>All versions, and the heads derived from them.</summary>
/// <remarks>
/// Of each key that was looked at it is known which version is the newest, or at least that none is above a generation. So a key that is put again and again in a group is read once.
/// How null versions are found: see the embedded engine's table of the same name.
/// </remarks>
internal sealed class VersionTable(PostgresTables tables) : IVersionTable
{
    private const string Columns = "generation, null_kind, marker, value, extents";

    private readonly RowMap<Row> rows = new();
    private readonly RowMap<Head> heads = new();
    private readonly Dictionary<byte[], Top> tops = new(ByteOrder.Instance);

    public VersionRow? FindNewest(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes)
    {
        var top = TopOf(bucket, keyBytes);
        return top.Generation == 0 ? null : Read(bucket, key, keyBytes, top.Generation, isLatest: true);
    }

    public VersionRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, string versionId)
    {
        if (versionId == VersionId.NullText) return FindNull(bucket, key, keyBytes);
        if (!VersionId.TryParse(versionId, out var id) || id.Generation > long.MaxValue) return null;
        var row = FindAt(bucket, key, keyBytes, id.Generation);
        return row is not null && row.Id == id && !row.IsNull ? row : null;
    }

    public VersionRow? FindAt(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, ulong generation)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        var lookup = tops.GetAlternateLookup<ReadOnlySpan<byte>>();
        Span<byte> topKey = stackalloc byte[8 + keyBytes.Length];
        if (lookup.TryGetValue(TopKey(topKey, bucket, keyBytes), out var top) && generation > top.Generation) return null;
        if (!rows.TryGet(RowKey.Version(rowKey, bucket, keyBytes, generation), out _))
        {
            var own = keyBytes.ToArray();
            tables.Begin().Query($"SELECT {Columns} FROM versions WHERE bucket = $1 AND key = $2 AND generation = $3", row => Load(bucket, own, row, 0), RoundTrip.Long(bucket.Value), RoundTrip.Bytes(own), RoundTrip.Long(generation)).Run();
        }
        return Read(bucket, key, keyBytes, generation, isLatest: false) is { } found ? found with { IsLatest = TopOf(bucket, keyBytes).Generation == generation } : null;
    }

    public VersionRow? FindNull(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes)
    {
        if (FindNewest(bucket, key, keyBytes) is not { } newest) return null;
        if (newest.IsNull) return newest;
        tables.Write(AddWrites);
        ulong? found = null;
        var own = keyBytes.ToArray();
        tables.Begin()
            .Query($"SELECT {Columns} FROM versions WHERE bucket = $1 AND key = $2 ORDER BY generation LIMIT 1", row => found = Load(bucket, own, row, 0) is { NullKind: not 0 } ? row.ULong(0) : null, RoundTrip.Long(bucket.Value), RoundTrip.Bytes(own))
            .Query($"SELECT {Columns} FROM versions WHERE bucket = $1 AND key = $2 AND null_kind = 2", row => found = Load(bucket, own, row, 0) is not null ? row.ULong(0) : null, RoundTrip.Long(bucket.Value), RoundTrip.Bytes(own))
            .Run();
        return found is { } generation ? Read(bucket, key, keyBytes, generation, isLatest: false) : null;
    }

    public bool AnyInBucket(BucketId bucket)
    {
        tables.Write(AddWrites);
        var any = false;
        tables.Begin().Query("SELECT 1 FROM versions WHERE bucket = $1 LIMIT 1", _ => any = true, RoundTrip.Long(bucket.Value)).Run();
        return any;
    }

    public void Insert(VersionRow row, ReadOnlySpan<byte> keyBytes, bool isFirst, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        Put(row, keyBytes, (short)Sqlite.Tables.VersionTable.NullKind(row.IsNull, isFirst), value, extents);
        Span<byte> topKey = stackalloc byte[8 + keyBytes.Length];
        var lookup = tops.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(TopKey(topKey, row.Bucket, keyBytes), out var top) && row.Id.Generation > top.Generation) lookup[topKey] = new(row.Id.Generation, IsExact: true);
    }

    public void Rewrite(VersionRow row, ReadOnlySpan<byte> keyBytes, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        if (!rows.TryGet(RowKey.Version(rowKey, row.Bucket, keyBytes, row.Id.Generation), out var old) || old is null) throw new InvalidOperationException("A version is rewritten that was not found.");
        Put(row, keyBytes, old.NullKind, value, extents);
    }

    public void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        rows.Remove(RowKey.Version(rowKey, bucket, keyBytes, generation));
        Span<byte> topKey = stackalloc byte[8 + keyBytes.Length];
        var lookup = tops.GetAlternateLookup<ReadOnlySpan<byte>>();
        // All others are below it: an upper bound, until one is put or the server is asked.
        if (lookup.TryGetValue(TopKey(topKey, bucket, keyBytes), out var top) && top.Generation == generation) lookup[topKey] = top with { IsExact = false };
    }

    public void PutHead(BucketId bucket, ReadOnlySpan<byte> keyBytes, ulong generation, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[8 + keyBytes.Length];
        heads.Put(TopKey(key, bucket, keyBytes), new((long)generation, value.ToArray()));
    }

    public void RemoveHead(BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        Span<byte> key = stackalloc byte[8 + keyBytes.Length];
        heads.Remove(TopKey(key, bucket, keyBytes));
    }

    /// <summary>Asks for the newest version of each key.</summary>
    public RoundTrip AddLoadNewest(RoundTrip trip, IReadOnlyList<(BucketId Bucket, byte[] Key)> keys)
    {
        var found = new ulong[keys.Count];
        return trip.Query(
            $"""
            SELECT v.generation, v.null_kind, v.marker, v.value, v.extents, k.n FROM unnest($1, $2) WITH ORDINALITY AS k(bucket, key, n)
            CROSS JOIN LATERAL (SELECT {Columns} FROM versions WHERE versions.bucket = k.bucket AND versions.key = k.key ORDER BY versions.generation DESC LIMIT 1) v
            """,
            row =>
            {
                var index = (int)row.GetInt64(5) - 1;
                Load(keys[index].Bucket, keys[index].Key, row, 0);
                found[index] = row.ULong(0);
            },
            RoundTrip.Longs([.. keys.Select(one => (long)one.Bucket.Value)]), RoundTrip.Bytes([.. keys.Select(one => one.Key)])).Then(() =>
        {
            for (var i = 0; i < keys.Count; i++) tops[TopKey(new byte[8 + keys[i].Key.Length], keys[i].Bucket, keys[i].Key).ToArray()] = new(found[i], IsExact: true);
        });
    }

    /// <summary>Data ids that the newest versions of keys refer to, as far as they have been read.</summary>
    public IEnumerable<DataId> DataOfNewest(BucketId bucket, byte[] key)
    {
        if (!tops.TryGetValue(TopKey(new byte[8 + key.Length], bucket, key).ToArray(), out var top) || top.Generation == 0) return [];
        rows.TryGet(RowKey.Version(new byte[RowKey.SizeMax], bucket, key, top.Generation), out var row);
        return row is null ? [] : ExtentRecord.ReadAll(row.Extents).Select(extent => extent.Data);
    }

    public void AddWrites(RoundTrip trip)
    {
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => Split(change.Key)).ToArray();
        if (gone.Length > 0)
        {
            trip.Add(
                "DELETE FROM versions v USING unnest($1, $2, $3) AS d(bucket, key, generation) WHERE v.bucket = d.bucket AND v.key = d.key AND v.generation = d.generation",
                RoundTrip.Longs([.. gone.Select(one => one.Bucket)]), RoundTrip.Bytes([.. gone.Select(one => one.Key)]), RoundTrip.Longs([.. gone.Select(one => one.Generation)]));
        }
        var put = rows.Changed.Where(change => change.Row is not null).Select(change => (Key: Split(change.Key), Row: change.Row!)).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                """
                INSERT INTO versions(bucket, key, generation, null_kind, marker, data, value, extents, at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (bucket, key, generation) DO UPDATE SET data = excluded.data, value = excluded.value, extents = excluded.extents
                """,
                RoundTrip.Longs([.. put.Select(one => one.Key.Bucket)]), RoundTrip.Bytes([.. put.Select(one => one.Key.Key)]), RoundTrip.Longs([.. put.Select(one => one.Key.Generation)]),
                RoundTrip.Shorts([.. put.Select(one => one.Row.NullKind)]), RoundTrip.Flags([.. put.Select(one => one.Row.IsMarker)]), RoundTrip.Bytes([.. put.Select(one => one.Row.Data)]),
                RoundTrip.Bytes([.. put.Select(one => one.Row.Value)]), RoundTrip.Bytes([.. put.Select(one => one.Row.Extents)]), RoundTrip.Longs([.. put.Select(one => one.Row.At)]));
        }
        rows.MarkWritten();
        AddHeadWrites(trip);
    }

    public void Clear()
    {
        rows.Clear();
        heads.Clear();
        tops.Clear();
    }

    /// <summary>The data ids of extents, as the column has them; null where a reader asks for those it needs (<see cref="MetadataLimits.FoundDataMax"/>).</summary>
    public static byte[]? DataOf(IReadOnlyList<Extent> extents)
    {
        if (extents.Count > MetadataLimits.FoundDataMax) return null;
        var data = extents.Select(extent => extent.Data).Distinct().ToArray();
        var result = new byte[data.Length * DataId.Size];
        for (var i = 0; i < data.Length; i++) data[i].Write(result.AsSpan(i * DataId.Size));
        return result;
    }

    private void AddHeadWrites(RoundTrip trip)
    {
        var gone = heads.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0)
        {
            trip.Add(
                "DELETE FROM heads h USING unnest($1, $2) AS d(bucket, key) WHERE h.bucket = d.bucket AND h.key = d.key",
                RoundTrip.Longs([.. gone.Select(BucketOf)]), RoundTrip.Bytes([.. gone.Select(key => key[8..])]));
        }
        var put = heads.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                """
                INSERT INTO heads(bucket, key, generation, value) SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT (bucket, key) DO UPDATE SET generation = excluded.generation, value = excluded.value
                """,
                RoundTrip.Longs([.. put.Select(one => BucketOf(one.Key))]), RoundTrip.Bytes([.. put.Select(one => one.Key[8..])]),
                RoundTrip.Longs([.. put.Select(one => one.Row!.Generation)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]));
        }
        heads.MarkWritten();
    }

    private Top TopOf(BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        var key = TopKey(new byte[8 + keyBytes.Length], bucket, keyBytes).ToArray();
        if (tops.TryGetValue(key, out var top) && top.IsExact) return top;
        tables.Write(AddWrites);
        AddLoadNewest(tables.Begin(), [(bucket, keyBytes.ToArray())]).Run();
        return tops[key];
    }

    private void Put(VersionRow row, ReadOnlySpan<byte> keyBytes, short nullKind, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        rows.Put(RowKey.Version(rowKey, row.Bucket, keyBytes, row.Id.Generation), new(nullKind, row.IsDeleteMarker, DataOf(row.Extents), value.ToArray(), extents.ToArray(), row.LastModified.ToUnixTimeMilliseconds()));
    }

    private VersionRow? Read(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, ulong generation, bool isLatest)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        return rows.TryGet(RowKey.Version(rowKey, bucket, keyBytes, generation), out var row) && row is not null ? VersionRecord.Read(bucket, key, generation, isLatest, row.Value, row.Extents) : null;
    }

    private Row? Load(BucketId bucket, byte[] keyBytes, NpgsqlDataReader reader, int column)
    {
        var key = RowKey.Version(new byte[16 + keyBytes.Length], bucket, keyBytes, reader.ULong(column)).ToArray();
        rows.Load(key, new(reader.GetInt16(column + 1), reader.GetBoolean(column + 2), null, reader.Blob(column + 3), reader.Blob(column + 4), 0));
        rows.TryGet(key, out var row);
        return row;
    }

    private static ReadOnlySpan<byte> TopKey(Span<byte> buffer, BucketId bucket, ReadOnlySpan<byte> keyBytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(buffer, bucket.Value);
        keyBytes.CopyTo(buffer[8..]);
        return buffer;
    }

    private static (long Bucket, byte[] Key, long Generation) Split(byte[] rowKey)
    {
        RowKey.ReadVersion(rowKey, out var bucket, out var key, out var generation);
        return ((long)bucket.Value, key.ToArray(), (long)generation);
    }

    private static long BucketOf(byte[] key) => BinaryPrimitives.ReadInt64BigEndian(key);

    /// <param name="Data">Of a row that was read and not changed it is not known, and not needed.</param>
    /// <param name="At">Likewise.</param>
    private sealed record Row(short NullKind, bool IsMarker, byte[]? Data, byte[] Value, byte[] Extents, long At);

    private sealed record Head(long Generation, byte[] Value);

    /// <param name="Generation">Of the key's newest version, 0 for none; or, when not exact, above all of its versions.</param>
    private readonly record struct Top(ulong Generation, bool IsExact);
}
