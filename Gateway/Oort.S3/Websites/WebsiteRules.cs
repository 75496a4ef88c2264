using System.Globalization;
using System.Text;

namespace Oort.S3;

/// <summary>What S3 refuses of a website that is well formed (S3 API: PutBucketWebsite; user guide: "Configuring a webpage redirect").</summary>
public static class WebsiteRules
{
    public const int CountMax = 50;

    // A host's name (RFC 1035 §2.3.4) with a port.
    private const int HostLengthMax = 260;

    /// <summary>Null: it can be stored.</summary>
    public static S3Error? ProblemOf(WebsiteConfiguration website)
    {
        if (website.RedirectAll is { } all)
        {
            if (website.Index is not null || website.Error is not null || website.Rules.Count > 0) return Invalid("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
            return ProblemOf(all.Name, all.Protocol);
        }

        if (website.Index is null) return Argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
        if (website.Index.Contains('/', StringComparison.Ordinal) || !IsKey(website.Index)) return Argument("The IndexDocument Suffix is not well formed");
        if (website.Error is not null && !IsKey(website.Error)) return Argument("The ErrorDocument Key is not well formed");
        if (website.Rules.Count > CountMax) return Invalid($"{website.Rules.Count} routing rules provided, the number of routing rules in a website configuration is limited to {CountMax}.");
        return website.Rules.Select(ProblemOf).FirstOrDefault(problem => problem is not null);
    }

    internal static S3Error WrongErrorCode(string code) => Invalid($"The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX.");

    internal static S3Error WrongRedirectCode(string code) => Invalid($"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.");

    private static S3Error? ProblemOf(WebsiteRule rule)
    {
        if (rule.ErrorCode is { } error and (< 400 or > 599)) return WrongErrorCode(error.ToString(CultureInfo.InvariantCulture));
        if (rule.RedirectCode is { } code and (< 301 or > 399)) return WrongRedirectCode(code.ToString(CultureInfo.InvariantCulture));
        if (rule is { ReplaceKey: not null, ReplacePrefix: not null }) return Invalid("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
        if (rule is { HostName: null, Protocol: null, ReplaceKey: null, ReplacePrefix: null, RedirectCode: null }) return Malformed("A Redirect says something of where to.");
        foreach (var text in (string?[])[rule.Prefix, rule.ReplaceKey, rule.ReplacePrefix])
            if (text is not null && (Encoding.UTF8.GetByteCount(text) > ObjectKeys.SizeMax || text.Any(char.IsControl))) return Argument("A key of a RoutingRule is not well formed");
        return ProblemOf(rule.HostName, rule.Protocol);
    }

    private static S3Error? ProblemOf(string? host, string? protocol)
    {
        if (protocol is not (null or "http" or "https")) return Invalid("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
        var isHost = host is null || (host.Length is > 0 and <= HostLengthMax && Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var url) && url is { UserInfo: "", PathAndQuery: "/", Fragment: "" } && HeaderText.IsPlain(host));
        return isHost ? null : Argument("The HostName is not well formed");
    }

    private static bool IsKey(string key) => key.Length > 0 && Encoding.UTF8.GetByteCount(key) <= ObjectKeys.SizeMax && !key.Contains('\0', StringComparison.Ordinal);

    private static S3Error Invalid(string message) => S3Errors.InvalidRequest with { Message = message };

    private static S3Error Argument(string message) => S3Errors.InvalidArgument with { Message = message };

    private static S3Error Malformed(string message) => S3Errors.MalformedXml with { Message = message };
}
