using System.Buffers;

namespace Oort.S3;

/// <summary>A part of a document on its way out, in a rented buffer that is used again for the next.</summary>
/// <param name="sizeMax">Bytes from which on it is full. What is written when it is not yet full may exceed it: by a row, whose keys and names are bounded.</param>
internal sealed class ListingBuffer(int sizeMax) : IBufferWriter<byte>, IDisposable
{
    /// <summary>Room for what nearly every row takes, so that the buffer seldom grows.</summary>
    private const int RowSize = 4 * 1024;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(sizeMax + RowSize);
    private int count;

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, count);

    public bool IsFull => count >= sizeMax;

    public void Clear() => count = 0;

    public void Advance(int count) => this.count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return buffer.AsMemory(count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return buffer.AsSpan(count);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    private void Reserve(int sizeHint)
    {
        if (buffer.Length - count >= Math.Max(sizeHint, 1)) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(count + sizeHint, buffer.Length * 2));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
