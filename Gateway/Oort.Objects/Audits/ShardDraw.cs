using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Audits;

/// <summary>Shards drawn for audits: of each store the same number, each of its shards with the same chance.</summary>
/// <remarks>
/// Drawing by store and not by segment has small stores audited too. One walk over all segments fills all draws at once (reservoir sampling, Vitter's algorithm R), in memory
/// of a fixed size. Not thread-safe.
/// </remarks>
internal sealed class ShardDraw(IMetadataStore metadata, Random random)
{
    private const int PageSize = 1_000;

    private Dictionary<StoreId, Pool> pools = [];

    /// <summary>Draws anew for these stores.</summary>
    /// <param name="count">Of each store at most.</param>
    public async Task WalkAsync(IEnumerable<StoreId> stores, int count, CancellationToken cancellationToken)
    {
        var drawn = stores.ToDictionary(store => store, _ => new Pool());
        for (var after = default(SegmentId); drawn.Count > 0;)
        {
            var page = await metadata.ListSegmentsAsync(after, PageSize, notFullOnly: false, store: null, cancellationToken);
            foreach (var row in page)
                for (var index = 0; index < row.Shards.Length; index++)
                    if (drawn.TryGetValue(row.Shards[index], out var pool)) pool.Offer(new(row.Id, (byte)index), count, random);
            if (page.Length < PageSize) break;
            after = page[^1].Id;
        }

        pools = drawn;
    }

    /// <summary>Shards that the store held at the last walk; 0 also where it was not among those drawn for.</summary>
    public long CountOf(StoreId store) => pools.TryGetValue(store, out var pool) ? pool.Seen : 0;

    /// <summary>Whether nothing is left for a store that was drawn for, though it has shards; or it was not drawn for.</summary>
    public bool IsSpent(StoreId store) => !pools.TryGetValue(store, out var pool) || pool is { Seen: > 0, Shards.Count: 0 };

    /// <summary>Takes one of the shards that were drawn for a store; null when none is left.</summary>
    public ShardId? Take(StoreId store)
    {
        if (!pools.TryGetValue(store, out var pool) || pool.Shards.Count == 0) return null;
        var at = random.Next(pool.Shards.Count);
        var taken = pool.Shards[at];
        pool.Shards[at] = pool.Shards[^1];
        pool.Shards.RemoveAt(pool.Shards.Count - 1);
        return taken;
    }

    private sealed class Pool
    {
        public List<ShardId> Shards { get; } = [];

        public long Seen { get; private set; }

        public void Offer(ShardId shard, int count, Random random)
        {
            Seen++;
            if (Shards.Count < count) Shards.Add(shard);
            else if (random.NextInt64(Seen) is var at && at < count) Shards[(int)at] = shard;
        }
    }
}
