namespace Oort.Metadata.Records;

/// <summary>Variable-length numbers: seven bits a byte, least significant first, the high bit set on all but the last (LEB128).</summary>
internal static class Varint
{
    /// <summary>Bytes of the largest.</summary>
    public const int SizeMax = 10;

    /// <exception cref="MetadataFormatException">Cut off, above 64 bits, or longer than it needs to be: each number has one form.</exception>
    public static ulong Read(ReadOnlySpan<byte> source, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (at == source.Length) throw new MetadataFormatException("A number is cut off.");
            var next = source[at++];
            if (shift == 63 && next > 1) throw new MetadataFormatException("A number has more than 64 bits.");
            value |= (ulong)(next & 0x7f) << shift;
            if (next >= 0x80) continue;
            if (next == 0 && shift > 0) throw new MetadataFormatException("A number is longer than it needs to be.");
            return value;
        }
    }
}
