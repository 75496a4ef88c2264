using System.Buffers;
using System.Text;

namespace Oort.S3;

/// <summary>Percent-encoding as S3 and its signatures mean it (RFC 3986 §2), over bytes of UTF-8.</summary>
public static class UrlEncoding
{
    // What RFC 3986 calls unreserved: the only characters that a canonical request leaves as they are.
    private static readonly SearchValues<byte> Unreserved = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);
    private static readonly SearchValues<char> UnreservedText = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");
    private static readonly SearchValues<char> UnreservedAndSlashText = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");
    private static readonly SearchValues<byte> UnreservedAndSlash = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"u8);
    private static readonly SearchValues<char> KeptInListings = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Decodes %XX; everything else stands for itself.</summary>
    /// <param name="text">As it stood in the request's target.</param>
    /// <param name="plusIsSpace">True for query strings and forms, false for paths.</param>
    /// <param name="decoded">The text; "" on failure.</param>
    /// <returns>False when a percent sign is not followed by two hex digits, or the bytes are not UTF-8.</returns>
    public static bool TryDecode(ReadOnlySpan<char> text, bool plusIsSpace, out string decoded)
    {
        decoded = "";
        if (text.IsEmpty)
            return true;
        var needsWork = text.Contains('%') || (plusIsSpace && text.Contains('+')) || text.ContainsAnyExceptInRange('\0', '\x7F');
        if (!needsWork)
        {
            decoded = text.ToString();
            return true;
        }

        var rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            var length = 0;
            for (var i = 0; i < text.Length; i++)
            {
                var c = text[i];
                if (c == '%')
                {
                    if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                        return false;
                    rented[length++] = (byte)((HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]));
                    i += 2;
                }
                else if (c == '+' && plusIsSpace)
                {
                    rented[length++] = (byte)' ';
                }
                else if (c < 0x80)
                {
                    rented[length++] = (byte)c;
                }
                else
                {
                    // Clients that do not encode at all: take the characters as text.
                    var count = char.IsHighSurrogate(c) && i + 1 < text.Length ? 2 : 1;
                    length += Strict.GetBytes(text.Slice(i, count), rented.AsSpan(length));
                    i += count - 1;
                }
            }

            decoded = Strict.GetString(rented, 0, length);
            return true;
        }
        catch (ArgumentException)
        {
            // DecoderFallbackException or EncoderFallbackException: not UTF-8, or half a surrogate pair.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Encodes for a canonical request: all but unreserved characters, upper-case hex.</summary>
    /// <param name="keepSlash">True for paths.</param>
    public static void Encode(string text, bool keepSlash, IBufferWriter<byte> destination)
    {
        var keep = keepSlash ? UnreservedAndSlash : Unreserved;
        var count = Encoding.UTF8.GetByteCount(text);
        var rented = ArrayPool<byte>.Shared.Rent(Math.Max(count, 1));
        try
        {
            Encoding.UTF8.GetBytes(text, rented);
            EncodeBytes(rented.AsSpan(0, count), keep, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>As <see cref="Encode(string, bool, IBufferWriter{byte})"/>, to a string.</summary>
    public static string Encode(string text, bool keepSlash)
    {
        if (!text.AsSpan().ContainsAnyExcept(keepSlash ? UnreservedAndSlashText : UnreservedText))
            return text;
        var buffer = new ArrayBufferWriter<byte>(text.Length + 16);
        Encode(text, keepSlash, buffer);
        return Encoding.ASCII.GetString(buffer.WrittenSpan);
    }

    /// <summary>Encodes a key for a listing with <c>encoding-type=url</c>: slashes stay, a space is %20, which every decoder understands.</summary>
    public static string EncodeListed(string text) => text.AsSpan().ContainsAnyExcept(KeptInListings) ? Encode(text, keepSlash: true) : text;

    internal static int HexValue(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;

    private static void EncodeBytes(ReadOnlySpan<byte> bytes, SearchValues<byte> keep, IBufferWriter<byte> destination)
    {
        while (!bytes.IsEmpty)
        {
            var stop = bytes.IndexOfAnyExcept(keep);
            if (stop < 0)
                stop = bytes.Length;
            destination.Write(bytes[..stop]);
            bytes = bytes[stop..];
            if (bytes.IsEmpty)
                return;
            var span = destination.GetSpan(3);
            span[0] = (byte)'%';
            Convert.TryToHexString(bytes[..1], span.Slice(1, 2), out _);
            destination.Advance(3);
            bytes = bytes[1..];
        }
    }
}
