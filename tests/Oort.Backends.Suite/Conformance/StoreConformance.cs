using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

/// <summary>What every <see cref="IStore"/> must do. A backend is done when a subclass of this passes.</summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    /// <summary>The store under test; <see cref="ReopenAsync"/> replaces it.</summary>
    protected IStore Store { get; private set; } = null!;

    /// <summary>A length that the store does not handle as a small shard.</summary>
    protected virtual int LongLength => 3 * 1024 * 1024 + 17;

    public async ValueTask InitializeAsync() => Store = await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes an empty store.</summary>
    protected abstract Task<IStore> CreateAsync();

    /// <summary>Closes the store properly and opens it again on the same medium.</summary>
    protected abstract Task<IStore> ReopenAsync(IStore store);

    /// <summary>Removes what the tests left on the medium.</summary>
    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    protected static CancellationToken None => CancellationToken.None;

    /// <summary>The whole shard, or null when there is none.</summary>
    protected async Task<byte[]?> GetAsync(ShardId id)
    {
        if (await Store.StatAsync(id, None) is not { } length)
            return null;
        var bytes = new byte[length];
        (await Store.ReadAsync(id, 0, bytes, None)).ShouldBe(bytes.Length);
        return bytes;
    }

    /// <summary>Puts a shard through <see cref="IShardStore.BeginAsync"/> in pieces.</summary>
    protected async Task PutInPiecesAsync(ShardId id, byte[] content, int pieceSize)
    {
        await using var writer = await Store.BeginAsync(id, content.Length, None);
        for (var i = 0; i < content.Length; i += pieceSize)
            await writer.WriteAsync(content.AsMemory(i, Math.Min(pieceSize, content.Length - i)), None);
        await writer.CommitAsync(None);
    }

    protected static async Task<List<T>> CollectAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
            list.Add(item);
        return list;
    }

    protected static async Task<BackendErrorKind> FailureOf(Func<Task> call) => (await Should.ThrowAsync<BackendException>(call)).Kind;

    private async Task ReopenStoreAsync() => Store = await ReopenAsync(Store);
}
