namespace Oort.Backends.Ipfs;

/// <summary>A body as it comes: a wait that is too long and a connection that breaks are a <see cref="BackendException"/>.</summary>
/// <param name="failure">What an exception means; null: it is thrown on.</param>
internal sealed class ReplyStream(Stream inner, Func<Exception, BackendException?> failure, ExchangeGuard guard) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <param name="cancellationToken">Of the same caller as the exchange's.</param>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var count = await inner.ReadAsync(buffer, guard.Token);
            guard.Moved();
            return count;
        }
        catch (Exception e) when (failure(e) is { } meant)
        {
            throw meant;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
