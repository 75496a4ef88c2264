namespace Oort.Backends.Ipfs;

/// <summary>Base 58 with Bitcoin's alphabet (base58btc): a number in base 58, and a "1" for each zero byte before it.</summary>
internal static class Base58
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// <summary>Longer texts are refused: the work grows with the square of the length, and no address is longer.</summary>
    private const int TextSizeMax = 64;

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        // Digits of the number, the least significant first; a byte is at most 1.37 of them.
        Span<byte> digits = stackalloc byte[(bytes.Length * 138 / 100) + 1];
        var count = 0;
        foreach (var value in bytes)
        {
            int carry = value;
            for (var i = 0; i < count || carry > 0; i++)
            {
                if (i < count) carry += digits[i] << 8;
                else count++;
                digits[i] = (byte)(carry % 58);
                carry /= 58;
            }
        }

        var zeros = Zeros(bytes);
        var text = new char[zeros + count];
        text.AsSpan(0, zeros).Fill(Alphabet[0]);
        for (var i = 0; i < count; i++) text[zeros + i] = Alphabet[digits[count - 1 - i]];
        return new(text);
    }

    /// <returns>Null: not base 58, or too long.</returns>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length > TextSizeMax) return null;
        Span<byte> bytes = stackalloc byte[TextSizeMax];
        var count = 0;
        foreach (var letter in text)
        {
            var carry = Alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (carry < 0) return null;
            for (var i = 0; i < count || carry > 0; i++)
            {
                if (i < count) carry += bytes[i] * 58;
                else count++;
                bytes[i] = (byte)carry;
                carry >>= 8;
            }
        }

        var zeros = text.IndexOfAnyExcept(Alphabet[0]);
        if (zeros < 0) zeros = text.Length;
        var result = new byte[zeros + count];
        for (var i = 0; i < count; i++) result[zeros + i] = bytes[count - 1 - i];
        return result;
    }

    private static int Zeros(ReadOnlySpan<byte> bytes)
    {
        var index = bytes.IndexOfAnyExcept((byte)0);
        return index < 0 ? bytes.Length : index;
    }
}
