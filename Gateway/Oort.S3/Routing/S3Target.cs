using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Oort.S3;

/// <summary>What a request addresses, read from the raw target: the server's own decoding would fold "//", "." and ".." and lose keys.</summary>
public sealed class S3Target
{
    private const string ReservedPath = "/_oort";

    /// <summary>GET, PUT, …</summary>
    public required string Method { get; init; }

    /// <summary>The path as sent, from its first slash, without query.</summary>
    public required string RawPath { get; init; }

    /// <summary>The query as sent, without '?'.</summary>
    public required string RawQuery { get; init; }

    /// <summary>The decoded path.</summary>
    public required string Path { get; init; }

    public required S3Query Query { get; init; }

    /// <summary>Host that the client addressed, with port if one was given.</summary>
    public required string Host { get; init; }

    /// <summary>The bucket's name from the host, where it is addressed in virtual-host style; null in path style.</summary>
    public string? HostBucket { get; init; }

    /// <summary>Reads the target of a request.</summary>
    /// <exception cref="S3Exception">InvalidURI: path or query cannot be decoded.</exception>
    public static S3Target Read(HttpContext http, S3Options options)
    {
        var (path, query) = Split(RawTarget(http));
        if (!UrlEncoding.TryDecode(path, plusIsSpace: false, out var decoded))
            throw new S3Exception(S3Errors.InvalidUri);
        var host = AddressedHost(http.Request, options);
        return new S3Target
        {
            Method = http.Request.Method,
            RawPath = path,
            RawQuery = query,
            Path = decoded,
            Query = S3Query.Parse(query),
            Host = host,
            HostBucket = BucketOf(host, options),
        };
    }

    /// <summary>Whether a request is for Oort's own endpoints (<c>/_oort/…</c>, which no bucket can be named) and not for S3.</summary>
    /// <remarks>Never in virtual-host style: there the path is a key.</remarks>
    public static bool IsReserved(HttpContext http, S3Options options)
    {
        var (path, _) = Split(RawTarget(http));
        var isReserved = path.StartsWith(ReservedPath, StringComparison.Ordinal) && (path.Length == ReservedPath.Length || path[ReservedPath.Length] == '/');
        return isReserved && BucketOf(AddressedHost(http.Request, options), options) is null;
    }

    /// <summary>What an error answer names as its resource: the path, decoded where it can be.</summary>
    internal static string ResourceOf(HttpContext http)
    {
        var (path, _) = Split(RawTarget(http));
        return UrlEncoding.TryDecode(path, plusIsSpace: false, out var decoded) ? decoded : path;
    }

    /// <summary>A host without its port.</summary>
    internal static ReadOnlySpan<char> WithoutPort(string host)
    {
        var end = host.EndsWith(']') ? -1 : host.LastIndexOf(':');
        return end < 0 ? host : host.AsSpan(0, end);
    }

    // In tests without a server there is no raw target; path and query as the context has them then.
    private static string RawTarget(HttpContext http)
    {
        var raw = http.Features.Get<IHttpRequestFeature>()?.RawTarget;
        return string.IsNullOrEmpty(raw) ? http.Request.PathBase.Value + http.Request.Path.Value + http.Request.QueryString.Value : raw;
    }

    private static (string Path, string Query) Split(string target)
    {
        // Absolute form (RFC 9112 §3.2.2), as sent to proxies: scheme and authority go.
        if (!target.StartsWith('/'))
        {
            var authority = target.IndexOf("://", StringComparison.Ordinal);
            var slash = authority < 0 ? -1 : target.AsSpan(authority + 3).IndexOfAny('/', '?');
            target = slash < 0 ? "/" : target[(authority + 3 + slash)..];
            if (target[0] == '?')
                target = "/" + target;
        }

        var mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? (target, "") : (target[..mark], target[(mark + 1)..]);
    }

    private static string AddressedHost(HttpRequest request, S3Options options)
    {
        if (options.TrustForwardedHost && request.Headers.TryGetValue("X-Forwarded-Host", out var forwarded) && forwarded.Count > 0)
        {
            // Each proxy appends; the first is what the client said.
            var first = forwarded[0].AsSpan();
            var comma = first.IndexOf(',');
            return (comma < 0 ? first : first[..comma]).Trim().ToString();
        }

        return request.Headers.Host.ToString();
    }

    private static string? BucketOf(string host, S3Options options)
    {
        var name = WithoutPort(host);
        foreach (var domain in options.Domains)
        {
            var isSubdomain = name.Length > domain.Length + 1 && name[^(domain.Length + 1)] == '.' && name.EndsWith(domain, StringComparison.OrdinalIgnoreCase);
            if (isSubdomain)
                return name[..^(domain.Length + 1)].ToString().ToLowerInvariant();
        }

        return null;
    }
}
