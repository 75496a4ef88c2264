namespace Oort.Backends.Memory;

/// <summary>Collects a shard of a <see cref="MemoryStore"/>; its space is reserved from the beginning, as on a disk.</summary>
internal sealed class MemoryShardWriter(MemoryStore store, ShardId id, long length) : IShardWriter
{
    private byte[]? _content = new byte[length];
    private int _written;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_content is null, this);
        if (content.Length > _content.Length - _written)
            throw new ArgumentException($"The shard was announced with {_content.Length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        content.CopyTo(_content.AsMemory(_written));
        _written += content.Length;
        return ValueTask.CompletedTask;
    }

    public ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_content is null, this);
        if (_written != _content.Length)
            throw new InvalidOperationException($"The shard was announced with {_content.Length} bytes and has {_written}.");
        var content = _content;
        _content = null;
        store.Commit(id, content);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (_content is not null)
            store.Release(_content.Length);
        _content = null;
        return ValueTask.CompletedTask;
    }
}
