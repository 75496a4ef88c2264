namespace Oort.Checksums;

/// <summary>Arithmetic on polynomials over GF(2) modulo the CRC's polynomial P. Reflected: bit i stands for x^(Width−1−i).</summary>
internal static class CrcAlgebra<TPolynomial> where TPolynomial : struct, ICrcPolynomial
{
    // [i] is x^(8·2^i) mod P: what shifting by 2^i bytes multiplies by. A length has 63 bits.
    private static readonly ulong[] byteShifts = CreateShifts(PowerOfX(8));

    // The same with negative powers: P is odd, so x has an inverse.
    private static readonly ulong[] byteShiftsBack = CreateShifts(OverX8(One));

    private static ulong One => 1UL << (TPolynomial.Width - 1);

    /// <summary>a·x mod P.</summary>
    internal static ulong TimesX(ulong a) => (a >> 1) ^ (TPolynomial.Reflected & (0 - (a & 1)));

    /// <summary>a·b mod P, by shift and add.</summary>
    internal static ulong Multiply(ulong a, ulong b)
    {
        var product = 0UL;
        // The highest bit of b is x^0, the next x^1, …; a holds a·x^n in turn. Without branches, which random bits would make the processor guess wrong half of the time.
        for (var i = TPolynomial.Width - 1; i >= 0; i--)
        {
            product ^= a & (0 - ((b >> i) & 1));
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
        return Shift(crcOfA, byteShifts, lengthOfB) ^ crcOfB;
    }

    /// <summary>The CRC of A from the CRC of A‖B, the CRC of B and B's length in bytes: <see cref="Combine"/> solved for it.</summary>
    internal static ulong RemoveEnd(ulong crcOfBoth, ulong crcOfB, long lengthOfB) => Shift(crcOfBoth ^ crcOfB, byteShiftsBack, lengthOfB);

    private static ulong Shift(ulong crc, ulong[] shifts, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        for (var i = 0; length != 0; i++, length >>= 1)
            if ((length & 1) != 0)
                crc = Multiply(crc, shifts[i]);
        return crc;
    }

    /// <summary>a·x^−8 mod P. What leaves at x^0 comes back as x^−1, which is P without its x^0, divided by x.</summary>
    private static ulong OverX8(ulong a)
    {
        for (var i = 0; i < 8; i++)
        {
            var carry = a & One;
            a = (a ^ carry) << 1;
            if (carry != 0) a ^= ((TPolynomial.Reflected ^ One) << 1) | 1;
        }

        return a;
    }

    private static ulong[] CreateShifts(ulong first)
    {
        var shifts = new ulong[63];
        shifts[0] = first;
        for (var i = 1; i < shifts.Length; i++) shifts[i] = Multiply(shifts[i - 1], shifts[i - 1]);
        return shifts;
    }
}
