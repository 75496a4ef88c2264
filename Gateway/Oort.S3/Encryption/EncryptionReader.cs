namespace Oort.S3;

/// <summary>Body of PutBucketEncryption: its one rule.</summary>
/// <param name="Algorithm">AES256, aws:kms or aws:kms:dsse.</param>
/// <param name="KeyId">KMSMasterKeyID; null: not given.</param>
/// <param name="BlockedTypes">What writes may not ask for: NONE, SSE-C.</param>
public sealed record EncryptionConfiguration(string Algorithm, string? KeyId, bool BucketKeyEnabled, IReadOnlyList<string> BlockedTypes);

/// <summary>Reads the body of PutBucketEncryption.</summary>
public static class EncryptionReader
{
    private static readonly string[] algorithms = ["AES256", "aws:kms", "aws:kms:dsse"];
    private static readonly string[] types = ["NONE", "SSE-C"];

    /// <exception cref="S3Exception">MalformedXML.</exception>
    public static EncryptionConfiguration Parse(byte[] body) => S3XmlReader.Parse(body, "ServerSideEncryptionConfiguration", static xml =>
    {
        EncryptionConfiguration? rule = null;
        xml.Children(name =>
        {
            if (name != "Rule") throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref rule, ReadRule(xml), name);
        });
        return rule ?? throw S3XmlReader.Malformed("There is one Rule.");
    });

    private static EncryptionConfiguration ReadRule(S3XmlReader xml)
    {
        string? algorithm = null, keyId = null, bucketKey = null;
        var blocked = new List<string>();
        xml.Children(name =>
        {
            switch (name)
            {
                case "ApplyServerSideEncryptionByDefault": ReadDefault(xml, ref algorithm, ref keyId); break;
                case "BucketKeyEnabled": S3XmlReader.Once(ref bucketKey, xml.Flag() ? "true" : "false", name); break;
                case "BlockedEncryptionTypes": xml.Children(child => blocked.Add(child == "EncryptionType" ? OneOf(types, xml.Text(), child) : throw S3XmlReader.Unknown(child))); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return new(algorithm ?? throw S3XmlReader.Malformed("A Rule has an ApplyServerSideEncryptionByDefault with an SSEAlgorithm."), keyId, bucketKey == "true", blocked);
    }

    private static void ReadDefault(S3XmlReader xml, ref string? algorithm, ref string? keyId)
    {
        string? readAlgorithm = algorithm, readKey = keyId;
        xml.Children(name =>
        {
            switch (name)
            {
                case "SSEAlgorithm": S3XmlReader.Once(ref readAlgorithm, OneOf(algorithms, xml.Text(), name), name); break;
                case "KMSMasterKeyID": S3XmlReader.Once(ref readKey, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        (algorithm, keyId) = (readAlgorithm, readKey);
    }

    private static string OneOf(string[] values, string text, string name) => values.Contains(text) ? text : throw S3XmlReader.Malformed($"{name} is one of {string.Join(", ", values)}.");
}
