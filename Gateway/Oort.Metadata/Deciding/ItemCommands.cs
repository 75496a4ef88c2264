using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Deciding;

/// <summary>Items on outside networks: planned, moved on, let go of, forgotten.</summary>
internal static class ItemCommands
{
    public static CommitOutcome Add(WriteSession session, ItemRow row, ImmutableArray<ItemShardRow> shards)
    {
        if (shards.Length is 0 or > MetadataLimits.ItemShardCountMax || shards.Any(shard => shard.Store != row.Store || shard.Item != row.Item.Id || shard.Offset < 0 || shard.Length < 1 || shard.Offset > row.Item.Length - shard.Length))
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
            var row = Counted(old, old.ShardCount - item.Count(), session.Now);
            if (row.ShardCount <= 0) empty.Add(row);
            session.PutItem(row);
        }

        return empty.DrainToImmutable();
    }

    /// <summary>The shards leave the items that they are in, for the one that comes.</summary>
    public static CommitOutcome Move(WriteSession session, StoreId from, ItemId id, int expectedRevision, ImmutableArray<ShardId> shards, StoreId to, DateTimeOffset emptiedUntil)
    {
        if (shards.Length > MetadataLimits.MovedItemShardCountMax) throw new ArgumentException($"Item {id} has more than the {MetadataLimits.MovedItemShardCountMax} shards that are moved at once.");
        var items = session.Tables.Items;
        if (items.Find(from, id) is not { } moved || moved.Revision != expectedRevision || !moved.Item.IsCopy || items.Find(to, id) is not null) return CommitOutcome.Conflict;
        var places = shards.Distinct().Select(shard => items.FindShard(shard, from)).OfType<ItemShardRow>().Where(place => place.Item == id).ToArray();
        if (places.Length != moved.ShardCount) return CommitOutcome.Conflict;
        // One that is let go of stays so, and one that is on its way in another item is that item's: without it the item would not be what was hashed.
        var taken = places.Select(place => (Place: place, Present: items.FindShard(place.Shard, to)))
            .Where(one => one.Present is { } present && items.Find(to, present.Item) is { } item && (item.Item.IsCopy || item.Item.State is ItemState.FailedFinal or ItemState.Expired))
            .ToArray();
        session.StartWriting();
        foreach (var place in places) session.RemoveItemShard(place);
        session.RemoveItem(from, id);
        foreach (var (place, _) in taken) session.PutItemShard(place with { Store = to });
        session.PutItem(Counted(moved with { Store = to }, taken.Length, session.Now));
        foreach (var left in taken.GroupBy(one => one.Present!.Value.Item)) session.PutItem(Counted(items.Find(to, left.Key)!, items.Find(to, left.Key)!.ShardCount - left.Count(), emptiedUntil));
        return CommitOutcome.Done;
    }

    public static CommitOutcome Remove(WriteSession session, StoreId store, ItemId item, int expectedRevision)
    {
        if (session.Tables.Items.Find(store, item) is not { } old || old.Revision != expectedRevision || old.ShardCount > 0) return CommitOutcome.Conflict;
        session.StartWriting();
        session.RemoveItem(store, item);
        return CommitOutcome.Done;
    }

    /// <summary>An item with another number of shards; without any it is to be deleted, at a time.</summary>
    private static ItemRow Counted(ItemRow old, int count, DateTimeOffset emptied)
    {
        var row = old with { ShardCount = count, Revision = old.Revision + 1 };
        return count > 0 ? row : row with { Item = row.Item with { State = ItemState.DeleteRequested, ResumeState = ItemState.DeleteRequested, NextStep = emptied, FailureCount = 0, Reason = "" } };
    }
}
