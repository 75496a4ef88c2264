using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Metadata;

/// <summary>An item on an outside network: what its backend last made of it.</summary>
public sealed record ItemRow
{
    /// <summary>The network, as a store.</summary>
    public required StoreId Store { get; init; }

    public required NetworkItem Item { get; init; }

    /// <summary>Counts the changes of <see cref="Item"/>; a change names the one it replaces (compare-and-swap).</summary>
    public int Revision { get; init; }

    /// <summary>Shards in it that somebody still wants.</summary>
    public int ShardCount { get; init; }

    /// <summary>Whose data it was made of, those with most bytes first: at most <see cref="MetadataLimits.ItemBucketCountMax"/>. What it costs is divided by that, also when some of it is not wanted any more.</summary>
    public ImmutableArray<BucketBytes> Buckets { get; init; } = [];

    /// <summary>The bucket of most of its bytes; null: not known.</summary>
    public BucketId? MainBucket => Buckets is [var first, ..] ? first.Bucket : null;

    /// <summary>Fields of the stored record that this program does not know, kept as they are when the row is written again.</summary>
    public ReadOnlyMemory<byte> UnknownFields { get; init; }

    /// <summary>When its next step is due, in Unix milliseconds; null: there is nothing more to be done for it.</summary>
    internal long? Due => Item.State is ItemState.FailedFinal or ItemState.Expired or ItemState.Deleted or ItemState.Undeletable ? null : Item.NextStep.ToUnixTimeMilliseconds();
}

/// <summary>A bucket's part of an item.</summary>
/// <param name="Bytes">Of the item.</param>
public readonly record struct BucketBytes(BucketId Bucket, long Bytes);

/// <summary>Where in an item a shard lies.</summary>
/// <param name="Offset">Of its first byte.</param>
/// <param name="Length">In bytes, as the shard has it.</param>
public readonly record struct ItemShardRow(ShardId Shard, StoreId Store, ItemId Item, long Offset, long Length);

/// <summary>A shard on a network, and the item that it is in.</summary>
public sealed record FoundItem(ItemShardRow Place, ItemRow Item);
