namespace Oort.Backends.Arweave.Items;

/// <summary>A run of another source's bytes.</summary>
internal sealed class ItemSlice(IItemSource source, long start, long length) : IItemSource
{
    public long Length => length;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        offset >= length ? ValueTask.FromResult(0) : source.ReadAsync(start + offset, destination[..(int)Math.Min(destination.Length, length - offset)], cancellationToken);
}
