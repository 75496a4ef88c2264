namespace Oort.Backends.Local;

/// <summary>Collects a short shard in memory; the commit puts it into a group like any small put, so that it costs one sync and not two groups.</summary>
/// <param name="buffer">Rented, at least as long as the shard.</param>
internal sealed class InlineWriter(ShardId id, int length, byte[] buffer, InlineBuffers buffers, VolumeWriter writer) : IShardWriter
{
    private readonly Memory<byte> _content = buffer.AsMemory(0, length);
    private int _written;
    private bool _isEnded;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > _content.Length - _written)
            throw new ArgumentException($"The shard was announced with {_content.Length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        content.CopyTo(_content[_written..]);
        _written += content.Length;
        return ValueTask.CompletedTask;
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_written != _content.Length)
            throw new InvalidOperationException($"The shard was announced with {_content.Length} bytes and has {_written}.");
        _isEnded = true;
        try
        {
            await writer.SubmitAsync(new WriteRequest(WriteKind.Put, id) { Content = _content }, cancellationToken);
        }
        finally
        {
            // The writer's thread has ended with the content, or has never looked at it.
            buffers.Return(buffer);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (!_isEnded) buffers.Return(buffer);
        _isEnded = true;
        return ValueTask.CompletedTask;
    }
}
