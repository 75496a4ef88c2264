using System.Globalization;

namespace Oort.S3;

/// <summary>Reads the body of PutBucketWebsite.</summary>
public static class WebsiteReader
{
    /// <summary>Bytes of a body: 50 rules with keys of 1,024 bytes are less.</summary>
    public const int SizeMax = 256 * 1024;

    /// <exception cref="S3Exception">MalformedXML; InvalidArgument, InvalidRequest: what <see cref="WebsiteRules"/> refuses.</exception>
    public static WebsiteConfiguration Parse(byte[] body)
    {
        var configuration = S3XmlReader.Parse(body, "WebsiteConfiguration", static xml =>
        {
            WebsiteHost? all = null;
            string? index = null, error = null;
            List<WebsiteRule>? rules = null;
            xml.Children(name =>
            {
                switch (name)
                {
                    case "RedirectAllRequestsTo": S3XmlReader.Once(ref all, ReadHost(xml), name); break;
                    case "IndexDocument": S3XmlReader.Once(ref index, ReadOne(xml, "Suffix"), name); break;
                    case "ErrorDocument": S3XmlReader.Once(ref error, ReadOne(xml, "Key"), name); break;
                    case "RoutingRules": S3XmlReader.Once(ref rules, ReadRules(xml), name); break;
                    default: throw S3XmlReader.Unknown(name);
                }
            });
            return new WebsiteConfiguration(all, index, error, rules ?? []);
        });
        return WebsiteRules.ProblemOf(configuration) is { } problem ? throw new S3Exception(problem) : configuration;
    }

    private static string ReadOne(S3XmlReader xml, string element)
    {
        string? text = null;
        xml.Children(name =>
        {
            if (name != element) throw S3XmlReader.Unknown(name);
            S3XmlReader.Once(ref text, xml.Text(), name);
        });
        S3Documents.CheckText(text);
        return text ?? throw S3XmlReader.Malformed($"{element} is missing.");
    }

    private static WebsiteHost ReadHost(S3XmlReader xml)
    {
        string? host = null, protocol = null;
        xml.Children(name =>
        {
            switch (name)
            {
                case "HostName": S3XmlReader.Once(ref host, xml.Text(), name); break;
                case "Protocol": S3XmlReader.Once(ref protocol, xml.Text(), name); break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        return new(host ?? throw S3XmlReader.Malformed("HostName is missing."), protocol);
    }

    private static List<WebsiteRule> ReadRules(S3XmlReader xml)
    {
        var rules = new List<WebsiteRule>();
        xml.Children(name =>
        {
            if (name != "RoutingRule") throw S3XmlReader.Unknown(name);
            rules.Add(ReadRule(xml));
        });
        return rules;
    }

    private static WebsiteRule ReadRule(S3XmlReader xml)
    {
        string? prefix = null, error = null, host = null, protocol = null, replacePrefix = null, replaceKey = null, code = null;
        var (hasCondition, hasRedirect) = (false, false);
        xml.Children(name =>
        {
            switch (name)
            {
                case "Condition" when !hasCondition:
                    hasCondition = true;
                    xml.Children(inner =>
                    {
                        switch (inner)
                        {
                            case "KeyPrefixEquals": S3XmlReader.Once(ref prefix, xml.Text(), inner); break;
                            case "HttpErrorCodeReturnedEquals": S3XmlReader.Once(ref error, xml.Text(), inner); break;
                            default: throw S3XmlReader.Unknown(inner);
                        }
                    });
                    break;
                case "Redirect" when !hasRedirect:
                    hasRedirect = true;
                    xml.Children(inner =>
                    {
                        switch (inner)
                        {
                            case "HostName": S3XmlReader.Once(ref host, xml.Text(), inner); break;
                            case "Protocol": S3XmlReader.Once(ref protocol, xml.Text(), inner); break;
                            case "ReplaceKeyPrefixWith": S3XmlReader.Once(ref replacePrefix, xml.Text(), inner); break;
                            case "ReplaceKeyWith": S3XmlReader.Once(ref replaceKey, xml.Text(), inner); break;
                            case "HttpRedirectCode": S3XmlReader.Once(ref code, xml.Text(), inner); break;
                            default: throw S3XmlReader.Unknown(inner);
                        }
                    });
                    break;
                default: throw S3XmlReader.Unknown(name);
            }
        });
        if (hasCondition && prefix is null && error is null) throw new S3Exception(S3Errors.InvalidRequest, "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.");
        if (!hasRedirect || (host ?? protocol ?? replacePrefix ?? replaceKey ?? code) is null) throw S3XmlReader.Malformed("A Redirect says something of where to.");
        foreach (var text in (string?[])[prefix, host, replacePrefix, replaceKey]) S3Documents.CheckText(text);
        return new(prefix, error is null ? null : Number(error, WebsiteRules.WrongErrorCode), host, protocol, replacePrefix, replaceKey, code is null ? null : Number(code, WebsiteRules.WrongRedirectCode));
    }

    private static int Number(string text, Func<string, S3Error> wrong) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new S3Exception(wrong(text));
}
