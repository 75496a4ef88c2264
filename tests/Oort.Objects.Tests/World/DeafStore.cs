using Oort.Backends;

namespace Oort.Objects.Tests.World;

/// <summary>A store that hangs and does not listen to cancellation, as a medium does: what it was handed it uses later, when it is let go.</summary>
internal sealed class DeafStore(IStore inner) : IStore
{
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int changedCount;
    private int heldCount;

    public bool HangsOnWrites { get; set; }

    public bool HangsOnReads { get; set; }

    /// <summary>Calls that hang or hung.</summary>
    public int HeldCount => heldCount;

    /// <summary>Contents that were no longer the same when they were used.</summary>
    public int ChangedCount => changedCount;

    public StoreId Id => inner.Id;

    public string Location => inner.Location;

    public string FailureDomain => inner.FailureDomain;

    public StoreTraits Traits => inner.Traits;

    public void Release() => released.TrySetResult();

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        HangsOnWrites ? HoldAsync(content) : inner.PutAsync(id, content, cancellationToken);

    public async ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken) =>
        new Writer(this, await inner.BeginAsync(id, length, cancellationToken));

    public async ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!HangsOnReads) return await inner.ReadAsync(id, offset, destination, cancellationToken);
        Interlocked.Increment(ref heldCount);
        await released.Task;
        // It comes too late, and what it brings would spoil whatever has moved in.
        destination.Span.Fill(0xEE);
        return destination.Length;
    }

    public bool TryReadCached(ShardId id, long offset, Span<byte> destination) => !HangsOnReads && inner.TryReadCached(id, offset, destination);

    public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken) => inner.StatAsync(id, cancellationToken);
    public ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken) => inner.DeleteAsync(id, cancellationToken);
    public IAsyncEnumerable<ShardInfo> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutBlobAsync(name, content, cancellationToken);
    public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken) => inner.GetBlobAsync(name, cancellationToken);
    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken) => inner.DeleteBlobAsync(name, cancellationToken);
    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => inner.ListBlobsAsync(prefix, cancellationToken);
    public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.AppendLogAsync(name, offset, content, cancellationToken);
    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadLogAsync(name, offset, destination, cancellationToken);
    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken) => inner.LogLengthAsync(name, cancellationToken);
    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken) => inner.DeleteLogAsync(name, cancellationToken);
    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => inner.ListLogsAsync(prefix, cancellationToken);
    public ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask HoldAsync(ReadOnlyMemory<byte> content)
    {
        var before = content.ToArray();
        Interlocked.Increment(ref heldCount);
        await released.Task;
        if (!content.Span.SequenceEqual(before)) Interlocked.Increment(ref changedCount);
    }

    private sealed class Writer(DeafStore store, IShardWriter writer) : IShardWriter
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            store.HangsOnWrites ? store.HoldAsync(content) : writer.WriteAsync(content, cancellationToken);

        public ValueTask CommitAsync(CancellationToken cancellationToken) => writer.CommitAsync(cancellationToken);

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
