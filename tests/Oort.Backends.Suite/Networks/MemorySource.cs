namespace Oort.Backends.Suite;

/// <summary>An item's bytes in memory, which can be had until they cannot.</summary>
public sealed class MemorySource(ReadOnlyMemory<byte> bytes) : IItemSource
{
    private int readCount;

    public long Length => bytes.Length;

    /// <summary>Reads that still work; null: all.</summary>
    public int? ReadsLeft { get; set; }

    /// <summary>Reads that were asked for.</summary>
    public int ReadCount => readCount;

    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref readCount);
        if (ReadsLeft is { } left)
        {
            if (left == 0) throw new BackendException(BackendErrorKind.Transient, "The item's bytes cannot be had now.");
            ReadsLeft = left - 1;
        }

        if (offset >= bytes.Length) return new(0);
        var count = (int)Math.Min(destination.Length, bytes.Length - offset);
        bytes.Slice((int)offset, count).CopyTo(destination);
        return new(count);
    }
}
