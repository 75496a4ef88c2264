using System.Runtime.CompilerServices;

namespace Oort.Backends.Memory;

/// <summary>A store in memory, bounded, for tests and throw-away gateways. Durable for as long as the object lives: disposing it keeps its content, so that a test can restart what uses it.</summary>
/// <remarks>Every call ends before it returns. The one lock is held for copies of at most one shard.</remarks>
public sealed class MemoryStore : IStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, byte[]> _shards = [];
    private readonly SortedDictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, MemoryLog> _logs = new(StringComparer.Ordinal);
    private readonly MemoryStoreOptions _options;
    private long _used;

    public MemoryStore(StoreId id, MemoryStoreOptions? options = null)
    {
        Id = id;
        _options = options ?? new MemoryStoreOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(_options.CapacityBytes);
    }

    public StoreId Id { get; }

    public string Location => $"memory:{Id}";

    public string FailureDomain => _options.FailureDomain ?? Location;

    public StoreTraits Traits => _options.Traits ?? StoreTraits.OfLocalDisk(FailureDomain) with { Kind = "memory" };

    /// <summary>Bytes held now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
                return _used;
        }
    }

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IShardStore.ShardLengthMax);
        Put(id, content.ToArray());
        return ValueTask.CompletedTask;
    }

    public ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, IShardStore.ShardLengthMax);
        lock (_lock)
            Reserve(length);
        return new(new MemoryShardWriter(this, id, length));
    }

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (_lock)
        {
            if (!_shards.TryGetValue(id, out var content))
                throw new BackendException(BackendErrorKind.NotFound, $"{Location} has no shard {id}.");
            return new(CopyRange(content, offset, destination.Span));
        }
    }

    /// <inheritdoc/>
    public bool TryReadCached(ShardId id, long offset, Span<byte> destination)
    {
        lock (_lock)
            return offset >= 0 && _shards.TryGetValue(id, out var content) && CopyRange(content, offset, destination) == destination.Length;
    }

    public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
            return new(_shards.TryGetValue(id, out var content) ? content.Length : null);
    }

    public ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_shards.Remove(id, out var content))
                return new(DeleteOutcome.NotFound);
            _used -= content.Length;
            return new(DeleteOutcome.Deleted);
        }
    }

    public async IAsyncEnumerable<ShardInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        ShardInfo[] all;
        lock (_lock)
            all = [.. _shards.Select(pair => new ShardInfo(pair.Key, pair.Value.Length))];
        foreach (var shard in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return shard;
        }
    }

    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IBlobStore.SizeMax);
        lock (_lock)
        {
            Reserve(content.Length - (_blobs.TryGetValue(name, out var old) ? old.Length : 0));
            _blobs[name] = content.ToArray();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        lock (_lock)
            return new(_blobs.TryGetValue(name, out var content) ? content.ToArray() : null);
    }

    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        lock (_lock)
        {
            if (_blobs.Remove(name, out var old))
                _used -= old.Length;
        }

        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => List(_blobs, prefix, cancellationToken);

    public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, ILogStore.AppendSizeMax);
        lock (_lock)
        {
            var log = _logs.GetValueOrDefault(name) ?? new MemoryLog();
            if (log.Length < offset)
                throw new BackendException(BackendErrorKind.Corrupt, $"{Location}: log {name} has {log.Length} bytes, {offset} were expected.");
            Reserve(offset + content.Length - log.Length);
            log.Write((int)offset, content.Span);
            _logs[name] = log;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (_lock)
            return new(_logs.TryGetValue(name, out var log) ? CopyRange(log.Content, offset, destination.Span) : 0);
    }

    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        lock (_lock)
            return new(_logs.TryGetValue(name, out var log) ? log.Length : 0);
    }

    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoreNames.ThrowIfInvalid(name);
        lock (_lock)
        {
            if (_logs.Remove(name, out var log))
                _used -= log.Length;
        }

        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => List(_logs, prefix, cancellationToken);

    public ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new StoreSpace(_options.CapacityBytes, _options.CapacityBytes - UsedBytes));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Gives back what <see cref="BeginAsync"/> reserved.</summary>
    internal void Release(long length)
    {
        lock (_lock)
            _used -= length;
    }

    /// <summary>Makes <paramref name="content"/>, whose space <see cref="BeginAsync"/> reserved, the shard; its array is kept.</summary>
    internal void Commit(ShardId id, byte[] content)
    {
        lock (_lock)
        {
            if (_shards.TryGetValue(id, out var old))
                _used -= old.Length;
            _shards[id] = content;
        }
    }

    private void Put(ShardId id, byte[] content)
    {
        lock (_lock)
        {
            Reserve(content.Length - (_shards.TryGetValue(id, out var old) ? old.Length : 0));
            _shards[id] = content;
        }
    }

    /// <summary>Accounts for <paramref name="growth"/> more bytes (fewer when negative). Under the lock, before anything changes.</summary>
    private void Reserve(long growth)
    {
        if (growth > _options.CapacityBytes - _used)
            throw new BackendException(BackendErrorKind.Full, $"{Location} is full: {_used} of {_options.CapacityBytes} bytes are used, {growth} more were asked for.");
        _used += growth;
    }

    private static int CopyRange(ReadOnlySpan<byte> content, long offset, Span<byte> destination)
    {
        if (offset >= content.Length)
            return 0;
        var count = Math.Min(destination.Length, content.Length - (int)offset);
        content.Slice((int)offset, count).CopyTo(destination);
        return count;
    }

    private async IAsyncEnumerable<string> List<T>(SortedDictionary<string, T> names, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        StoreNames.ThrowIfInvalidPrefix(prefix);
        string[] found;
        lock (_lock)
            found = [.. names.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        foreach (var name in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return name;
        }
    }
}
