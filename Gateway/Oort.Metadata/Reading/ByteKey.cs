namespace Oort.Metadata.Reading;

/// <summary>Arithmetic on keys in byte order.</summary>
internal static class ByteKey
{
    /// <summary>The smallest key after <paramref name="key"/>.</summary>
    public static byte[] After(ReadOnlySpan<byte> key)
    {
        var next = new byte[key.Length + 1];
        key.CopyTo(next);
        return next;
    }

    /// <summary>The smallest key after all that begin with <paramref name="prefix"/>; null when there is none (empty, or all 0xFF).</summary>
    public static byte[]? AfterPrefix(ReadOnlySpan<byte> prefix)
    {
        var last = prefix.LastIndexOfAnyExcept((byte)0xff);
        if (last < 0) return null;
        var next = prefix[..(last + 1)].ToArray();
        next[last]++;
        return next;
    }

    public static byte[] Max(byte[] left, byte[] right) => left.AsSpan().SequenceCompareTo(right) >= 0 ? left : right;
}
