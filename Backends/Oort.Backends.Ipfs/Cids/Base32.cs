namespace Oort.Backends.Ipfs;

/// <summary>Base 32 of RFC 4648 §6 in lower case and without padding: multibase "b".</summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new char[((bytes.Length * 8) + 4) / 5];
        var (buffer, bits, count) = (0, 0, 0);
        foreach (var value in bytes)
        {
            buffer = ((buffer << 8) | value) & 0xfff;
            for (bits += 8; bits >= 5; bits -= 5) text[count++] = Alphabet[(buffer >> (bits - 5)) & 31];
        }

        if (bits > 0) text[count] = Alphabet[(buffer << (5 - bits)) & 31];
        return new(text);
    }

    /// <returns>Null: another letter, a length that no bytes have, or bits beyond the last byte that are not zero.</returns>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length * 5 / 8];
        var (buffer, bits, count) = (0, 0, 0);
        foreach (var letter in text)
        {
            var value = Alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (value < 0) return null;
            buffer = ((buffer << 5) | value) & 0xfff;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[count++] = (byte)(buffer >> bits);
        }

        // Five bits or more left over are a letter too many.
        return bits >= 5 || (buffer & ((1 << bits) - 1)) != 0 ? null : bytes;
    }
}
