using System.Buffers.Binary;

namespace Oort.Backends.Filecoin;

/// <summary>Spreads bytes over field elements: of every 256 bits the two highest stay zero, so that each is below the order of BLS12-381's scalar field (FRC-0069).</summary>
internal static class Fr32
{
    /// <summary>Bytes that make four elements: 4 × 254 bits.</summary>
    public const int QuadSize = 127;

    /// <summary>Bytes of the four elements.</summary>
    public const int ExpandedSize = 128;

    private const int ElementSize = 32;

    /// <summary>Expands one quad.</summary>
    /// <param name="quad">Exactly 127 bytes: 1,016 bits, the lowest of each byte first.</param>
    /// <param name="expanded">Exactly 128 bytes; fully overwritten: bits 0 to 253, then 254 to 507, and so on, each at the start of 32 bytes.</param>
    public static void Expand(ReadOnlySpan<byte> quad, Span<byte> expanded)
    {
        // The first element is whole bytes but for its last two bits; each further one begins two bits earlier in a byte than the one before.
        quad[..(ElementSize - 1)].CopyTo(expanded);
        expanded[ElementSize - 1] = (byte)(quad[ElementSize - 1] & 0x3F);
        for (var element = 1; element < 4; element++)
        {
            // Element i begins at bit 254 i = 8 (32 i − 1) + (8 − 2 i).
            var start = ElementSize * element - 1;
            var shift = 8 - 2 * element;
            var target = expanded.Slice(ElementSize * element, ElementSize);
            for (var word = 0; word < 4; word++)
            {
                var low = BinaryPrimitives.ReadUInt64LittleEndian(quad[(start + 8 * word)..]);
                var isLast = start + 8 * word + 8 == QuadSize;
                ulong high = isLast ? 0UL : quad[start + 8 * word + 8];
                BinaryPrimitives.WriteUInt64LittleEndian(target[(8 * word)..], low >> shift | high << (64 - shift));
            }

            target[ElementSize - 1] &= 0x3F;
        }
    }
}
