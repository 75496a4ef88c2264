using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>All of what the metadata tell of items page by page.</summary>
internal static class ItemPages
{
    private const int PageSize = 1_000;

    /// <summary>All shards in an item, in order of their ids.</summary>
    public static async ValueTask<ImmutableArray<ItemShardRow>> ListItemShardsAsync(this IMetadataStore metadata, ItemRow row, CancellationToken cancellationToken)
    {
        var shards = ImmutableArray.CreateBuilder<ItemShardRow>();
        for (ShardId? after = null; ;)
        {
            var page = await metadata.ListItemShardsAsync(row.Store, row.Item.Id, after, PageSize, cancellationToken);
            shards.AddRange(page);
            if (page.Length < PageSize) return shards.DrainToImmutable();
            after = page[^1].Shard;
        }
    }

    /// <summary>All items under a store id, in order of theirs.</summary>
    public static async IAsyncEnumerable<ItemRow> ListItemsAsync(this IMetadataStore metadata, StoreId store, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for ((StoreId, ItemId)? after = null; ;)
        {
            var page = await metadata.ListItemsAsync(store, after, PageSize, cancellationToken);
            foreach (var row in page) yield return row;
            if (page.Length < PageSize) yield break;
            after = (store, page[^1].Item.Id);
        }
    }
}
