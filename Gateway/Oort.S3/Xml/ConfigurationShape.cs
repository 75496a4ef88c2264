using System.Collections.Immutable;
using System.Globalization;

namespace Oort.S3;

/// <summary>What a configuration may look like: an element with text of some kind, or with elements, each so and so often.</summary>
public sealed class ConfigurationShape
{
    private readonly Func<string, bool>? isText;
    private readonly ImmutableArray<ConfigurationShape> children;
    private readonly bool isChoice;

    private ConfigurationShape(string name, Func<string, bool>? isText, ImmutableArray<ConfigurationShape> children, bool isChoice, int min, int max) =>
        (Name, this.isText, this.children, this.isChoice, Min, Max) = (name, isText, children, isChoice, min, max);

    public string Name { get; }

    /// <summary>How often it is there at least.</summary>
    public int Min { get; }

    /// <summary>And at most.</summary>
    public int Max { get; }

    public static ConfigurationShape OfText(string name, int lengthMax = 1024) => OfText(name, text => text.Length <= lengthMax);

    public static ConfigurationShape OneOf(string name, params string[] values) => OfText(name, text => Array.IndexOf(values, text) >= 0);

    public static ConfigurationShape OfNumber(string name, int min, int max) =>
        OfText(name, text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max);

    public static ConfigurationShape OfText(string name, Func<string, bool> isText) => new(name, isText, [], false, 1, 1);

    /// <summary>All of the elements, in any order.</summary>
    public static ConfigurationShape All(string name, params ConfigurationShape[] children) => new(name, null, [.. children], false, 1, 1);

    /// <summary>Just one of the elements.</summary>
    public static ConfigurationShape Choice(string name, params ConfigurationShape[] children) => new(name, null, [.. children.Select(child => child.Optional())], true, 1, 1);

    public ConfigurationShape Optional() => Times(0, 1);

    public ConfigurationShape Times(int min, int max) => new(Name, isText, children, isChoice, min, max);

    /// <summary>Reads a document whose root has this shape.</summary>
    /// <exception cref="S3Exception">MalformedXML.</exception>
    public ConfigurationElement Parse(byte[] document) => S3XmlReader.Parse(document, Name, Read);

    private ConfigurationElement Read(S3XmlReader xml)
    {
        if (isText is not null)
        {
            var text = xml.Text();
            S3Documents.CheckText(text);
            return isText(text) ? new(Name, text, []) : throw S3XmlReader.Malformed($"The element {Name} has another value than it may.");
        }

        var found = new List<ConfigurationElement>();
        xml.Children(name =>
        {
            var child = children.FirstOrDefault(child => child.Name == name) ?? throw S3XmlReader.Unknown(name);
            if (found.Count(element => element.Name == name) == child.Max) throw S3XmlReader.Malformed($"The element {name} is there too often.");
            found.Add(child.Read(xml));
        });
        foreach (var child in children)
            if (found.Count(element => element.Name == child.Name) < child.Min) throw S3XmlReader.Malformed($"The element {child.Name} is missing.");
        return !isChoice || found.Count == 1 ? new(Name, "", found) : throw S3XmlReader.Malformed($"The element {Name} has just one element in it.");
    }
}
