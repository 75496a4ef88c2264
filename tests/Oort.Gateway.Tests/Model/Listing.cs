using System.Globalization;
using System.Xml.Linq;
using Oort.Gateway.Tests.Operations;
using Oort.Shared;

namespace Oort.Gateway.Tests.Model;

/// <summary>A listing's document, read by its elements' names.</summary>
internal sealed class Listing
{
    private readonly XElement root;
    private readonly bool isEncoded;

    public Listing(RawAnswer answer)
    {
        // Control characters that XML 1.0 has no place for come as references where the client did not ask for encoding.
        using var reader = System.Xml.XmlReader.Create(new MemoryStream(answer.Body), new() { CheckCharacters = false });
        root = XDocument.Load(reader).Root!;
        isEncoded = Text(root, "EncodingType") == "url";
    }

    public bool IsTruncated => Text(root, "IsTruncated") == "true";

    public List<string> CommonPrefixes => [.. Elements("CommonPrefixes").Select(element => Name(element, "Prefix")!)];

    public IEnumerable<XElement> Elements(string name) => root.Elements().Where(element => element.Name.LocalName == name);

    public IEnumerable<XElement> Elements(params string[] names) => root.Elements().Where(element => names.Contains(element.Name.LocalName));

    public string? Text(string name) => Text(root, name);

    public int Number(string name) => int.Parse(Text(name)!, CultureInfo.InvariantCulture);

    /// <summary>A text that the request's encoding-type applies to.</summary>
    public string? Name(string name) => Name(root, name);

    public string? Name(XElement element, string name) => Text(element, name) is { } text ? isEncoded ? Uri.UnescapeDataString(text.Replace('+', ' ')) : text : null;

    public static string? Text(XElement element, string name) => element.Elements().FirstOrDefault(child => child.Name.LocalName == name)?.Value;

    public static string ETag(XElement element) => Text(element, "ETag")!.Trim('"');

    /// <summary>Keys and common prefixes in the one order that pages are cut in.</summary>
    public static List<string> Merge(IEnumerable<string> keys, IEnumerable<string> prefixes) => [.. keys.Concat(prefixes).Order(Comparer<string>.Create(S3Model.Compare))];
}
