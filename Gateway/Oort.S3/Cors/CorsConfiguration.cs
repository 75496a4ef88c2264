namespace Oort.S3;

/// <summary>What pages of other origins may do with a bucket (S3 API: CORSConfiguration).</summary>
/// <param name="Rules">1 to 100, in the order given; the first that fits a request counts.</param>
public sealed record CorsConfiguration(IReadOnlyList<CorsRule> Rules)
{
    /// <summary>The first rule that lets a request in.</summary>
    /// <param name="method">Of the request, or the one that a preflight asks about.</param>
    /// <param name="headers">That the page wants to set itself; names in any case.</param>
    public CorsMatch? Find(string origin, string method, IReadOnlyList<string> headers)
    {
        // What no header can say back fits no rule.
        if (!HeaderText.IsPlain(origin) || !headers.All(HeaderText.IsPlain)) return null;
        foreach (var rule in Rules)
            if (rule.Match(origin, method, headers) is { } found) return found;
        return null;
    }
}

/// <summary>A rule, and how it names the origin that it lets in.</summary>
/// <param name="IsPublic">It lets in every origin, and so no credentials of browsers.</param>
public sealed record CorsMatch(CorsRule Rule, bool IsPublic);

/// <summary>One CORSRule.</summary>
/// <param name="Id">Null: none was given.</param>
/// <param name="AllowedOrigins">At least one; at most one <c>*</c> in each, for any characters.</param>
/// <param name="AllowedMethods">At least one of GET, PUT, POST, DELETE, HEAD.</param>
/// <param name="AllowedHeaders">That pages may set; at most one <c>*</c> in each.</param>
/// <param name="ExposeHeaders">Of answers, that pages may read.</param>
/// <param name="MaxAgeSeconds">How long a preflight's answer holds; null: as long as browsers choose.</param>
public sealed record CorsRule(string? Id, IReadOnlyList<string> AllowedOrigins, IReadOnlyList<string> AllowedMethods, IReadOnlyList<string> AllowedHeaders, IReadOnlyList<string> ExposeHeaders, int? MaxAgeSeconds)
{
    private const string Everyone = "*";

    internal CorsMatch? Match(string origin, string method, IReadOnlyList<string> headers)
    {
        if (!AllowedMethods.Contains(method, StringComparer.Ordinal)) return null;
        if (AllowedOrigins.FirstOrDefault(pattern => Fits(pattern, origin, StringComparison.Ordinal)) is not { } allowed) return null;
        var isLetIn = headers.All(header => AllowedHeaders.Any(pattern => Fits(pattern, header, StringComparison.OrdinalIgnoreCase)));
        return isLetIn ? new(this, allowed == Everyone) : null;
    }

    private static bool Fits(string pattern, string text, StringComparison comparison)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0) return string.Equals(pattern, text, comparison);
        return text.Length >= pattern.Length - 1 && text.StartsWith(pattern[..star], comparison) && text.EndsWith(pattern[(star + 1)..], comparison);
    }
}
