using System.Buffers;
using System.Net;
using Oort.Backends.Arweave.Items;

namespace Oort.Backends.Arweave.Sending;

/// <summary>A run of an item's bytes as a request's body, of known length and never in memory as a whole.</summary>
internal sealed class ItemContent(IItemSource source, long start, long length, StallWatch watch) : HttpContent
{
    private const int BufferSize = 256 * 1024;

    /// <summary>What failed on this side: the network is not at fault.</summary>
    public Exception? SourceFailure { get; private set; }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var sent = 0L; sent < length;)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(BufferSize, length - sent));
                await ReadAsync(start + sent, part, cancellationToken);
                // Only the connection is watched: the source may take its time.
                watch.Restart();
                await stream.WriteAsync(part, cancellationToken);
                watch.Restart();
                sent += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            await ItemReader.ReadExactlyAsync(source, offset, destination, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            SourceFailure = e;
            throw;
        }
    }
}
