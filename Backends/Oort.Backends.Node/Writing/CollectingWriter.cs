using System.Buffers;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Backends.Node;

/// <summary>Collects a short shard in memory and puts it whole at the commit: one request in place of three.</summary>
internal sealed class CollectingWriter(ShardName name, int length, SmallPuts puts, CollectingPlaces places) : IShardWriter
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
    private int _written;
    private ulong _crc;
    private bool _isEnded;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => WriteAsync(content, Crc64Nvme.Compute(content.Span), cancellationToken);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > length - _written)
            throw new ArgumentException($"The shard was announced with {length} bytes; {_written} are written and {content.Length} more do not fit.", nameof(content));
        content.CopyTo(_buffer.AsMemory(_written));
        _crc = Crc64Nvme.Combine(_crc, crc, content.Length);
        _written += content.Length;
        return ValueTask.CompletedTask;
    }

    public async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_written != length)
            throw new InvalidOperationException($"The shard was announced with {length} bytes and has {_written}.");
        _isEnded = true;
        try
        {
            await puts.PutAsync(name, _buffer.AsMemory(0, length), _crc, cancellationToken);
        }
        finally
        {
            End();
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_isEnded) return ValueTask.CompletedTask;
        _isEnded = true;
        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        places.Return();
    }
}
