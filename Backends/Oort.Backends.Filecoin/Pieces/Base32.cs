using System.Diagnostics.CodeAnalysis;

namespace Oort.Backends.Filecoin;

/// <summary>Base 32 as multibase writes it under the letter b: RFC 4648 §6 in lower case, without padding.</summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int BitsPerCharacter = 5;

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new char[(bytes.Length * 8 + BitsPerCharacter - 1) / BitsPerCharacter];
        var (buffer, bits, index) = (0, 0, 0);
        foreach (var value in bytes)
        {
            buffer = (buffer << 8 | value) & 0xFFFF;
            for (bits += 8; bits >= BitsPerCharacter; bits -= BitsPerCharacter) text[index++] = Alphabet[buffer >> (bits - BitsPerCharacter) & 31];
        }

        if (bits > 0) text[index] = Alphabet[buffer << (BitsPerCharacter - bits) & 31];
        return new(text);
    }

    /// <summary>Reads the one text of these bytes: another letter, a rest of bits that is not zero, or a character too many makes it none.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var decoded = new byte[text.Length * BitsPerCharacter / 8];
        var (buffer, bits, index) = (0, 0, 0);
        foreach (var character in text)
        {
            var value = Alphabet.IndexOf(character, StringComparison.Ordinal);
            if (value < 0) return false;
            buffer = (buffer << BitsPerCharacter | value) & 0xFFFF;
            bits += BitsPerCharacter;
            if (bits < 8) continue;
            bits -= 8;
            decoded[index++] = (byte)(buffer >> bits);
        }

        if (bits >= BitsPerCharacter || (buffer & ((1 << bits) - 1)) != 0) return false;
        bytes = decoded;
        return true;
    }
}
