using System.Collections.Concurrent;
using Oort.Backends;

namespace Oort.Objects.Tests.World;

/// <summary>Notes of each piece of a shard how far its place in memory is from its place in the shard, modulo a page: where it is 0, a store need not copy.</summary>
internal sealed class PhaseStore(IStore inner) : IStore
{
    private const int PageSize = 4096;

    public ConcurrentQueue<int> Phases { get; } = [];

    public StoreId Id => inner.Id;

    public string Location => inner.Location;

    public string FailureDomain => inner.FailureDomain;

    public StoreTraits Traits => inner.Traits;

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Note(content.Span, 0);
        return inner.PutAsync(id, content, cancellationToken);
    }

    public async ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken) =>
        new Writer(this, await inner.BeginAsync(id, length, cancellationToken));

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(id, offset, destination, cancellationToken);
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

    private unsafe void Note(ReadOnlySpan<byte> content, long position)
    {
        fixed (byte* start = content) Phases.Enqueue((int)(((nint)start - (nint)position) & (PageSize - 1)));
    }

    private sealed class Writer(PhaseStore store, IShardWriter writer) : IShardWriter
    {
        private long position;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            store.Note(content.Span, position);
            position += content.Length;
            return writer.WriteAsync(content, cancellationToken);
        }

        public ValueTask CommitAsync(CancellationToken cancellationToken) => writer.CommitAsync(cancellationToken);

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
