using Microsoft.AspNetCore.Http;
using Oort.Gateway.Access;
using Oort.Gateway.Iam;
using Oort.Gateway.Operations;
using Oort.Identity.Grants;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Shares;

/// <summary>Opens links to all below a prefix: <c>/_oort/share/v1/LINK</c> lists, <c>?k=KEY</c> gives an object (docs/grants.md). Thread-safe.</summary>
/// <remarks>
/// 1. The link proves that whoever made it had the grant's secret. 2. What is asked for is asked of the gate as the same request of S3 by that grant would be. 3. What is answered cannot script this origin, whatever it is.
/// </remarks>
internal sealed class SharePages(IS3Credentials credentials, AccessGate gate, IMetadataStore metadata, IReadOnlyDictionary<S3Operation, S3Handler> handlers)
{
    public const string BasePath = "/_oort/share/v1/";

    /// <summary>Lines of one page.</summary>
    private const int PageSize = 500;

    /// <summary>How it is served; nobody signs such requests with keys.</summary>
    public QueryService Service => new([], HandleAsync, (xml, problem, id) => QueryAnswer.WriteError(xml, problem, id, S3XmlWriter.Namespace));

    private async ValueTask HandleAsync(S3Request request, CancellationToken cancellationToken)
    {
        var http = request.Http;
        Protect(http.Response.Headers);
        try
        {
            if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)) throw new S3Exception(S3Errors.MethodNotAllowed);
            var (caller, grant) = await OpenAsync(http.Request.Path.Value![BasePath.Length..].TrimEnd('/'), cancellationToken);
            if (request.Query("k") is { Length: > 0 } key) await GiveAsync(request, caller, grant, key, cancellationToken);
            else await ListAsync(request, caller, grant, cancellationToken);
        }
        catch (S3Exception problem) when (!http.Response.HasStarted)
        {
            http.Response.Clear();
            Protect(http.Response.Headers);
            await SharePage.WriteProblemAsync(http, problem, cancellationToken);
        }
    }

    /// <summary>Whose link it is, and what it is for.</summary>
    private async ValueTask<(Caller Caller, Grant Grant)> OpenAsync(string text, CancellationToken cancellationToken)
    {
        // 1.
        if (ShareLink.Parse(text) is not { } link || Grant.Parse(link.GrantToken) is not { } grant) throw new S3Exception(S3Errors.InvalidToken, "This is no link, or not the whole of one.");
        if (await credentials.FindAsync(link.AccessKeyId, link.GrantToken, cancellationToken) is not { Principal: Caller caller } credential || !link.IsProvenBy(credential.SecretKey)) throw new S3Exception(S3Errors.AccessDenied, "This link is good for nothing, or not any more.");
        return (caller, grant);
    }

    private async ValueTask GiveAsync(S3Request request, Caller caller, Grant grant, string key, CancellationToken cancellationToken)
    {
        // 2.
        var operation = HttpMethods.IsHead(request.Http.Request.Method) ? S3Operation.HeadObject : S3Operation.GetObject;
        var asked = As(request, caller, operation, BucketOf(grant), key, S3Query.Empty);
        await gate.AuthorizeAsync(asked, cancellationToken);
        await handlers[operation](asked, cancellationToken);
    }

    private async ValueTask ListAsync(S3Request request, Caller caller, Grant grant, CancellationToken cancellationToken)
    {
        var home = PrefixOf(grant);
        var prefix = request.Query("p") ?? home;
        var after = request.Query("after") ?? "";
        var query = S3Query.Parse($"list-type=2&delimiter=%2F&prefix={Uri.EscapeDataString(prefix)}");
        var asked = As(request, caller, S3Operation.ListObjectsV2, BucketOf(grant), null, query);
        await gate.AuthorizeAsync(asked, cancellationToken);
        var bucket = AccessGate.TakeBucket(asked) ?? throw new S3Exception(S3Errors.NoSuchBucket);
        var page = await metadata.ListObjectsAsync(new(bucket.Id, prefix, "/", after, PageSize), cancellationToken);
        await SharePage.WriteAsync(request.Http, bucket.Name, home, prefix, page, grant.NotAfter, cancellationToken);
    }

    private static S3Request As(S3Request request, Caller caller, S3Operation operation, string bucket, string? key, S3Query query) => new()
    {
        Http = request.Http,
        RequestId = request.RequestId,
        Operation = operation,
        Bucket = bucket,
        Key = key,
        Principal = caller,
        Body = request.Body,
        Trailers = request.Trailers,
        AnnouncedTrailers = [],
        Parameters = query,
    };

    private static string BucketOf(Grant grant) => grant.Caveats.FirstOrDefault(caveat => caveat.Bucket is not null)?.Bucket ?? throw new S3Exception(S3Errors.InvalidToken, "This link is to no bucket.");

    /// <summary>The narrowest; others are what it begins with, or nothing is allowed.</summary>
    private static string PrefixOf(Grant grant) => grant.Caveats.Select(caveat => caveat.Prefix ?? "").MaxBy(prefix => prefix.Length) ?? "";

    /// <summary>3. Nothing that is answered here runs, and nobody learns the link from where it leads.</summary>
    private static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "private, no-store";
    }
}
