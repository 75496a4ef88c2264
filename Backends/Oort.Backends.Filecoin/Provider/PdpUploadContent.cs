using System.Buffers;
using System.Net;

namespace Oort.Backends.Filecoin;

/// <summary>An item's bytes as a body, read from its source as the connection takes them.</summary>
/// <param name="progress">Told at each step forward.</param>
internal sealed class PdpUploadContent(IItemSource source, long length, Action progress, CancellationToken cancellationToken) : HttpContent
{
    private const int BufferSize = 256 * 1024;

    /// <summary>What the source threw; null: it gave everything.</summary>
    public BackendException? SourceFailure { get; private set; }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var offset = 0L; offset < length;)
            {
                var wanted = (int)Math.Min(BufferSize, length - offset);
                var count = await ReadAsync(offset, buffer.AsMemory(0, wanted));
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                progress();
                offset += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<int> ReadAsync(long offset, Memory<byte> destination)
    {
        try
        {
            var count = await source.ReadAsync(offset, destination, cancellationToken);
            return count == destination.Length ? count : throw new BackendException(BackendErrorKind.Corrupt, $"The source gave {count} bytes at {offset} where {destination.Length} are.");
        }
        catch (BackendException failure)
        {
            SourceFailure = failure;
            throw;
        }
    }
}
