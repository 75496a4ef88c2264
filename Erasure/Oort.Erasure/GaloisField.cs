namespace Oort.Erasure;

/// <summary>The field GF(2^8) with polynomial x^8+x^4+x^3+x^2+1 (0x11d), in which 2 generates all elements but 0. Addition is XOR.</summary>
/// <remarks>This scalar code is the definition; the kernels beside it must agree with it byte for byte.</remarks>
public static class GaloisField
{
    /// <summary>The polynomial that reduces products, its x^8 included.</summary>
    public const int Polynomial = 0x11d;

    /// <summary>Non-zero elements: the powers of 2 repeat after so many.</summary>
    private const int Order = 255;

    // Twice the cycle, so that a sum of two logarithms needs no reduction.
    private static readonly byte[] powers = CreatePowers();
    private static readonly byte[] logarithms = CreateLogarithms(powers);

    /// <summary>a·b.</summary>
    public static byte Multiply(byte a, byte b) => a == 0 || b == 0 ? (byte)0 : powers[logarithms[a] + logarithms[b]];

    /// <summary>a/b.</summary>
    /// <exception cref="DivideByZeroException">b is 0.</exception>
    public static byte Divide(byte a, byte b)
    {
        if (b == 0) throw new DivideByZeroException();
        return a == 0 ? (byte)0 : powers[logarithms[a] + Order - logarithms[b]];
    }

    /// <summary>2^exponent.</summary>
    /// <param name="exponent">0 or more.</param>
    public static byte PowerOfTwo(int exponent) => powers[exponent % Order];

    /// <summary>Adds coefficient·source to <paramref name="destination"/>, byte by byte.</summary>
    internal static void MultiplyAdd(byte coefficient, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // Below this length the products cost more than they spare.
        if (source.Length < 256)
        {
            for (var i = 0; i < source.Length; i++) destination[i] ^= Multiply(coefficient, source[i]);
            return;
        }

        Span<byte> products = stackalloc byte[256];
        for (var value = 0; value < products.Length; value++) products[value] = Multiply(coefficient, (byte)value);
        for (var i = 0; i < source.Length; i++) destination[i] ^= products[source[i]];
    }

    private static byte[] CreatePowers()
    {
        var table = new byte[2 * Order];
        var power = 1;
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = (byte)power;
            power <<= 1;
            if (power > 255) power ^= Polynomial;
        }

        return table;
    }

    private static byte[] CreateLogarithms(byte[] powers)
    {
        var table = new byte[256];
        for (var i = 0; i < Order; i++) table[powers[i]] = (byte)i;
        return table;
    }
}
