namespace Oort.S3;

/// <summary>Reads the body of PutBucketOwnershipControls.</summary>
public static class OwnershipControlsReader
{
    /// <returns>ObjectOwnership of the one rule, as sent.</returns>
    /// <exception cref="S3Exception">MalformedXML: not one rule.</exception>
    public static string Parse(byte[] body) => S3XmlReader.Parse(body, "OwnershipControls", static xml =>
    {
        string? ownership = null;
        xml.Children(name =>
        {
            if (name != "Rule") throw S3XmlReader.Unknown(name);
            xml.Children(inner =>
            {
                if (inner != "ObjectOwnership") throw S3XmlReader.Unknown(inner);
                S3XmlReader.Once(ref ownership, xml.Text(), inner);
            });
        });
        return ownership ?? throw S3XmlReader.Malformed("The element ObjectOwnership is missing.");
    });
}
