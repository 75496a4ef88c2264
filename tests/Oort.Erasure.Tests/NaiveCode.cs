namespace Oort.Erasure.Tests;

/// <summary>The code as its page describes it (docs/formats/shard.md, "The code"), written for likeness to the page and for nothing else.</summary>
internal static class NaiveCode
{
    internal static byte Multiply(byte a, byte b)
    {
        var product = 0;
        for (var bit = 7; bit >= 0; bit--)
        {
            product <<= 1;
            if ((product & 0x100) != 0) product ^= 0x11d;
            if ((b >> bit & 1) != 0) product ^= a;
        }

        return (byte)product;
    }

    internal static byte Inverse(byte a)
    {
        for (var candidate = 1; candidate < 256; candidate++)
            if (Multiply(a, (byte)candidate) == 1)
                return (byte)candidate;
        throw new DivideByZeroException();
    }

    /// <summary>Coefficient of data cell j in parity cell i.</summary>
    internal static byte Coefficient(int k, int m, int i, int j)
    {
        if (m == 1 || i == 0) return 1;
        if (m > 2) return Multiply(Multiply((byte)(k ^ j), (byte)(k + i)), Inverse(Multiply((byte)((k + i) ^ j), (byte)k)));
        byte power = 1;
        for (var n = 0; n < j; n++) power = Multiply(power, 2);
        return power;
    }
}
