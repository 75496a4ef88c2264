namespace Oort.S3;

/// <summary>What S3 refuses of rules that are well formed (S3 API: PutBucketCors; user guide: "Elements of a CORS configuration").</summary>
public static class CorsRules
{
    public const int CountMax = 100;

    private const int IdLengthMax = 255;

    private static readonly string[] methods = ["GET", "PUT", "POST", "DELETE", "HEAD"];

    /// <summary>Null: it can be stored.</summary>
    public static S3Error? ProblemOf(CorsConfiguration configuration)
    {
        if (configuration.Rules.Count > CountMax) return Invalid($"The number of CORS rules should not exceed allowed limit of {CountMax} rules.");
        if (configuration.Rules.Count == 0) return Malformed("A CORS configuration has at least one rule.");
        return configuration.Rules.Select(ProblemOf).FirstOrDefault(problem => problem is not null);
    }

    private static S3Error? ProblemOf(CorsRule rule)
    {
        if (rule.AllowedMethods.Count == 0 || rule.AllowedOrigins.Count == 0) return Malformed("A rule has at least one AllowedOrigin and one AllowedMethod.");
        if (rule.AllowedOrigins.Concat(rule.AllowedHeaders).Concat(rule.ExposeHeaders).Any(text => text.Length == 0)) return Malformed("An element of a rule is empty.");
        if (rule.Id?.Length > IdLengthMax) return Invalid($"The ID of a CORS rule has at most {IdLengthMax} characters.");
        if (rule.MaxAgeSeconds < 0) return Malformed("MaxAgeSeconds is a whole number of seconds.");
        if (rule.AllowedMethods.FirstOrDefault(method => !methods.Contains(method)) is { } other) return Invalid($"Found unsupported HTTP method in CORS config. Unsupported method is {other}");
        if (rule.AllowedOrigins.FirstOrDefault(HasTwoWildcards) is { } origin) return Invalid($"AllowedOrigin \"{origin}\" can not have more than one wildcard.");
        if (rule.AllowedHeaders.FirstOrDefault(HasTwoWildcards) is { } header) return Invalid($"AllowedHeader \"{header}\" can not have more than one wildcard.");
        if (rule.ExposeHeaders.FirstOrDefault(text => text.Contains('*', StringComparison.Ordinal)) is { } wild) return Invalid($"ExposeHeader \"{wild}\" contains wildcard. We currently do not support wildcard for ExposeHeader.");
        return rule.ExposeHeaders.FirstOrDefault(text => !HeaderText.IsName(text)) is { } exposed ? Invalid($"ExposeHeader \"{exposed}\" is no name of a header.") : null;
    }

    private static bool HasTwoWildcards(string pattern) => pattern.AsSpan().Count('*') > 1;

    private static S3Error Invalid(string message) => S3Errors.InvalidRequest with { Message = message };

    private static S3Error Malformed(string message) => S3Errors.MalformedXml with { Message = message };
}
