using System.Text;

namespace Oort.S3;

/// <summary>User metadata outside ASCII travels as RFC 2047 encoded words (S3 User Guide: "User-defined object metadata").</summary>
public static class MetadataText
{
    private const string Opening = "=?";
    private const string Closing = "?=";
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>What to put in a header: printable ASCII as it is, anything else as UTF-8 in one base64 word.</summary>
    public static string Encode(string text) =>
        text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? $"{Opening}UTF-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}{Closing}" : text;

    /// <summary>Decodes the encoded words in a header's value; what is not one stays as it is, also where it looks like a broken one.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains(Opening, StringComparison.Ordinal))
            return text;
        var result = new StringBuilder(text.Length);
        var rest = text.AsSpan();
        var afterWord = false;
        while (!rest.IsEmpty)
        {
            var start = rest.IndexOf(Opening);
            if (start < 0)
                break;
            var gap = rest[..start];
            if (!TryDecodeWord(rest[start..], out var word, out var length))
            {
                result.Append(rest[..(start + Opening.Length)]);
                rest = rest[(start + Opening.Length)..];
                afterWord = false;
                continue;
            }

            // White space between two words belongs to neither (RFC 2047 §6.2).
            if (!afterWord || !gap.IsWhiteSpace())
                result.Append(gap);
            result.Append(word);
            rest = rest[(start + length)..];
            afterWord = true;
        }

        return result.Append(rest).ToString();
    }

    // =?charset?B or Q?text?=
    private static bool TryDecodeWord(ReadOnlySpan<char> text, out string word, out int length)
    {
        (word, length) = ("", 0);
        var charsetEnd = text[2..].IndexOf('?') + 2;
        if (charsetEnd < 3 || charsetEnd + 3 > text.Length || text[charsetEnd + 2] != '?')
            return false;
        var body = text[(charsetEnd + 3)..];
        var end = body.IndexOf(Closing);
        if (end < 0)
            return false;
        length = charsetEnd + 3 + end + Closing.Length;
        body = body[..end];
        if (body.Contains(' '))
            return false;

        byte[]? bytes;
        switch (text[charsetEnd + 1])
        {
            case 'B' or 'b': bytes = FromBase64(body); break;
            case 'Q' or 'q': bytes = FromQuoted(body); break;
            default: return false;
        }

        return bytes is not null && TryDecodeCharset(text[2..charsetEnd], bytes, out word);
    }

    private static bool TryDecodeCharset(ReadOnlySpan<char> charset, byte[] bytes, out string word)
    {
        word = "";
        if (charset.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("US-ASCII", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                word = Strict.GetString(bytes);
                return true;
            }
            catch (DecoderFallbackException)
            {
                return false;
            }
        }

        if (!charset.Equals("ISO-8859-1", StringComparison.OrdinalIgnoreCase))
            return false;
        word = Encoding.Latin1.GetString(bytes);
        return true;
    }

    private static byte[]? FromBase64(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64Chars(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static byte[]? FromQuoted(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '=')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                    return null;
                bytes[length++] = (byte)((UrlEncoding.HexValue(text[i + 1]) << 4) | UrlEncoding.HexValue(text[i + 2]));
                i += 2;
            }
            else if (c > '~')
            {
                return null;
            }
            else
            {
                bytes[length++] = c == '_' ? (byte)' ' : (byte)c;
            }
        }

        return bytes[..length];
    }
}
