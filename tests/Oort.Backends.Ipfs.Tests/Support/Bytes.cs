namespace Oort.Backends.Ipfs.Tests.Support;

internal static class Bytes
{
    /// <summary>Bytes that do not repeat, the same for the same seed.</summary>
    public static byte[] Of(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Byte i as the vectors have it.</summary>
    public static byte[] Pattern(int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++) bytes[i] = (byte)((i * 7) + ((i >> 8) * 13) + 1);
        return bytes;
    }

    /// <summary>Compares without looking at each byte twice, as messages about megabytes would.</summary>
    public static void ShouldEqual(this byte[] bytes, ReadOnlySpan<byte> expected, string? what = null)
    {
        bytes.Length.ShouldBe(expected.Length, what);
        bytes.AsSpan().CommonPrefixLength(expected).ShouldBe(expected.Length, what);
    }

    public static byte[] Flipped(this byte[] bytes, int index)
    {
        var copy = (byte[])bytes.Clone();
        copy[index] ^= 0x10;
        return copy;
    }
}

/// <summary>An item's bytes, given in uneven parts.</summary>
internal sealed class ArraySource(byte[] bytes, long? length = null) : IItemSource
{
    public long Length => length ?? bytes.Length;

    public int ReadCount { get; private set; }

    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ReadCount++;
        var count = (int)Math.Min(Math.Min(destination.Length, 100_003), Math.Max(0, bytes.Length - offset));
        bytes.AsSpan((int)Math.Min(offset, bytes.Length), count).CopyTo(destination.Span);
        return ValueTask.FromResult(count);
    }
}
