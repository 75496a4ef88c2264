namespace Oort.S3;

/// <summary>Body of PutPublicAccessBlock.</summary>
public sealed record PublicAccessBlockConfiguration(bool BlockPublicAcls, bool IgnorePublicAcls, bool BlockPublicPolicy, bool RestrictPublicBuckets);

/// <summary>Reads the body of PutPublicAccessBlock; what is not given is false.</summary>
public static class PublicAccessBlockReader
{
    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static PublicAccessBlockConfiguration Parse(byte[] body) => S3XmlReader.Parse(body, "PublicAccessBlockConfiguration", static xml =>
    {
        string? acls = null, ignore = null, policy = null, restrict = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "BlockPublicAcls": S3XmlReader.Once(ref acls, xml.Text(), name); break;
                case "IgnorePublicAcls": S3XmlReader.Once(ref ignore, xml.Text(), name); break;
                case "BlockPublicPolicy": S3XmlReader.Once(ref policy, xml.Text(), name); break;
                case "RestrictPublicBuckets": S3XmlReader.Once(ref restrict, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return new PublicAccessBlockConfiguration(Truth(acls), Truth(ignore), Truth(policy), Truth(restrict));
    });

    /// <summary>As clients write it: Python's has a capital letter.</summary>
    private static bool Truth(string? text) => text switch
    {
        null => false,
        _ when bool.TryParse(text, out var value) => value,
        _ => throw S3XmlReader.Malformed("Each element is true or false."),
    };
}
