using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Writing;

namespace Oort.Objects.Collection;

/// <summary>Finds shards on a store that no row places there.</summary>
internal sealed class OrphanScan(IMetadataStore metadata, SegmentIds segmentIds)
{
    /// <summary>Orphans of one store, as they come.</summary>
    /// <remarks>
    /// A shard counts only when its segment is decided: of an earlier epoch (its writer is fenced), or of this one below the low-water mark. The mark is
    /// taken before the store is listed, so a segment that is being written meanwhile is never mistaken for an orphan.
    /// </remarks>
    /// <exception cref="BackendException">The store cannot be listed.</exception>
    public async IAsyncEnumerable<ShardId> FindAsync(IStore store, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lowWaterMark = segmentIds.LowWaterMark;
        await foreach (var shard in store.ListAsync(cancellationToken).WithCancellation(cancellationToken))
            if (IsDecided(shard.Id.Segment, lowWaterMark) && await IsOrphanAsync(store.Id, shard.Id, cancellationToken))
                yield return shard.Id;
    }

    /// <summary>No row places the shard on that store, now.</summary>
    public async ValueTask<bool> IsOrphanAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) =>
        await metadata.FindSegmentAsync(shard.Segment, cancellationToken) is not { } row
        || shard.Index >= row.Shards.Length
        || row.Shards[shard.Index] != store;

    private bool IsDecided(SegmentId segment, ulong lowWaterMark) =>
        segment.Epoch < segmentIds.Epoch || (segment.Epoch == segmentIds.Epoch && segment.Counter < lowWaterMark);
}
