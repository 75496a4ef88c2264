using System.Buffers;
using System.Text;
using System.Xml;

namespace Oort.S3;

/// <summary>Walks one of S3's request documents: elements with text or elements in them, nothing else.</summary>
/// <remarks>
/// No DTD, so no entities but the five predefined ones; no resolver; depth and text are bounded. Namespaces are not looked at, since clients send S3's, none or a wrong one.
/// Characters that XML 1.0 forbids are accepted, as references and bare, because keys may hold them and SDKs write them as they are.
/// </remarks>
internal sealed class S3XmlReader : IDisposable
{
    // S3's deepest request documents (replication, notification) have 8 levels.
    private const int DepthMax = 16;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = true,
    };

    // Control characters but tab, line feed and carriage return.
    private static readonly SearchValues<byte> Forbidden = SearchValues.Create([.. Enumerable.Range(0, 32).Select(static i => (byte)i).Except("\t\n\r"u8.ToArray())]);

    private readonly XmlReader reader;

    private S3XmlReader(Stream document) => reader = XmlReader.Create(document, Settings);

    /// <summary>Parses a whole document with <paramref name="parse"/>, which must read the root's content to its end.</summary>
    /// <exception cref="S3Exception">MalformedXML: not well-formed, another root, too deep, or <paramref name="parse"/> found an element it does not know.</exception>
    public static T Parse<T>(byte[] document, string root, Func<S3XmlReader, T> parse)
    {
        try
        {
            using var xml = new S3XmlReader(new MemoryStream(WithReferences(document), writable: false));
            if (xml.reader.MoveToContent() != XmlNodeType.Element || xml.reader.LocalName != root)
                throw Malformed($"The root element must be {root}.");
            var result = parse(xml);
            while (xml.reader.Read())
            {
                // Only white space may follow; anything else makes Read throw.
            }

            return result;
        }
        catch (XmlException e)
        {
            throw Malformed(null, e);
        }
    }

    /// <summary>Calls <paramref name="child"/> for each child element of the current one, and moves past it. The callback must consume its element with <see cref="Text"/>, <see cref="Skip"/> or this method.</summary>
    public void Children(Action<string> child)
    {
        var depth = reader.Depth;
        if (depth >= DepthMax)
            throw Malformed("The XML is nested too deeply.");
        if (reader.IsEmptyElement)
        {
            reader.Read();
            return;
        }

        reader.Read();
        while (reader.NodeType != XmlNodeType.EndElement)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    child(reader.LocalName);
                    break;
                case XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    reader.Read();
                    break;
                default:
                    throw Malformed("Text where an element was expected.");
            }

            if (reader.EOF)
                throw Malformed(null);
        }

        reader.Read();
    }

    /// <summary>The value of an attribute of the current element, whatever its namespace; null: it has none of this name.</summary>
    public string? Attribute(string localName)
    {
        string? value = null;
        while (value is null && reader.MoveToNextAttribute())
            if (reader.LocalName == localName && reader.Prefix != "xmlns") value = reader.Value;
        reader.MoveToElement();
        return value;
    }

    /// <summary>The text of the current element, which may have no child elements; moves past it.</summary>
    public string Text() => reader.ReadElementContentAsString();

    /// <summary>Moves past the current element, whatever it holds.</summary>
    public void Skip() => reader.Skip();

    /// <summary>As <see cref="Text"/>, for true or false (any case, as S3 takes it).</summary>
    public bool Flag() => Text().Trim() switch
    {
        var text when text.Equals("true", StringComparison.OrdinalIgnoreCase) => true,
        var text when text.Equals("false", StringComparison.OrdinalIgnoreCase) => false,
        _ => throw Malformed("A flag must be true or false."),
    };

    /// <summary>Keeps an element that may be there once.</summary>
    /// <exception cref="S3Exception">MalformedXML: it is there again.</exception>
    public static void Once<T>(ref T? place, T value, string name) where T : class => place = place is null ? value : throw Malformed($"The element {name} is there twice.");

    public static S3Exception Malformed(string? detail, XmlException? cause = null)
    {
        // Line and position help; the parser's own words may quote characters that no XML answer can hold.
        var text = cause is { LineNumber: > 0 } ? $"{S3Errors.MalformedXml.Message} (line {cause.LineNumber}, position {cause.LinePosition})" : detail;
        return new S3Exception(S3Errors.MalformedXml, text);
    }

    public static S3Exception Unknown(string element) => Malformed($"The element {element} is not known here.");

    public void Dispose() => reader.Dispose();

    // Bare control characters become references, which the parser takes: botocore writes a key of "\x01" as it is.
    // Outside of text the document was malformed before and is after. UTF-16 has zero bytes everywhere and is left alone.
    private static byte[] WithReferences(byte[] document)
    {
        if (document.AsSpan().IndexOfAny(Forbidden) < 0 || document.AsSpan(0, Math.Min(document.Length, 4)).Contains((byte)0))
            return document;
        var result = new ArrayBufferWriter<byte>(document.Length + 64);
        var rest = document.AsSpan();
        while (rest.IndexOfAny(Forbidden) is >= 0 and var at)
        {
            result.Write(rest[..at]);
            result.Write(Encoding.ASCII.GetBytes($"&#x{rest[at]:x};"));
            rest = rest[(at + 1)..];
        }

        result.Write(rest);
        return result.WrittenSpan.ToArray();
    }
}
