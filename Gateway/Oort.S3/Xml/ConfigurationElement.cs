using System.Buffers;

namespace Oort.S3;

/// <summary>An element of a configuration that is kept as it was put: with text, or with elements in it.</summary>
/// <param name="Text">Empty where there are children.</param>
public sealed record ConfigurationElement(string Name, string Text, IReadOnlyList<ConfigurationElement> Children)
{
    /// <summary>The text of a child; null: there is none of this name.</summary>
    public string? Find(string name) => Children.FirstOrDefault(child => child.Name == name)?.Text;

    public void Write(S3XmlWriter xml)
    {
        if (Children.Count == 0)
        {
            xml.Element(Name, Text);
            return;
        }

        xml.Start(Name);
        foreach (var child in Children) child.Write(xml);
        xml.End(Name);
    }

    /// <summary>As the root of a document.</summary>
    public void WriteRoot(S3XmlWriter xml)
    {
        xml.StartRoot(Name);
        foreach (var child in Children) child.Write(xml);
        xml.End(Name);
    }

    /// <summary>As it is kept: without white space between elements, declaration and namespace.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(new(buffer));
        return buffer.WrittenSpan.ToArray();
    }
}
