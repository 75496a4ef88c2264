using System.Buffers.Binary;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Uploads in progress and their parts.</summary>
internal sealed class UploadTable(PostgresTables tables) : IUploadTable
{
    /// <summary>Parts that are read at once when one is asked for: those who ask go on to the next. With the most extents of a part some 30 MB.</summary>
    private const int PartsAtOnce = 512;

    private readonly RowMap<Row> rows = new();
    private readonly RowMap<Part> parts = new();

    public UploadRow? Find(BucketId bucket, string key, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        var wanted = RowKey.Upload(rowKey, bucket, keyBytes, id);
        if (!rows.TryGet(wanted, out var row))
        {
            AddLoad(tables.Begin(), [wanted.ToArray()]).Run();
            rows.TryGet(wanted, out row);
        }
        return row is null ? null : UploadRecord.Read(bucket, key, id, row.Value);
    }

    public void Put(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id, long initiated, ReadOnlySpan<byte> value)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        rows.Put(RowKey.Upload(rowKey, bucket, keyBytes, id), new(initiated, value.ToArray()));
    }

    public void Remove(BucketId bucket, ReadOnlySpan<byte> keyBytes, UploadId id)
    {
        Span<byte> rowKey = stackalloc byte[RowKey.SizeMax];
        rows.Remove(RowKey.Upload(rowKey, bucket, keyBytes, id));
    }

    /// <remarks>Only replays ask; what they have made so far is written first, so that the server knows it.</remarks>
    public BucketId? FindBucket(UploadId id)
    {
        tables.Write(AddWrites);
        BucketId? bucket = null;
        tables.Begin().Query("SELECT bucket FROM uploads WHERE id = $1", row => bucket = new(row.ULong(0)), RoundTrip.Bytes(PartKey(id, 0)[..UploadId.Size])).Run();
        return bucket;
    }

    public PartRow? FindPart(UploadId upload, int number)
    {
        var key = PartKey(upload, number);
        if (!parts.TryGet(key, out var part))
        {
            tables.Begin().Query(
                "SELECT number, value, extents FROM parts WHERE upload = $1 AND number >= $2 ORDER BY number LIMIT $3",
                row => parts.Load(PartKey(upload, row.GetInt32(0)), new(row.Blob(1), row.Blob(2))),
                RoundTrip.Bytes(key[..UploadId.Size]), RoundTrip.Int(number), RoundTrip.Int(PartsAtOnce)).Run();
            parts.LoadAbsent([key]);
            parts.TryGet(key, out part);
        }
        return part is null ? null : UploadRecord.ReadPart(upload, number, part.Value, part.Extents);
    }

    public List<int> PartNumbers(UploadId upload)
    {
        tables.Write(AddWrites);
        var result = new List<int>();
        tables.Begin().Query("SELECT number FROM parts WHERE upload = $1 ORDER BY number", row => result.Add(row.GetInt32(0)), RoundTrip.Bytes(PartKey(upload, 0)[..UploadId.Size])).Run();
        return result;
    }

    public void PutPart(UploadId upload, int number, ReadOnlySpan<byte> value, ReadOnlySpan<byte> extents) => parts.Put(PartKey(upload, number), new(value.ToArray(), extents.ToArray()));

    public void RemovePart(UploadId upload, int number) => parts.Remove(PartKey(upload, number));

    /// <param name="keys">Row keys.</param>
    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<byte[]> keys) => trip
        .Query(
            "SELECT bucket, key, id, initiated, value FROM uploads WHERE id = ANY($1)",
            row => rows.Load(RowKey.Upload(new byte[RowKey.SizeMax], new(row.ULong(0)), row.Blob(1), UploadId.Read(row.Blob(2))).ToArray(), new(row.GetInt64(3), row.Blob(4))),
            RoundTrip.Bytes([.. keys.Select(key => key[^UploadId.Size..])]))
        .Then(() => rows.LoadAbsent(keys));

    public RoundTrip AddLoadParts(RoundTrip trip, IReadOnlyCollection<(UploadId Upload, int Number)> wanted)
    {
        var keys = wanted.Select(one => PartKey(one.Upload, one.Number)).ToArray();
        return trip.Query(
            "SELECT p.upload, p.number, p.value, p.extents FROM unnest($1, $2) AS k(upload, number) JOIN parts p ON p.upload = k.upload AND p.number = k.number",
            row => parts.Load(PartKey(UploadId.Read(row.Blob(0)), row.GetInt32(1)), new(row.Blob(2), row.Blob(3))),
            RoundTrip.Bytes([.. keys.Select(key => key[..UploadId.Size])]), RoundTrip.Ints([.. wanted.Select(one => one.Number)])).Then(() => parts.LoadAbsent(keys));
    }

    public void AddWrites(RoundTrip trip)
    {
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => change.Key[^UploadId.Size..]).ToArray();
        if (gone.Length > 0) trip.Add("DELETE FROM uploads WHERE id = ANY($1)", RoundTrip.Bytes(gone));
        var put = rows.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                """
                INSERT INTO uploads(bucket, key, id, initiated, value) SELECT * FROM unnest($1, $2, $3, $4, $5)
                ON CONFLICT (bucket, key, id) DO UPDATE SET initiated = excluded.initiated, value = excluded.value
                """,
                RoundTrip.Longs([.. put.Select(one => BinaryPrimitives.ReadInt64BigEndian(one.Key))]), RoundTrip.Bytes([.. put.Select(one => one.Key[8..^UploadId.Size])]),
                RoundTrip.Bytes([.. put.Select(one => one.Key[^UploadId.Size..])]), RoundTrip.Longs([.. put.Select(one => one.Row!.Initiated)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]));
        }
        rows.MarkWritten();
        AddPartWrites(trip);
    }

    public void Clear()
    {
        rows.Clear();
        parts.Clear();
    }

    private void AddPartWrites(RoundTrip trip)
    {
        var gone = parts.Changed.Where(change => change.Row is null).Select(change => change.Key).ToArray();
        if (gone.Length > 0)
        {
            trip.Add(
                "DELETE FROM parts p USING unnest($1, $2) AS d(upload, number) WHERE p.upload = d.upload AND p.number = d.number",
                RoundTrip.Bytes([.. gone.Select(key => key[..UploadId.Size])]), RoundTrip.Ints([.. gone.Select(NumberOf)]));
        }
        var put = parts.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                """
                INSERT INTO parts(upload, number, value, extents) SELECT * FROM unnest($1, $2, $3, $4)
                ON CONFLICT (upload, number) DO UPDATE SET value = excluded.value, extents = excluded.extents
                """,
                RoundTrip.Bytes([.. put.Select(one => one.Key[..UploadId.Size])]), RoundTrip.Ints([.. put.Select(one => NumberOf(one.Key))]),
                RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Extents)]));
        }
        parts.MarkWritten();
    }

    private static byte[] PartKey(UploadId upload, int number)
    {
        var key = new byte[UploadId.Size + 4];
        RowKey.Part(key, upload, number);
        return key;
    }

    private static int NumberOf(byte[] key) => BinaryPrimitives.ReadInt32BigEndian(key.AsSpan(UploadId.Size));

    private sealed record Row(long Initiated, byte[] Value);

    private sealed record Part(byte[] Value, byte[] Extents);
}
