using Oort.S3.Client;

namespace Oort.Backends.S3;

/// <summary>A range of an item's source as a stream, read once from its beginning.</summary>
internal sealed class SourceStream(IItemSource source, long offset, long length) : ForwardStream
{
    private long position;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = (int)Math.Min(buffer.Length, length - position);
        if (wanted == 0) return 0;
        var count = await source.ReadAsync(offset + position, buffer[..wanted], cancellationToken);
        position += count;
        return count;
    }
}
