using System.Buffers;
using System.Net.Sockets;

namespace Oort.Backends.Node;

/// <summary>A socket under TLS. Records are at most 16 KiB, and TLS asks for one at a time and hands over one at a time: what it writes together is sent together, and what has come together is received together.</summary>
/// <remarks>One read and one write at a time, as of every stream. Memory beside the socket's own is held only while bytes of a long body move.</remarks>
internal sealed class SocketStream(Socket socket) : Stream
{
    /// <summary>Bytes received at a time of a long answer: beyond 64 KiB a system call hardly gets cheaper for a byte.</summary>
    private const int ReceiveSize = 64 * 1024;

    /// <summary>Bytes sent at a time of a long request: seven records.</summary>
    private const int SendSize = 128 * 1024;

    private byte[]? _received;
    private int _receivedStart;
    private int _receivedEnd;
    private bool _hasMore;
    private byte[]? _gathered;
    private int _gatheredCount;
    private bool _isGathering;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Keeps what is written from now on until <see cref="SendAsync"/>, or until it is enough to be sent.</summary>
    public void Gather() => _isGathering = true;

    /// <summary>Sends what was kept, and keeps nothing more.</summary>
    public async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        _isGathering = false;
        if (_gathered is not { } bytes) return;
        try
        {
            await SendAllAsync(bytes.AsMemory(0, _gatheredCount), cancellationToken);
        }
        finally
        {
            // After a failure, too: what is left of a torn record is worth nothing.
            (_gathered, _gatheredCount) = (null, 0);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_received is not null) return new(buffer.IsEmpty ? 0 : Take(buffer));
        // A short answer comes in one piece, straight to whoever waits for it; only when that was full there may be more.
        return _hasMore && buffer.Length is > 0 and < ReceiveSize ? ReceiveAheadAsync(buffer, cancellationToken) : ReceiveAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isGathering)
        {
            await SendAllAsync(buffer, cancellationToken);
            return;
        }

        while (!buffer.IsEmpty)
        {
            _gathered ??= ArrayPool<byte>.Shared.Rent(SendSize);
            var count = Math.Min(buffer.Length, _gathered.Length - _gatheredCount);
            buffer.Span[..count].CopyTo(_gathered.AsSpan(_gatheredCount));
            _gatheredCount += count;
            buffer = buffer[count..];
            if (_gatheredCount < _gathered.Length) continue;
            await SendAllAsync(_gathered, cancellationToken);
            _gatheredCount = 0;
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Closes the socket. A buffer that a call may still use is left to the collector.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) socket.Dispose();
        base.Dispose(disposing);
    }

    private int Take(Memory<byte> destination)
    {
        var bytes = _received!;
        var count = Math.Min(destination.Length, _receivedEnd - _receivedStart);
        bytes.AsSpan(_receivedStart, count).CopyTo(destination.Span);
        _receivedStart += count;
        if (_receivedStart < _receivedEnd) return count;
        _received = null;
        ArrayPool<byte>.Shared.Return(bytes);
        return count;
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            var count = await socket.ReceiveAsync(destination, SocketFlags.None, cancellationToken);
            _hasMore = count > 0 && count == destination.Length;
            return count;
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private async ValueTask<int> ReceiveAheadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(ReceiveSize);
        var count = await ReceiveAsync(bytes, cancellationToken);
        // It may have been all: the next is received by whoever waits for it.
        _hasMore = count >= ReceiveSize / 2;
        if (count == 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            return 0;
        }

        (_received, _receivedStart, _receivedEnd) = (bytes, 0, count);
        return Take(destination);
    }

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
