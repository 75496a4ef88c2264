using System.Runtime.CompilerServices;
using Oort.Backends;

namespace Oort.Objects;

/// <summary>A store whose blobs, logs and deletes do not hang for ever, and which fails like a store when it is closed under a call.</summary>
/// <remarks>
/// Stores leave a call pending when their medium hangs; snapshots, collector and copies would wait with it, and a snapshot with a read transaction open. What was given up
/// may still take effect. Reads and writes of shards pass through: who makes them has his own patience, and buffers that must not be given up. So do appends to
/// logs: none may overtake another.
/// </remarks>
internal sealed class PatientStore(IStore inner, TimeSpan patience, TimeProvider time) : IStore
{
    public StoreId Id => inner.Id;

    public string Location => inner.Location;

    public string FailureDomain => inner.FailureDomain;

    public StoreTraits Traits => inner.Traits;

    public IShardProver? Prover => inner.Prover;

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutAsync(id, content, cancellationToken);

    public ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken) => inner.BeginAsync(id, length, cancellationToken);

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(id, offset, destination, cancellationToken);

    public bool TryReadCached(ShardId id, long offset, Span<byte> destination) => inner.TryReadCached(id, offset, destination);

    public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken) => WithinAsync(() => inner.StatAsync(id, cancellationToken), cancellationToken);

    public ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken) => WithinAsync(() => inner.DeleteAsync(id, cancellationToken), cancellationToken);

    public IAsyncEnumerable<ShardInfo> ListAsync(CancellationToken cancellationToken) => WithinAsync(inner.ListAsync(cancellationToken), cancellationToken);

    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => WithinAsync(() => inner.PutBlobAsync(name, content, cancellationToken), cancellationToken);

    public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken) => WithinAsync(() => inner.GetBlobAsync(name, cancellationToken), cancellationToken);

    public ValueTask<int?> ReadBlobAsync(string name, Memory<byte> destination, CancellationToken cancellationToken) => WithinAsync(() => inner.ReadBlobAsync(name, destination, cancellationToken), cancellationToken);

    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken) => WithinAsync(() => inner.DeleteBlobAsync(name, cancellationToken), cancellationToken);

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => WithinAsync(inner.ListBlobsAsync(prefix, cancellationToken), cancellationToken);

    public async ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await inner.AppendLogAsync(name, offset, content, cancellationToken);
        }
        catch (ObjectDisposedException closed)
        {
            throw Closed(closed);
        }
    }

    /// <summary>Reads into a buffer of its own: a read that was given up may still write to it.</summary>
    public async ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var buffer = new byte[destination.Length];
        var count = await WithinAsync(() => inner.ReadLogAsync(name, offset, buffer, cancellationToken), cancellationToken);
        buffer.AsMemory(0, count).CopyTo(destination);
        return count;
    }

    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken) => WithinAsync(() => inner.LogLengthAsync(name, cancellationToken), cancellationToken);

    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken) => WithinAsync(() => inner.DeleteLogAsync(name, cancellationToken), cancellationToken);

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => WithinAsync(inner.ListLogsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask WithinAsync(Func<ValueTask> call, CancellationToken cancellationToken) =>
        await WithinAsync(
            async () =>
            {
                await call();
                return true;
            },
            cancellationToken);

    private async ValueTask<T> WithinAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().AsTask().WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new BackendException(BackendErrorKind.Transient, $"{Location} did not answer within {patience.TotalSeconds:0.#} s.");
        }
        catch (ObjectDisposedException closed)
        {
            throw Closed(closed);
        }
    }

    private async IAsyncEnumerable<T> WithinAsync<T>(IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var enumerator = items.GetAsyncEnumerator(cancellationToken);
        var isPending = false;
        try
        {
            while (true)
            {
                isPending = true;
                var next = enumerator.MoveNextAsync();
                var hasNext = next.IsCompletedSuccessfully ? next.Result : await WithinAsync(() => next, cancellationToken);
                isPending = false;
                if (!hasNext) yield break;
                yield return enumerator.Current;
            }
        }
        finally
        {
            // One that hangs cannot be disposed; it goes when it ends.
            if (!isPending) await enumerator.DisposeAsync();
        }
    }

    private BackendException Closed(ObjectDisposedException closed) => new(BackendErrorKind.Transient, $"{Location} was closed.", closed);
}
