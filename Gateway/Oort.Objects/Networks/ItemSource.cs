using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>The bytes of an item: its shards end to end, read where they are now.</summary>
/// <param name="shards">In the order of their offsets, without gaps.</param>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ItemSource(IReadOnlyList<ItemShardRow> shards, IMetadataStore metadata, StoreSet stores) : IItemSource
{
    private SegmentRow? segment;

    public long Length { get; } = shards.Sum(shard => shard.Length);

    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var done = 0;
        foreach (var shard in shards)
        {
            if (offset + done >= shard.Offset + shard.Length) continue;
            if (done == destination.Length) break;
            var from = offset + done - shard.Offset;
            var part = destination.Slice(done, (int)Math.Min(destination.Length - done, shard.Length - from));
            var store = await FindStoreAsync(shard.Shard, cancellationToken);
            var read = store is NetworkStore network ? await network.ReadAsync(shard.Shard, from, part, isOwn: true, cancellationToken) : await store.ReadAsync(shard.Shard, from, part, cancellationToken);
            if (read != part.Length) throw new BackendException(BackendErrorKind.Corrupt, $"Shard {shard.Shard} on {store.Location} is shorter than {shard.Length} bytes.");
            done += read;
        }

        return done;
    }

    private async ValueTask<IStore> FindStoreAsync(ShardId shard, CancellationToken cancellationToken)
    {
        if (segment?.Id != shard.Segment) segment = await metadata.FindSegmentAsync(shard.Segment, cancellationToken) ?? throw new BackendException(BackendErrorKind.NotFound, $"Segment {shard.Segment} is no more.");
        return stores.Find(segment.Shards[shard.Index]) ?? throw new BackendException(BackendErrorKind.Transient, $"The store of shard {shard} is away.");
    }
}
