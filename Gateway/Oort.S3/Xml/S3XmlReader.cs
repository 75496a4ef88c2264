using System.Xml;

namespace Oort.S3;

/// <summary>Walks one of S3's request documents: elements with text or elements in them, nothing else.</summary>
/// <remarks>
/// No DTD, so no entities but the five predefined ones; no resolver; depth and text are bounded. Namespaces are not looked at, since clients send S3's, none or a wrong one.
/// Characters that XML 1.0 forbids are accepted as references, because keys may hold them.
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

    private readonly XmlReader reader;

    private S3XmlReader(Stream document) => reader = XmlReader.Create(document, Settings);

    /// <summary>Parses a whole document with <paramref name="parse"/>, which must read the root's content to its end.</summary>
    /// <exception cref="S3Exception">MalformedXML: not well-formed, another root, too deep, or <paramref name="parse"/> found an element it does not know.</exception>
    public static T Parse<T>(ArraySegment<byte> document, string root, Func<S3XmlReader, T> parse)
    {
        try
        {
            using var xml = new S3XmlReader(new MemoryStream(document.Array!, document.Offset, document.Count, writable: false));
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

    /// <summary>Calls <paramref name="child"/> for each child element of the current one, and moves past it. The callback must consume its element with <see cref="Text"/> or this method.</summary>
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

    /// <summary>The text of the current element, which may have no child elements; moves past it.</summary>
    public string Text() => reader.ReadElementContentAsString();

    /// <summary>As <see cref="Text"/>, for true or false (any case, as S3 takes it).</summary>
    public bool Flag() => Text().Trim() switch
    {
        var text when text.Equals("true", StringComparison.OrdinalIgnoreCase) => true,
        var text when text.Equals("false", StringComparison.OrdinalIgnoreCase) => false,
        _ => throw Malformed("A flag must be true or false."),
    };

    public static S3Exception Malformed(string? detail, Exception? cause = null)
    {
        // The cause names line and position of the client's own document: a help, and no secret.
        var text = detail ?? (cause is null ? null : $"{S3Errors.MalformedXml.Message} ({cause.Message})");
        return new S3Exception(S3Errors.MalformedXml, text);
    }

    public static S3Exception Unknown(string element) => Malformed($"The element {element} is not known here.");

    public void Dispose() => reader.Dispose();
}
