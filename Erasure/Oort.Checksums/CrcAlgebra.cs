namespace Oort.Checksums;

/// <summary>Arithmetic on polynomials over GF(2) modulo the CRC's polynomial P. Reflected: bit i stands for x^(Width−1−i).</summary>
internal static class CrcAlgebra<TPolynomial> where TPolynomial : struct, ICrcPolynomial
{
    // [i] is x^(8·2^i) mod P: what shifting by 2^i bytes multiplies by. A length has 63 bits.
    private static readonly ulong[] byteShifts = CreateByteShifts();

    private static ulong One => 1UL << (TPolynomial.Width - 1);

    /// <summary>a·x mod P.</summary>
    internal static ulong TimesX(ulong a) => (a >> 1) ^ ((a & 1) != 0 ? TPolynomial.Reflected : 0);

    /// <summary>a·b mod P, by shift and add.</summary>
    internal static ulong Multiply(ulong a, ulong b)
    {
        var product = 0UL;
        // The highest bit of b is x^0, the next x^1, …; a holds a·x^n in turn.
        for (var bit = One; bit != 0 && b != 0; bit >>= 1)
        {
            if ((b & bit) != 0) product ^= a;
            b &= ~bit;
            a = TimesX(a);
        }

        return product;
    }

    /// <summary>x^exponent mod P. Slow for large exponents; for constants.</summary>
    internal static ulong PowerOfX(int exponent)
    {
        var power = One;
        for (var i = 0; i < exponent; i++) power = TimesX(power);
        return power;
    }

    /// <summary>The CRC of A‖B from the CRC of A, the CRC of B and B's length in bytes.</summary>
    /// <remarks>
    /// Appending n zero bytes multiplies the register by x^(8n), and the CRC is linear in the message. The inversions at start and end
    /// cancel out: crc(A‖B) = crc(A)·x^(8n) + crc(B). As in zlib's crc32_combine.
    /// </remarks>
    internal static ulong Combine(ulong crcOfA, ulong crcOfB, long lengthOfB)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOfB);
        for (var i = 0; lengthOfB != 0; i++, lengthOfB >>= 1)
            if ((lengthOfB & 1) != 0)
                crcOfA = Multiply(crcOfA, byteShifts[i]);
        return crcOfA ^ crcOfB;
    }

    private static ulong[] CreateByteShifts()
    {
        var shifts = new ulong[63];
        shifts[0] = PowerOfX(8);
        for (var i = 1; i < shifts.Length; i++) shifts[i] = Multiply(shifts[i - 1], shifts[i - 1]);
        return shifts;
    }
}
