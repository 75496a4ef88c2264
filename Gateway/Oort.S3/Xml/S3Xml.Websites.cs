using System.Globalization;
using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>The answer of GetBucketWebsite.</summary>
public static partial class S3Xml
{
    public static async ValueTask WriteAsync(PipeWriter pipe, WebsiteConfiguration website, CancellationToken cancellationToken)
    {
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("WebsiteConfiguration");
        if (website.RedirectAll is { } all)
        {
            xml.Start("RedirectAllRequestsTo");
            xml.Element("HostName", all.Name);
            xml.Optional("Protocol", all.Protocol);
            xml.End("RedirectAllRequestsTo");
        }

        WriteOne(xml, "IndexDocument", "Suffix", website.Index);
        WriteOne(xml, "ErrorDocument", "Key", website.Error);
        if (website.Rules.Count > 0) WriteRules(xml, website.Rules);
        xml.End("WebsiteConfiguration");
        await FlushAsync(pipe, cancellationToken);
    }

    private static void WriteRules(S3XmlWriter xml, IReadOnlyList<WebsiteRule> rules)
    {
        xml.Start("RoutingRules");
        foreach (var rule in rules)
        {
            xml.Start("RoutingRule");
            if (rule.Prefix is not null || rule.ErrorCode is not null)
            {
                xml.Start("Condition");
                xml.Optional("HttpErrorCodeReturnedEquals", rule.ErrorCode?.ToString(CultureInfo.InvariantCulture));
                xml.Optional("KeyPrefixEquals", rule.Prefix);
                xml.End("Condition");
            }

            xml.Start("Redirect");
            xml.Optional("HostName", rule.HostName);
            xml.Optional("HttpRedirectCode", rule.RedirectCode?.ToString(CultureInfo.InvariantCulture));
            xml.Optional("Protocol", rule.Protocol);
            xml.Optional("ReplaceKeyPrefixWith", rule.ReplacePrefix);
            xml.Optional("ReplaceKeyWith", rule.ReplaceKey);
            xml.End("Redirect");
            xml.End("RoutingRule");
        }

        xml.End("RoutingRules");
    }

    private static void WriteOne(S3XmlWriter xml, string element, string inner, string? value)
    {
        if (value is null) return;
        xml.Start(element);
        xml.Element(inner, value);
        xml.End(element);
    }
}
