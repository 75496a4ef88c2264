using System.Collections.Concurrent;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Collection;

/// <summary>Old copies of shards that were moved: deleted when no reader can mean them any more. Those that a crash forgets are orphans, which the collector finds.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Leftovers(IMetadataStore metadata, StoreSet stores, SegmentClaims claims, TimeSpan grace, TimeProvider time)
{
    /// <summary>Old copies that are remembered; the collector finds the others.</summary>
    private const int CountMax = 100_000;

    private readonly ConcurrentQueue<(ShardId Shard, StoreId Store, long MovedAt)> moved = new();

    public int Count => moved.Count;

    /// <summary>Takes note that a shard's place in its row is no longer this store.</summary>
    public void Add(ShardId shard, StoreId store)
    {
        if (moved.Count < CountMax) moved.Enqueue((shard, store, time.GetTimestamp()));
    }

    /// <summary>Deletes those that are due. One call at a time.</summary>
    public async Task DropDueAsync(CancellationToken cancellationToken)
    {
        while (moved.TryPeek(out var old) && time.GetElapsedTime(old.MovedAt) >= grace)
        {
            moved.TryDequeue(out _);
            using var claim = await claims.ClaimAsync(old.Shard.Segment, cancellationToken);
            var row = await metadata.FindSegmentAsync(old.Shard.Segment, cancellationToken);
            // It may have come back to this store meanwhile.
            if (row is not null && row.Shards[old.Shard.Index] == old.Store) continue;
            if (stores.Find(old.Store) is not { } store) continue;
            try
            {
                await store.DeleteAsync(old.Shard, cancellationToken);
            }
            catch (BackendException failure)
            {
                // The collector's search finds it.
                stores.Report(old.Store, failure);
            }
        }
    }
}
