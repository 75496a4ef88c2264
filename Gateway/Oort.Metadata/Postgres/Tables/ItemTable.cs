using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Tables;

/// <summary>Items on outside networks, and which shards are in them.</summary>
internal sealed class ItemTable(PostgresTables tables) : IItemTable
{
    private readonly RowMap<Stored> items = new();
    private readonly RowMap<StoredShard> shards = new();

    public ItemRow? Find(StoreId store, ItemId item)
    {
        var key = RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item);
        if (!items.TryGet(key, out var known))
        {
            AddLoad(tables.Begin(), [key.ToArray()]).Run();
            items.TryGet(key, out known);
        }
        return known is null ? null : ItemRecord.Read(store, item, known.Value);
    }

    public void Put(ItemRow row, ReadOnlySpan<byte> value) => items.Put(RowKey.Item(stackalloc byte[RowKey.ItemSize], row.Store, row.Item.Id), new(row.Due, value.ToArray()));

    public void Remove(StoreId store, ItemId item) => items.Remove(RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item));

    public ItemShardRow? FindShard(ShardId shard, StoreId store)
    {
        var key = RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], shard, store);
        if (!shards.TryGet(key, out var known))
        {
            AddLoadShards(tables.Begin(), [key.ToArray()]).Run();
            shards.TryGet(key, out known);
        }
        return known is null ? null : ItemRecord.ReadShard(shard, store, known.Value);
    }

    public void PutShard(in ItemShardRow row, ReadOnlySpan<byte> value) => shards.Put(
        RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store),
        new(RowKey.Item(stackalloc byte[RowKey.ItemSize], row.Store, row.Item).ToArray(), value.ToArray()));

    public void RemoveShard(in ItemShardRow row) => shards.Remove(RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store));

    public RoundTrip AddLoad(RoundTrip trip, IReadOnlyCollection<byte[]> keys) => trip
        .Query("SELECT id, value FROM items WHERE id = ANY($1)", row => items.Load(row.Blob(0), new(null, row.Blob(1))), RoundTrip.Bytes([.. keys]))
        .Then(() => items.LoadAbsent(keys));

    public RoundTrip AddLoadShards(RoundTrip trip, IReadOnlyCollection<byte[]> keys) => trip
        .Query("SELECT id, value FROM item_shards WHERE id = ANY($1)", row => shards.Load(row.Blob(0), new([], row.Blob(1))), RoundTrip.Bytes([.. keys]))
        .Then(() => shards.LoadAbsent(keys));

    public void AddWrites(RoundTrip trip)
    {
        Delete(trip, "items", items.Changed.Where(change => change.Row is null).Select(change => change.Key));
        var put = items.Changed.Where(change => change.Row is not null).ToArray();
        if (put.Length > 0)
        {
            trip.Add(
                "INSERT INTO items(id, due, value) SELECT id, nullif(due, -1), value FROM unnest($1, $2, $3) AS one(id, due, value) ON CONFLICT (id) DO UPDATE SET due = excluded.due, value = excluded.value",
                RoundTrip.Bytes([.. put.Select(one => one.Key)]), RoundTrip.Longs([.. put.Select(one => one.Row!.Due ?? -1)]), RoundTrip.Bytes([.. put.Select(one => one.Row!.Value)]));
        }
        Delete(trip, "item_shards", shards.Changed.Where(change => change.Row is null).Select(change => change.Key));
        var places = shards.Changed.Where(change => change.Row is not null).ToArray();
        if (places.Length > 0)
        {
            trip.Add(
                "INSERT INTO item_shards(id, item, value) SELECT * FROM unnest($1, $2, $3) ON CONFLICT (id) DO UPDATE SET item = excluded.item, value = excluded.value",
                RoundTrip.Bytes([.. places.Select(one => one.Key)]), RoundTrip.Bytes([.. places.Select(one => one.Row!.Item)]), RoundTrip.Bytes([.. places.Select(one => one.Row!.Value)]));
        }
        items.MarkWritten();
        shards.MarkWritten();
    }

    public void Clear()
    {
        items.Clear();
        shards.Clear();
    }

    private static void Delete(RoundTrip trip, string table, IEnumerable<byte[]> gone)
    {
        byte[][] keys = [.. gone];
        if (keys.Length > 0) trip.Add($"DELETE FROM {table} WHERE id = ANY($1)", RoundTrip.Bytes(keys));
    }

    /// <param name="Due">Unix milliseconds; looked at only of rows that were changed.</param>
    private sealed record Stored(long? Due, byte[] Value);

    /// <param name="Item">Key of the item; looked at only of rows that were changed.</param>
    private sealed record StoredShard(byte[] Item, byte[] Value);
}
