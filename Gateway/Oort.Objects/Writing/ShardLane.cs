using Oort.Backends;

namespace Oort.Objects.Writing;

/// <summary>The way of one shard to its store: its operations run one after the other, and the first failure or stall ends it without touching the other lanes.</summary>
/// <remarks>
/// Used by one writer; operations are started without waiting for the ones before. The tasks they return never fail: their result is the
/// timestamp at which the operation ended, or <see cref="NotDone"/>.
/// </remarks>
internal sealed class ShardLane : IDisposable
{
    /// <summary>The result of an operation that did not take place or failed.</summary>
    public const long NotDone = long.MaxValue;

    private readonly IStoreSet stores;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource cancellation = new();
    private readonly ShardId shard;
    private IShardWriter? writer;
    private Task<long> tail = Task.FromResult(0L);
    private volatile bool isAlive;

    /// <param name="store">Null where placement had no store for the shard: the lane is dead from the start.</param>
    public ShardLane(ShardId shard, IStore? store, IStoreSet stores, TimeProvider time)
    {
        this.shard = shard;
        this.stores = stores;
        this.time = time;
        Store = store;
        isAlive = store is not null;
    }

    public IStore? Store { get; }

    /// <summary>Everything so far has worked or is under way.</summary>
    public bool IsAlive => isAlive;

    /// <summary>Why it died, for the message when too few are left.</summary>
    public Exception? Failure { get; private set; }

    public Task<long> BeginAsync(long length) => Start(async (lane, token) => lane.writer = await lane.Store!.BeginAsync(lane.shard, length, token));

    /// <param name="crc">CRC-64/NVME of the content, so that the store need not compute it again.</param>
    public Task<long> WriteAsync(ReadOnlyMemory<byte> content, ulong crc) => Start((lane, token) => lane.writer!.WriteAsync(content, crc, token));

    public Task<long> CommitAsync() => Start((lane, token) => lane.writer!.CommitAsync(token));

    public Task<long> PutAsync(ReadOnlyMemory<byte> content) => Start((lane, token) => lane.Store!.PutAsync(lane.shard, content, token));

    /// <summary>Stops waiting for this store: what it still does counts for nothing.</summary>
    public void GiveUp(string why)
    {
        if (!isAlive) return;
        Die(new BackendException(BackendErrorKind.Transient, why));
        cancellation.Cancel();
    }

    /// <summary>Ends the lane when its last operation has ended, abandoning the shard unless it was committed. Does not wait for a store that hangs.</summary>
    public void Dispose()
    {
        if (Store is null) cancellation.Dispose();
        else _ = CloseAsync();
    }

    private Task<long> Start(Func<ShardLane, CancellationToken, ValueTask> operation) => isAlive ? tail = RunAsync(tail, operation) : Task.FromResult(NotDone);

    private async Task<long> RunAsync(Task<long> before, Func<ShardLane, CancellationToken, ValueTask> operation)
    {
        await before;
        if (!isAlive) return NotDone;
        try
        {
            await operation(this, cancellation.Token);
            return isAlive ? time.GetTimestamp() : NotDone;
        }
        catch (BackendException e)
        {
            Die(e);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Given up, and told so already.
        }
        catch (Exception e)
        {
            // A store promises one kind of exception; one that breaks the promise must not take the other lanes with it.
            Die(Unexpected(e));
        }
        return NotDone;
    }

    private static BackendException Unexpected(Exception e) => new(BackendErrorKind.Transient, $"The store failed unexpectedly: {e.Message}", e);

    private void Die(BackendException failure)
    {
        if (!isAlive) return;
        isAlive = false;
        Failure = failure;
        stores.Report(Store!.Id, failure);
    }

    private async Task CloseAsync()
    {
        if (!isAlive) await cancellation.CancelAsync();
        await tail;
        try
        {
            if (writer is not null) await writer.DisposeAsync();
        }
        catch (Exception e)
        {
            stores.Report(Store!.Id, e as BackendException ?? Unexpected(e));
        }
        finally
        {
            cancellation.Dispose();
        }
    }
}
