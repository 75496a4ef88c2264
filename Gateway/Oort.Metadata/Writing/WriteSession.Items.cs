using Oort.Backends;
using Oort.Metadata.Changes;
using Oort.Metadata.Records;

namespace Oort.Metadata.Writing;

/// <summary>Changes of items on outside networks.</summary>
internal sealed partial class WriteSession
{
    public void PutItem(ItemRow row)
    {
        record.Clear();
        ItemRecord.Write(record, row);
        tables.Items.Put(row, record.Written);
        EmitUpsert(RowTable.Item, RowKey.Item(stackalloc byte[RowKey.ItemSize], row.Store, row.Item.Id), record.Written);
    }

    public void RemoveItem(StoreId store, ItemId item)
    {
        tables.Items.Remove(store, item);
        EmitDelete(RowTable.Item, RowKey.Item(stackalloc byte[RowKey.ItemSize], store, item));
    }

    public void PutItemShard(in ItemShardRow row)
    {
        record.Clear();
        ItemRecord.WriteShard(record, row);
        tables.Items.PutShard(row, record.Written);
        EmitUpsert(RowTable.ItemShard, RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store), record.Written);
    }

    public void RemoveItemShard(in ItemShardRow row)
    {
        tables.Items.RemoveShard(row);
        EmitDelete(RowTable.ItemShard, RowKey.ItemShard(stackalloc byte[RowKey.ItemShardSize], row.Shard, row.Store));
    }
}
