namespace Oort.Backends.Ipfs;

/// <summary>Unsigned LEB128 in its shortest form, as multiformats and protobuf write it.</summary>
internal static class Varint
{
    /// <summary>Bytes of the longest: 63 bits, which no length here exceeds.</summary>
    public const int SizeMax = 9;

    public static int SizeOf(long value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7) size++;
        return size;
    }

    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, long value)
    {
        var size = 0;
        for (; value >= 0x80; value >>= 7) destination[size++] = (byte)(value | 0x80);
        destination[size++] = (byte)value;
        return size;
    }

    /// <summary>Reads one at the beginning of bytes.</summary>
    /// <returns>False: cut off, longer than <see cref="SizeMax"/>, or not in its shortest form.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out long value, out int size)
    {
        (value, size) = (0, 0);
        while (size < source.Length && size < SizeMax)
        {
            var next = source[size];
            value |= (long)(next & 0x7f) << (7 * size);
            size++;
            if (next < 0x80) return next != 0 || size == 1;
        }

        return false;
    }
}
