using System.Globalization;

namespace Oort.S3;

/// <summary>Reads the body of PutBucketCors.</summary>
public static class CorsReader
{
    /// <summary>Bytes of a body (S3 API: PutBucketCors).</summary>
    public const int SizeMax = 64 * 1024;

    /// <exception cref="S3Exception">MalformedXML; InvalidRequest: what <see cref="CorsRules"/> refuses.</exception>
    public static CorsConfiguration Parse(byte[] body)
    {
        var configuration = S3XmlReader.Parse(body, "CORSConfiguration", static xml =>
        {
            var rules = new List<CorsRule>();
            xml.Children(name =>
            {
                if (name != "CORSRule") throw S3XmlReader.Unknown(name);
                rules.Add(ReadRule(xml));
            });
            return new CorsConfiguration(rules);
        });
        return CorsRules.ProblemOf(configuration) is { } problem ? throw new S3Exception(problem) : configuration;
    }

    private static CorsRule ReadRule(S3XmlReader xml)
    {
        string? id = null, age = null;
        List<string> origins = [], methods = [], headers = [], exposed = [];
        xml.Children(name =>
        {
            switch (name)
            {
                case "ID": S3XmlReader.Once(ref id, xml.Text(), name); break;
                case "MaxAgeSeconds": S3XmlReader.Once(ref age, xml.Text().Trim(), name); break;
                case "AllowedOrigin": origins.Add(xml.Text()); break;
                case "AllowedMethod": methods.Add(xml.Text()); break;
                case "AllowedHeader": headers.Add(xml.Text()); break;
                case "ExposeHeader": exposed.Add(xml.Text()); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        foreach (var text in (IEnumerable<string?>)[id, .. origins, .. headers, .. exposed]) S3Documents.CheckText(text);
        return new(id, origins, methods, headers, exposed, age is null ? null : ReadAge(age));
    }

    private static int ReadAge(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : throw S3XmlReader.Malformed("MaxAgeSeconds is a whole number of seconds.");
}
