using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Cors;

/// <summary>Says which pages of other origins may read an answer (S3 user guide: "Using cross-origin resource sharing"; Fetch standard). Thread-safe.</summary>
internal sealed partial class CrossOrigin(IMetadataStore metadata, ILogger<CrossOrigin> logger)
{
    public const string RequestedMethod = "Access-Control-Request-Method";
    public const string RequestedHeaders = "Access-Control-Request-Headers";

    /// <summary>An answer to one of these is none to another: caches must know.</summary>
    private static readonly KeyValuePair<string, string> vary = new("Vary", $"Origin, {RequestedHeaders}, {RequestedMethod}");

    private static readonly KeptSettings<CorsConfiguration> kept = new(CorsDocument.SettingName, CorsDocument.Decode);

    /// <summary>The headers that every answer to a request of a page gets, also an error's. The bucket is one that the metadata keep at hand.</summary>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> FindAsync(HttpContext http, S3Route route, CancellationToken cancellationToken)
    {
        if (await metadata.FindBucketAsync(route.Bucket!, cancellationToken) is not { } bucket || Readable(bucket) is not { } configuration) return [];
        var headers = http.Request.Headers;
        // Browsers name the method in preflights only; who names it beside a request is answered as S3 answers him.
        var method = headers[RequestedMethod].ToString() is { Length: > 0 } requested ? requested : http.Request.Method;
        return configuration.Find(headers.Origin.ToString(), method, NamesOf(http)) is { } match ? [.. HeadersOf(match, headers.Origin.ToString()), vary] : [vary];
    }

    /// <summary>Null: the bucket lets no page in.</summary>
    /// <exception cref="MetadataFormatException">What it says cannot be read.</exception>
    public static CorsConfiguration? Of(BucketRow bucket) => kept.Of(bucket);

    /// <summary>Answers a preflight that a rule allows.</summary>
    public static void Allow(HttpContext http, CorsMatch match)
    {
        var headers = http.Response.Headers;
        foreach (var (name, value) in HeadersOf(match, http.Request.Headers.Origin.ToString())) headers[name] = value;
        if (NamesOf(http) is { Count: > 0 } names) headers.AccessControlAllowHeaders = string.Join(", ", names.Select(name => name.ToLowerInvariant()));
        headers[vary.Key] = vary.Value;
    }

    /// <summary>The headers that a page wants to set.</summary>
    public static IReadOnlyList<string> NamesOf(HttpContext http) => http.Request.Headers[RequestedHeaders].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Null also where it cannot be read: the request itself need not fail for that.</summary>
    private CorsConfiguration? Readable(BucketRow bucket)
    {
        try
        {
            return Of(bucket);
        }
        catch (MetadataFormatException failure)
        {
            LogUnreadable(logger, bucket.Name, failure.Message);
            return null;
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> HeadersOf(CorsMatch match, string origin)
    {
        var rule = match.Rule;
        yield return new("Access-Control-Allow-Origin", match.IsPublic ? "*" : origin);
        yield return new("Access-Control-Allow-Methods", string.Join(", ", rule.AllowedMethods));
        if (rule.ExposeHeaders.Count > 0) yield return new("Access-Control-Expose-Headers", string.Join(", ", rule.ExposeHeaders));
        if (rule.MaxAgeSeconds is { } age) yield return new("Access-Control-Max-Age", age.ToString(CultureInfo.InvariantCulture));
        if (!match.IsPublic) yield return new("Access-Control-Allow-Credentials", "true");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Which pages of other origins may read bucket {Bucket} cannot be read, so none may: {Reason} Its owner can put another CORS configuration.")]
    private static partial void LogUnreadable(ILogger logger, string bucket, string reason);
}
