using System.Globalization;
using System.Xml;

namespace Oort.S3.Client;

/// <summary>Walks a service's XML: elements with text or elements in them. What is not known is passed over, since services add elements.</summary>
/// <remarks>No DTD and so no entities, no resolver; size, depth and text are bounded. Namespaces are not looked at. Characters that XML forbids are accepted as references, because keys may hold them.</remarks>
internal sealed class AnswerReader
{
    /// <summary>The deepest answers of S3 have 5 levels.</summary>
    private const int DepthMax = 32;

    private static readonly XmlReaderSettings settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    private readonly XmlReader reader;

    private AnswerReader(XmlReader reader) => this.reader = reader;

    /// <summary>Name of the root, before which white space is passed over: services send some while they work.</summary>
    public static string Root(byte[] document)
    {
        try
        {
            using var xml = Open(document);
            return xml.MoveToContent() == XmlNodeType.Element ? xml.LocalName : "";
        }
        catch (XmlException)
        {
            return "";
        }
    }

    /// <summary>Parses a document; <paramref name="parse"/> must read the root's content.</summary>
    /// <exception cref="S3ClientException">BadAnswer: not well-formed, another root, too deep, or a value that is none.</exception>
    public static void Parse(byte[] document, string root, Action<AnswerReader> parse)
    {
        try
        {
            using var xml = Open(document);
            if (xml.MoveToContent() != XmlNodeType.Element || xml.LocalName != root) throw Bad($"an element {root} was expected");
            parse(new AnswerReader(xml));
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException)
        {
            throw Bad(e.Message, e);
        }
    }

    /// <summary>Calls <paramref name="child"/> for each child element of the current one and moves past it. The callback must consume its element.</summary>
    public void Children(Action<string> child)
    {
        if (reader.Depth >= DepthMax) throw Bad("it is nested too deeply");
        var isEmpty = reader.IsEmptyElement;
        reader.Read();
        if (isEmpty) return;
        while (reader.NodeType != XmlNodeType.EndElement)
        {
            if (reader.EOF) throw Bad("it is cut off");
            if (reader.NodeType == XmlNodeType.Element) child(reader.LocalName);
            else reader.Read();
        }

        reader.Read();
    }

    public string Text() => reader.ReadElementContentAsString();

    public void Skip() => reader.Skip();

    /// <summary>A whole number that is not negative.</summary>
    public long Number() => long.Parse(Text().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);

    public bool Flag() => Text().Trim().Equals("true", StringComparison.OrdinalIgnoreCase);

    public DateTimeOffset Time() => DateTimeOffset.Parse(Text().Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    /// <summary>An ETag without its quotes.</summary>
    public string ETag() => Text().Trim().Trim('"');

    public static S3ClientException Bad(string detail, Exception? inner = null) => new(S3ErrorKind.BadAnswer, $"The service's answer cannot be read: {detail}.", inner);

    private static XmlReader Open(byte[] document)
    {
        var start = document.AsSpan().IndexOfAnyExcept(" \t\r\n"u8);
        return XmlReader.Create(new MemoryStream(document, Math.Max(0, start), document.Length - Math.Max(0, start), writable: false), settings);
    }
}
