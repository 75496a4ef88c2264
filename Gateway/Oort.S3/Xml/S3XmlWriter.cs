using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Oort.S3;

/// <summary>Writes the XML of S3's answers straight into a buffer: UTF-8, no indentation, elements in the order of the calls.</summary>
/// <remarks>
/// Characters that XML 1.0 forbids are written as character references (<c>&amp;#x1;</c>), as S3 does: such a document is not well-formed for every
/// parser, which is why clients ask for <c>encoding-type=url</c>. Not thread-safe. Names are ASCII constants of this program, never input.
/// </remarks>
public sealed class S3XmlWriter(IBufferWriter<byte> destination)
{
    /// <summary>The namespace of all of S3's documents.</summary>
    public const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    // Long enough for a formatted number, date or one escaped character.
    private const int ScalarSizeMax = 40;

    // A string is escaped in pieces of this many characters, so that no buffer grows with the string.
    private const int PieceLength = 1024;

    // What a name takes twice with its brackets: <name></name>.
    private const int BracketsSize = 5;

    // Most bytes that one UTF-16 unit becomes.
    private const int BytesPerChar = 3;

    // What nearly every value consists of: it goes out as it is.
    private static readonly SearchValues<char> Plain = SearchValues.Create(" !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly SearchValues<char> Specials = SearchValues.Create("&<>\"");

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Writes the XML declaration, as the first thing of a document.</summary>
    public void Declaration() => Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);

    /// <summary>Opens the root element.</summary>
    /// <param name="space">Its namespace.</param>
    public void StartRoot(string name, string space = Namespace)
    {
        Declaration();
        Raw("<"u8);
        Ascii(name);
        Raw(" xmlns=\""u8);
        Ascii(space);
        Raw("\">"u8);
    }

    public void Start(string name)
    {
        Raw("<"u8);
        Ascii(name);
        Raw(">"u8);
    }

    /// <summary>Opens an element with an <c>xsi:type</c>, as ACLs have on Grantee.</summary>
    public void StartTyped(string name, string type)
    {
        Raw("<"u8);
        Ascii(name);
        Raw(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\""u8);
        Ascii(type);
        Raw("\">"u8);
    }

    public void End(string name)
    {
        Raw("</"u8);
        Ascii(name);
        Raw(">"u8);
    }

    /// <summary>An element that is written also when it is empty.</summary>
    public void Element(string name, string value)
    {
        if (value.Length == 0)
        {
            Raw("<"u8);
            Ascii(name);
            Raw("/>"u8);
            return;
        }

        if (value.Length <= PieceLength && !value.AsSpan().ContainsAnyExcept(Plain))
        {
            Whole(name, default, value);
            return;
        }

        Start(name);
        Text(value);
        End(name);
    }

    /// <summary>An element that is left out when <paramref name="value"/> is null.</summary>
    public void Optional(string name, string? value)
    {
        if (value is not null)
            Element(name, value);
    }

    public void Element(string name, long value)
    {
        Span<byte> digits = stackalloc byte[ScalarSizeMax];
        Utf8Formatter.TryFormat(value, digits, out var length);
        Whole(name, digits[..length]);
    }

    public void Element(string name, bool value) => Whole(name, value ? "true"u8 : "false"u8);

    /// <summary>A time as S3 writes it: UTC, milliseconds, Z.</summary>
    public void Element(string name, DateTimeOffset value)
    {
        // ISO 8601 with seven digits of a second, of which three stay: the only such format that .NET has a fast path for.
        const int toMilliseconds = 23;
        Span<byte> text = stackalloc byte[ScalarSizeMax];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[toMilliseconds] = (byte)'Z';
        Whole(name, text[..(toMilliseconds + 1)]);
    }

    /// <summary>An ETag with the quotes that belong to it: <c>&amp;quot;…&amp;quot;</c>.</summary>
    /// <param name="etag">Without quotes.</param>
    public void ETag(string name, string etag)
    {
        if (etag.Length <= PieceLength && !etag.AsSpan().ContainsAnyExcept(Plain))
        {
            Whole(name, "&quot;"u8, etag);
            return;
        }

        Start(name);
        Raw("&quot;"u8);
        Text(etag);
        Raw("&quot;"u8);
        End(name);
    }

    /// <summary>A key, prefix, delimiter or marker: percent-encoded when the client asked for <c>encoding-type=url</c>.</summary>
    public void Name(string name, string value, bool urlEncoded) => Element(name, urlEncoded ? UrlEncoding.EncodeListed(value) : value);

    /// <summary>Text content, escaped.</summary>
    public void Text(ReadOnlySpan<char> value)
    {
        while (!value.IsEmpty)
        {
            var piece = value[..Math.Min(value.Length, PieceLength)];
            var plain = piece.IndexOfAnyExceptInRange(' ', '\uD7FF');
            var special = piece.IndexOfAny(Specials);
            var stop = Math.Min(plain < 0 ? piece.Length : plain, special < 0 ? piece.Length : special);
            if (stop > 0)
            {
                Utf8(value[..stop]);
                value = value[stop..];
                continue;
            }

            Escape(ref value);
        }
    }

    // Takes one character (or surrogate pair) off the front that may not stand in text as it is.
    private void Escape(ref ReadOnlySpan<char> value)
    {
        var c = value[0];
        if (char.IsHighSurrogate(c) && value.Length > 1 && char.IsLowSurrogate(value[1]))
        {
            Utf8(value[..2]);
            value = value[2..];
            return;
        }

        value = value[1..];
        switch (c)
        {
            case '&': Raw("&amp;"u8); break;
            case '<': Raw("&lt;"u8); break;
            case '>': Raw("&gt;"u8); break;
            case '"': Raw("&quot;"u8); break;
            case '\t' or '\n': Utf8([c]); break;
            // Includes '\r', which a reader would turn into '\n'.
            case < ' ' or '\uFFFE' or '\uFFFF': Reference(c); break;
            // A lone surrogate has no UTF-8: the replacement character, as everywhere.
            case >= '\uD800' and <= '\uDFFF': Utf8("\uFFFD"); break;
            default: Utf8([c]); break;
        }
    }

    private void Reference(char c)
    {
        Raw("&#x"u8);
        Span<byte> digits = stackalloc byte[ScalarSizeMax];
        Utf8Formatter.TryFormat((uint)c, digits, out var length, new StandardFormat('x'));
        Raw(digits[..length]);
        Raw(";"u8);
    }

    // An element in one piece: the destination is asked once instead of for each bracket. The value is bytes, or bytes on both sides of ASCII text.
    private void Whole(string name, ReadOnlySpan<byte> value, ReadOnlySpan<char> text = default)
    {
        var span = destination.GetSpan(2 * name.Length + BracketsSize + 2 * value.Length + text.Length);
        var at = 0;
        Put(span, "<"u8, ref at);
        at += Encoding.ASCII.GetBytes(name, span[at..]);
        Put(span, ">"u8, ref at);
        Put(span, value, ref at);
        if (!text.IsEmpty)
        {
            at += Encoding.ASCII.GetBytes(text, span[at..]);
            Put(span, value, ref at);
        }

        Put(span, "</"u8, ref at);
        at += Encoding.ASCII.GetBytes(name, span[at..]);
        Put(span, ">"u8, ref at);
        destination.Advance(at);
        Written += at;
    }

    private static void Put(Span<byte> span, ReadOnlySpan<byte> bytes, ref int at)
    {
        bytes.CopyTo(span[at..]);
        at += bytes.Length;
    }

    private void Utf8(ReadOnlySpan<char> text)
    {
        // Text() hands over at most one piece, and never half a surrogate pair.
        var span = destination.GetSpan(text.Length * BytesPerChar);
        var length = Encoding.UTF8.GetBytes(text, span);
        destination.Advance(length);
        Written += length;
    }

    private void Ascii(string text)
    {
        var span = destination.GetSpan(text.Length);
        var length = Encoding.ASCII.GetBytes(text, span);
        destination.Advance(length);
        Written += length;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        destination.Write(bytes);
        Written += bytes.Length;
    }
}
