using System.Text;

namespace Oort.S3.Client;

/// <summary>Where a request goes: URL and the form of its path that is signed.</summary>
/// <param name="Target">Path and query exactly as they go out: keys with "//" and ".." stay.</param>
/// <param name="CanonicalPath">Encoded.</param>
/// <param name="RawQuery">Encoded, without '?'; "" for none.</param>
internal readonly record struct S3Address(Uri Target, string CanonicalPath, string RawQuery)
{
    private const string AwsDomain = ".amazonaws.com";
    private const string ChinaSuffix = ".cn";

    public static S3Address Of(S3ClientOptions options, S3Call call, string region)
    {
        var host = HostOf(options, region);
        var basePath = options.Endpoint.AbsolutePath.TrimEnd('/');
        var isInHost = call.Bucket is not null && IsVirtualHost(options, call.Bucket, host);
        var path = new StringBuilder(basePath);
        if (call.Bucket is not null && !isInHost) path.Append('/').Append(UrlEncoding.Encode(call.Bucket, keepSlash: false));
        path.Append(path.Length == basePath.Length || call.Key is not null ? "/" : "");
        if (call.Key is not null) path.Append(UrlEncoding.Encode(call.Key, keepSlash: true));
        if (isInHost) host = $"{call.Bucket}.{host}";

        var query = string.Join('&', call.Query.Select(pair =>
            UrlEncoding.Encode(pair.Name, keepSlash: false) + (pair.Value is null ? "" : "=" + UrlEncoding.Encode(pair.Value, keepSlash: false))));
        var text = $"{options.Endpoint.Scheme}://{host}{path}{(query.Length > 0 ? "?" : "")}{query}";
        // Uri would resolve dot segments, which are part of a key.
        return new(new Uri(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), path.ToString(), query);
    }

    /// <summary>Whether the service is AWS itself, whose hosts name the region.</summary>
    public static bool IsAws(Uri endpoint) =>
        endpoint.Host.EndsWith(AwsDomain, StringComparison.OrdinalIgnoreCase) || endpoint.Host.EndsWith(AwsDomain + ChinaSuffix, StringComparison.OrdinalIgnoreCase);

    /// <summary>AWS's endpoint of a region; any other service's is the same for all.</summary>
    private static string HostOf(S3ClientOptions options, string region)
    {
        var endpoint = options.Endpoint;
        var names = IsAws(endpoint) ? endpoint.Host.Split('.') : [];
        var namesTheRegion = names.Length >= 4 && names[0] == "s3" && names[1] == options.Region && region != options.Region;
        var isGlobal = names.Length == 3 && names[0] == "s3" && region != "us-east-1";
        if (namesTheRegion) names[1] = region;
        else if (isGlobal) names[0] = $"s3.{region}";
        else return endpoint.Authority;
        return string.Join('.', names);
    }

    private static bool IsVirtualHost(S3ClientOptions options, string bucket, string host) => options.Addressing switch
    {
        S3Addressing.Path => false,
        S3Addressing.VirtualHost => true,
        // A dot in a bucket's name is one label more than a wildcard certificate covers.
        _ => IsAws(new Uri("https://" + host)) && BucketNames.IsValid(bucket) && !bucket.Contains('.', StringComparison.Ordinal),
    };
}
