using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Tables;

/// <summary>Items on outside networks, and which shards are in them.</summary>
internal sealed class ItemTable(Database database) : IItemTable
{
    private Statement? find;
    private Statement? put;
    private Statement? remove;
    private Statement? list;
    private Statement? listOn;
    private Statement? listDue;
    private Statement? findShard;
    private Statement? putShard;
    private Statement? removeShard;
    private Statement? listShards;

    public ItemRow? Find(StoreId store, ItemId item)
    {
        find ??= database.Prepare("SELECT value FROM items WHERE id = ?1");
        using var rows = find.Bind(1, RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item)).Query();
        return rows.Next() ? ItemRecord.Read(store, item, find.Blob(0)) : null;
    }

    public void Put(ItemRow row, ReadOnlySpan<byte> value)
    {
        put ??= database.Prepare("INSERT OR REPLACE INTO items(id, due, value) VALUES (?1, ?2, ?3)");
        put.Bind(1, RowKey.Item(stackalloc byte[RowKey.ItemSize], row.Store, row.Item.Id)).Bind(3, value);
        if (row.Due is { } due) put.Bind(2, due);
        else put.BindNull(2);
        put.Run();
    }

    public void Remove(StoreId store, ItemId item)
    {
        remove ??= database.Prepare("DELETE FROM items WHERE id = ?1");
        remove.Bind(1, RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item)).Run();
    }

    /// <summary>Items in order of store and id, after one (null: from the first); of one store where asked.</summary>
    public ImmutableArray<ItemRow> List(StoreId? store, (StoreId Store, ItemId Item)? after, int limit)
    {
        var from = after is { } last ? RowKey.Item(stackalloc byte[RowKey.ItemSize], last.Store, last.Item) : [];
        if (store is not { } on)
        {
            list ??= database.Prepare("SELECT id, value FROM items WHERE id > ?1 ORDER BY id LIMIT ?2");
            return Read(list.Bind(1, from).Bind(2, limit));
        }

        // A store's keys lie between itself and what is longer than any of them, and before those of the next.
        Span<byte> first = stackalloc byte[StoreId.Size];
        on.Write(first);
        Span<byte> end = stackalloc byte[RowKey.ItemSize + 1];
        end.Fill(0xff);
        on.Write(end);
        listOn ??= database.Prepare("SELECT id, value FROM items WHERE id > ?1 AND id < ?3 ORDER BY id LIMIT ?2");
        return Read(listOn.Bind(1, from.SequenceCompareTo(first) > 0 ? from : first).Bind(2, limit).Bind(3, end));
    }

    /// <summary>Items with a step that is due before a time, those due first in front.</summary>
    public ImmutableArray<ItemRow> ListDue(long before, int limit)
    {
        listDue ??= database.Prepare("SELECT id, value FROM items WHERE due < ?1 ORDER BY due, id LIMIT ?2");
        return Read(listDue.Bind(1, before).Bind(2, limit));
    }

    public ItemShardRow? FindShard(ShardId shard, StoreId store)
    {
        findShard ??= database.Prepare("SELECT value FROM item_shards WHERE id = ?1");
        using var rows = findShard.Bind(1, RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], shard, store)).Query();
        return rows.Next() ? ItemRecord.ReadShard(shard, store, findShard.Blob(0)) : null;
    }

    public void PutShard(in ItemShardRow row, ReadOnlySpan<byte> value)
    {
        putShard ??= database.Prepare("INSERT OR REPLACE INTO item_shards(id, item, value) VALUES (?1, ?2, ?3)");
        putShard.Bind(1, RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store))
            .Bind(2, RowKey.Item(stackalloc byte[RowKey.ItemSize], row.Store, row.Item)).Bind(3, value).Run();
    }

    public void RemoveShard(in ItemShardRow row)
    {
        removeShard ??= database.Prepare("DELETE FROM item_shards WHERE id = ?1");
        removeShard.Bind(1, RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store)).Run();
    }

    /// <summary>Shards of an item in order of their ids, after one.</summary>
    public ImmutableArray<ItemShardRow> ListShards(StoreId store, ItemId item, ShardId? after, int limit)
    {
        listShards ??= database.Prepare("SELECT id, value FROM item_shards WHERE item = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
        Span<byte> from = stackalloc byte[RowKey.ItemShardSize];
        listShards.Bind(1, RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item)).Bind(2, after is { } last ? RowKey.ItemShard(from, last, store) : []).Bind(3, limit);
        var result = ImmutableArray.CreateBuilder<ItemShardRow>();
        using var rows = listShards.Query();
        while (rows.Next())
        {
            RowKey.ReadItemShard(listShards.Blob(0), out var shard, out _);
            result.Add(ItemRecord.ReadShard(shard, store, listShards.Blob(1)));
        }

        return result.DrainToImmutable();
    }

    private static ImmutableArray<ItemRow> Read(Statement statement)
    {
        var result = ImmutableArray.CreateBuilder<ItemRow>();
        using var rows = statement.Query();
        while (rows.Next())
        {
            RowKey.ReadItem(statement.Blob(0), out var store, out var item);
            result.Add(ItemRecord.Read(store, item, statement.Blob(1)));
        }

        return result.DrainToImmutable();
    }
}
