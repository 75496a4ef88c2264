using Oort.Backends;
using Oort.Crypto;
using Oort.Objects.Shards;

namespace Oort.Objects;

/// <summary>One shard being written anew. A store that fails ends it quietly: <see cref="CommitAsync"/> answers false, and the store was reported.</summary>
internal sealed class ShardRebuild : IAsyncDisposable
{
    private readonly IStore store;
    private readonly ShardId id;
    private readonly ShardLayout layout;
    private readonly SegmentTagger tagger;
    private readonly IStoreSet stores;
    private readonly byte[] table;
    private IShardWriter? writer;

    private ShardRebuild(IStore store, ShardId id, ShardLayout layout, SegmentTagger tagger, IStoreSet stores)
    {
        this.store = store;
        this.id = id;
        this.layout = layout;
        this.tagger = tagger;
        this.stores = stores;
        table = new byte[layout.TableSize];
    }

    public static async ValueTask<ShardRebuild> BeginAsync(IStore store, ShardId id, ShardLayout layout, SegmentTagger tagger, IStoreSet stores, CancellationToken cancellationToken)
    {
        var rebuild = new ShardRebuild(store, id, layout, tagger, stores);
        await rebuild.TryAsync(async () =>
        {
            rebuild.writer = await store.BeginAsync(id, layout.ShardLength, cancellationToken);
            var header = new byte[ShardHeader.Size];
            ShardHeader.Write(header, id, layout, tagger);
            await rebuild.writer.WriteAsync(header, cancellationToken);
        });
        return rebuild;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> cell, int stripe, CancellationToken cancellationToken)
    {
        if (writer is null) return;
        CellEntry.Compute(cell.Span, id.Index, stripe, tagger).Write(table.AsSpan(stripe * CellEntry.Size));
        await TryAsync(() => writer.WriteAsync(cell, cancellationToken));
    }

    public async ValueTask<bool> CommitAsync(CancellationToken cancellationToken)
    {
        if (writer is null) return false;
        return await TryAsync(async () =>
        {
            await writer.WriteAsync(table, cancellationToken);
            await writer.CommitAsync(cancellationToken);
        });
    }

    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async ValueTask<bool> TryAsync(Func<ValueTask> step)
    {
        try
        {
            await step();
            return true;
        }
        catch (BackendException e)
        {
            stores.Report(store.Id, e);
            if (writer is not null) await writer.DisposeAsync();
            writer = null;
            return false;
        }
    }
}
