using System.Net.Security;

namespace Oort.Backends.Node;

/// <summary>TLS over a socket, with as few system calls as the length of what is written allows.</summary>
/// <param name="tls">Over <paramref name="socket"/>, with its handshake done.</param>
internal sealed class TlsStream(SslStream tls, SocketStream socket) : Stream
{
    /// <summary>What fits into one record is sent as it is.</summary>
    private const int RecordSize = 16 * 1024;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => tls.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.Length <= RecordSize ? tls.WriteAsync(buffer, cancellationToken) : WriteLongAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => tls.FlushAsync(cancellationToken);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) tls.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask WriteLongAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        socket.Gather();
        await tls.WriteAsync(buffer, cancellationToken);
        await socket.SendAsync(cancellationToken);
    }
}
