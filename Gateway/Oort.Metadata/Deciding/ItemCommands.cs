using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Items on outside networks: planned, moved on, let go of, forgotten.</summary>
internal static class ItemCommands
{
    public static CommitOutcome Add(WriteSession session, ItemRow row, ImmutableArray<ItemShardRow> shards)
    {
        if (shards.Length is 0 or > MetadataLimits.ItemShardCountMax || shards.Any(shard => shard.Store != row.Store || shard.Item != row.Item.Id || shard.Offset < 0 || shard.Length < 1 || shard.Offset + shard.Length > row.Item.Length))
            throw new ArgumentException($"Item {row.Item.Id} has shards that are not in it, none, or more than {MetadataLimits.ItemShardCountMax}.");
        if (session.Tables.Items.Find(row.Store, row.Item.Id) is not null) return CommitOutcome.Conflict;
        foreach (var shard in shards)
            if (session.Tables.Items.FindShard(shard.Shard, shard.Store) is not null) return CommitOutcome.Conflict;
        session.StartWriting();
        session.PutItem(row with { Revision = 0, ShardCount = shards.Length });
        foreach (var shard in shards) session.PutItemShard(shard);
        return CommitOutcome.Done;
    }

    public static CommitOutcome Update(WriteSession session, StoreId store, int expectedRevision, NetworkItem item)
    {
        if (session.Tables.Items.Find(store, item.Id) is not { } old || old.Revision != expectedRevision) return CommitOutcome.Conflict;
        session.StartWriting();
        session.PutItem(old with { Item = item, Revision = old.Revision + 1 });
        return CommitOutcome.Done;
    }

    /// <returns>Items of which nobody wants anything any more: to be deleted.</returns>
    public static ImmutableArray<ItemRow> RemoveShards(WriteSession session, StoreId store, ImmutableArray<ShardId> shards)
    {
        var places = shards.Distinct().Select(shard => session.Tables.Items.FindShard(shard, store)).OfType<ItemShardRow>().ToArray();
        if (places.Length == 0) return [];
        session.StartWriting();
        var empty = ImmutableArray.CreateBuilder<ItemRow>();
        foreach (var item in places.GroupBy(place => place.Item))
        {
            foreach (var place in item) session.RemoveItemShard(place);
            if (session.Tables.Items.Find(store, item.Key) is not { } old) continue;
            var row = old with { ShardCount = old.ShardCount - item.Count(), Revision = old.Revision + 1 };
            if (row.ShardCount <= 0)
            {
                row = row with { Item = row.Item with { State = ItemState.DeleteRequested, ResumeState = ItemState.DeleteRequested, NextStep = session.Now, FailureCount = 0, Reason = "" } };
                empty.Add(row);
            }

            session.PutItem(row);
        }

        return empty.DrainToImmutable();
    }

    public static CommitOutcome Remove(WriteSession session, StoreId store, ItemId item, int expectedRevision)
    {
        if (session.Tables.Items.Find(store, item) is not { } old || old.Revision != expectedRevision || old.ShardCount > 0) return CommitOutcome.Conflict;
        session.StartWriting();
        session.RemoveItem(store, item);
        return CommitOutcome.Done;
    }
}
