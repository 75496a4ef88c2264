using System.Buffers;

namespace Oort.Backends.Arweave.Items;

/// <summary>Reads items from end to end.</summary>
internal static class ItemReader
{
    /// <summary>Bytes that are asked for at once.</summary>
    private const int BufferSize = 256 * 1024;

    /// <param name="take">Gets the bytes in order; they are gone when it returns.</param>
    /// <exception cref="BackendException">Corrupt: the source has fewer bytes than it says.</exception>
    public static async ValueTask ReadAllAsync(IItemSource source, Action<ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var offset = 0L; offset < source.Length;)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(BufferSize, source.Length - offset));
                await ReadExactlyAsync(source, offset, part, cancellationToken);
                take(part);
                offset += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <exception cref="BackendException">Corrupt: the source has fewer bytes than it says.</exception>
    public static async ValueTask ReadExactlyAsync(IItemSource source, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (await source.ReadAsync(offset, destination, cancellationToken) != destination.Length)
            throw new BackendException(BackendErrorKind.Corrupt, $"The item has {source.Length} bytes, but they end within the {destination.Length} from {offset}.");
    }

    /// <exception cref="BackendException">Corrupt: they differ.</exception>
    public static void Check(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        if (!expected.SequenceEqual(actual)) throw new BackendException(BackendErrorKind.Corrupt, "The item's bytes are not those of its SHA-256; nothing was sent.");
    }
}
