namespace Oort.Backends.Local;

/// <summary>Collects a short shard in memory; the commit puts it into a group like any small put, so that it costs one sync and not two groups.</summary>
internal sealed class InlineWriter(ShardId id, int length, VolumeWriter writer) : IShardWriter
{
    private readonly byte[] _content = new byte[length];
    private int _written;
    private bool _isEnded;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > _content.Length - _written)
            throw new ArgumentException($"The shard was announced with {_content.Length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        content.CopyTo(_content.AsMemory(_written));
        _written += content.Length;
        return ValueTask.CompletedTask;
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_written != _content.Length)
            throw new InvalidOperationException($"The shard was announced with {_content.Length} bytes and has {_written}.");
        _isEnded = true;
        await writer.SubmitAsync(new WriteRequest(WriteKind.Put, id) { Content = _content }, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _isEnded = true;
        return ValueTask.CompletedTask;
    }
}
