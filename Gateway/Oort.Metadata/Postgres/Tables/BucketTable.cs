using System.Buffers.Binary;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

internal sealed class BucketTable(PostgresTables tables) : IBucketTable
{
    private readonly RowMap<Row> rows = new();

    public BucketRow? Find(BucketId id)
    {
        Span<byte> key = stackalloc byte[8];
        RowKey.Bucket(key, id);
        if (!rows.TryGet(key, out var row))
        {
            AddLoad(tables.Begin(), [id]).Run();
            rows.TryGet(key, out row);
        }
        return row is null ? null : BucketRecord.Read(id, row.Value);
    }

    public BucketRow? FindByName(string name)
    {
        var wanted = RowKey.Utf8(name);
        foreach (var (key, row) in rows.Changed)
            if (row is not null && row.Name.AsSpan().SequenceEqual(wanted)) return BucketRecord.Read(RowKey.ReadBucket(key), row.Value);
        BucketRow? found = null;
        tables.Begin().Query("SELECT id, value FROM buckets WHERE name = $1", row => found = BucketRecord.Read(new(row.ULong(0)), row.Blob(1)), RoundTrip.Bytes(wanted)).Run();
        if (found is null) return null;
        Span<byte> id = stackalloc byte[8];
        return rows.TryGet(RowKey.Bucket(id, found.Id), out var present) && present is null ? null : found;
    }

    public void Put(BucketId id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[8];
        rows.Put(RowKey.Bucket(key, id), new(name.ToArray(), value.ToArray()));
    }

    public void Remove(BucketId id)
    {
        Span<byte> key = stackalloc byte[8];
        rows.Remove(RowKey.Bucket(key, id));
    }

    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<BucketId> ids) => trip
        .Query("SELECT id, name, value FROM buckets WHERE id = ANY($1)", row => rows.Load(KeyOf(row.ULong(0)), new(row.Blob(1), row.Blob(2))), RoundTrip.Longs([.. ids.Select(id => (long)id.Value)]))
        .Then(() => rows.LoadAbsent(ids.Select(id => KeyOf(id.Value))));

    public void AddWrites(RoundTrip trip)
    {
        if (!rows.IsDirty) return;
        var gone = rows.Changed.Where(change => change.Row is null).Select(change => Number(change.Key)).ToArray();
        var put = rows.Changed.Where(change => change.Row is not null).ToArray();
        if (gone.Length > 0) trip.Add("DELETE FROM buckets WHERE id = ANY($1)", RoundTrip.Longs(gone));
        if (put.Length > 0)
        {
            trip.Add(
                "INSERT INTO buckets(id, name, value) SELECT * FROM unnest($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name, value = excluded.value",
                RoundTrip.Longs([.. put.Select(change => Number(change.Key))]), RoundTrip.Bytes([.. put.Select(change => change.Row!.Name)]), RoundTrip.Bytes([.. put.Select(change => change.Row!.Value)]));
        }
        rows.MarkWritten();
    }

    public void Clear() => rows.Clear();

    private static long Number(byte[] key) => BinaryPrimitives.ReadInt64BigEndian(key);

    private static byte[] KeyOf(ulong id)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, id);
        return key;
    }

    private sealed record Row(byte[] Name, byte[] Value);
}
