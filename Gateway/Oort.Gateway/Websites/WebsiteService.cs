using Microsoft.AspNetCore.Http;
using Oort.Gateway.Access;
using Oort.Gateway.Iam;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Websites;

/// <summary>Serves buckets as websites (S3 user guide: "Hosting a static website"). Thread-safe.</summary>
/// <remarks>
/// 1. Only reading, by nobody in particular: what is asked for is asked of the gate as the same request of S3 without a signature would be. 2. Redirects of all requests, and of keys. 3. The object, or a folder's index. 4. An object that leads elsewhere.
/// 5. A folder without the slash at its end. 6. Redirects of errors, then the page of errors with the status that the error has.
/// </remarks>
internal sealed class WebsiteService(AccessGate gate, IMetadataStore metadata, IReadOnlyDictionary<S3Operation, S3Handler> handlers, IReadOnlyList<string> domains, IReadOnlyList<string> hosts)
{
    public const string RedirectHeader = "x-amz-website-redirect-location";

    private static readonly KeptSettings<WebsiteConfiguration> kept = new(WebsiteDocument.SettingName, WebsiteDocument.Decode);

    /// <summary>What belongs to the page that was asked for, and to no other that is sent in its place.</summary>
    private static readonly string[] conditions = ["Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"];

    /// <summary>How it is served; nobody signs such requests.</summary>
    public QueryService Service => new([], HandleAsync, (xml, problem, id) => QueryAnswer.WriteError(xml, problem, id, S3XmlWriter.Namespace));

    /// <summary>Whether a request is for a website: its host is a bucket's in one of the domains, or one of the hosts. Nothing that it says of who sends it is looked at.</summary>
    public bool Takes(HttpContext http)
    {
        if (BucketOf(http) is null) return false;
        http.Request.Headers.Authorization = default;
        return true;
    }

    private string? BucketOf(HttpContext http)
    {
        if (domains.Count + hosts.Count == 0) return null;
        var host = http.Request.Host.Host;
        if (hosts.Contains(host, StringComparer.OrdinalIgnoreCase)) return host.ToLowerInvariant();
        var domain = domains.FirstOrDefault(one => host.Length > one.Length + 1 && host[^(one.Length + 1)] == '.' && host.EndsWith(one, StringComparison.OrdinalIgnoreCase));
        return domain is null ? null : host[..^(domain.Length + 1)].ToLowerInvariant();
    }

    private async ValueTask HandleAsync(S3Request request, CancellationToken cancellationToken)
    {
        var http = request.Http;
        var visit = new Visit(request, BucketOf(http)!, S3Target.Read(http, new()).Path[1..]);
        WebsiteConfiguration? website = null;
        try
        {
            // 1.
            if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
                throw new S3Exception(S3Errors.MethodNotAllowed, null, ("Method", http.Request.Method), ("ResourceType", "OBJECT")) { Headers = [("Allow", "GET, HEAD")] };
            website = await FindAsync(visit.Bucket, cancellationToken);

            // 2.
            if (website.RedirectAll is { } all) Redirect(http, StatusCodes.Status301MovedPermanently, AddressOf(http, all.Name, all.Protocol, UrlEncoding.Encode(visit.Key, keepSlash: true)));
            else if (RuleFor(website, visit.Key, null) is { } rule) Redirect(http, rule, visit.Key);
            else await GiveAsync(visit, website, cancellationToken);
        }
        catch (S3Exception problem) when (!http.Response.HasStarted)
        {
            Reset(http);
            await RefuseAsync(visit, website, problem, cancellationToken);
        }
    }

    private async ValueTask<WebsiteConfiguration> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!BucketNames.IsValid(name) || await metadata.FindBucketAsync(name, cancellationToken) is not { } bucket) throw new S3Exception(S3Errors.NoSuchBucket, null, ("BucketName", name));
        return kept.Of(bucket) ?? throw new S3Exception(S3Errors.NoSuchWebsiteConfiguration, null, ("BucketName", name));
    }

    private async ValueTask GiveAsync(Visit visit, WebsiteConfiguration website, CancellationToken cancellationToken)
    {
        // 3.
        var isFolder = visit.Key.Length == 0 || visit.Key.EndsWith('/');
        var key = isFolder ? visit.Key + website.Index : visit.Key;
        ObjectKeys.Check(key);
        var http = visit.Request.Http;
        try
        {
            await AskAsync(visit, S3Operation.HeadObject, key, cancellationToken);
        }
        catch (S3Exception missing) when (!isFolder && missing.Error.Status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound)
        {
            // 5.
            Reset(http);
            if (!await IsThereAsync(visit, $"{visit.Key}/{website.Index}", cancellationToken)) throw;
            Reset(http);
            Redirect(http, StatusCodes.Status302Found, $"/{UrlEncoding.Encode(visit.Key, keepSlash: true)}/{http.Request.QueryString}");
            return;
        }

        // 4.
        if (http.Response.Headers[RedirectHeader].ToString() is { Length: > 0 } location)
        {
            Reset(http);
            Redirect(http, StatusCodes.Status301MovedPermanently, location);
            return;
        }

        if (HttpMethods.IsHead(http.Request.Method) || http.Response.StatusCode == StatusCodes.Status304NotModified) return;
        Reset(http);
        await AskAsync(visit, S3Operation.GetObject, key, cancellationToken);
    }

    /// <summary>6.</summary>
    private async ValueTask RefuseAsync(Visit visit, WebsiteConfiguration? website, S3Exception problem, CancellationToken cancellationToken)
    {
        var http = visit.Request.Http;
        var status = problem.Error.Status;
        if (website is not null && RuleFor(website, visit.Key, status) is { } rule)
        {
            Redirect(http, rule, visit.Key);
            return;
        }

        if (website?.Error is { } page && status is >= 400 and < 500)
        {
            try
            {
                foreach (var name in conditions) http.Request.Headers.Remove(name);
                Say(http, problem);
                await AskAsync(visit, HttpMethods.IsHead(http.Request.Method) ? S3Operation.HeadObject : S3Operation.GetObject, page, cancellationToken);
                return;
            }
            catch (S3Exception) when (!http.Response.HasStarted)
            {
                // The page of errors is not there, or is not public: what it was to tell is told without it.
                Reset(http);
            }
        }

        Say(http, problem);
        await WebsitePage.WriteAsync(http, problem, visit.Request.RequestId, cancellationToken);
    }

    /// <summary>The first rule that sends a request away: before its object is looked for, or since that ended so.</summary>
    private static WebsiteRule? RuleFor(WebsiteConfiguration website, string key, int? status) =>
        website.Rules.FirstOrDefault(rule => rule.ErrorCode == status && key.StartsWith(rule.Prefix ?? "", StringComparison.Ordinal));

    private static void Redirect(HttpContext http, WebsiteRule rule, string key)
    {
        var path = rule switch
        {
            { ReplaceKey: { } whole } => Encoded(whole),
            { ReplacePrefix: { } prefix } => Encoded(prefix) + UrlEncoding.Encode(key[(rule.Prefix ?? "").Length..], keepSlash: true),
            _ => UrlEncoding.Encode(key, keepSlash: true),
        };
        Redirect(http, rule.RedirectCode ?? StatusCodes.Status301MovedPermanently, AddressOf(http, rule.HostName, rule.Protocol, path));
    }

    /// <summary>What an owner wrote may have a query or a fragment.</summary>
    private static string Encoded(string text) => text.All(character => character is > ' ' and <= '~') ? text : UrlEncoding.Encode(text, keepSlash: true);

    private static string AddressOf(HttpContext http, string? host, string? protocol, string path)
    {
        var query = path.AsSpan().ContainsAny('?', '#') ? "" : http.Request.QueryString.Value;
        return $"{protocol ?? http.Request.Scheme}://{host ?? http.Request.Host.ToUriComponent()}/{path}{query}";
    }

    private static void Redirect(HttpContext http, int status, string location)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.Location = location;
        if (status != StatusCodes.Status304NotModified) http.Response.ContentLength = 0;
    }

    private static void Say(HttpContext http, S3Exception problem)
    {
        http.Response.StatusCode = problem.Error.Status;
        foreach (var (name, value) in problem.Headers) http.Response.Headers[name] = value;
        http.Response.Headers["x-amz-error-code"] = problem.Error.Code;
    }

    private async ValueTask<bool> IsThereAsync(Visit visit, string key, CancellationToken cancellationToken)
    {
        try
        {
            ObjectKeys.Check(key);
            await AskAsync(visit, S3Operation.HeadObject, key, cancellationToken);
            return true;
        }
        catch (S3Exception missing) when (missing.Error.Status is >= 400 and < 500)
        {
            // Also where nobody may know: then there is no folder for anybody.
            return false;
        }
    }

    private async ValueTask AskAsync(Visit visit, S3Operation operation, string key, CancellationToken cancellationToken)
    {
        var asked = new S3Request
        {
            Http = visit.Request.Http,
            RequestId = visit.Request.RequestId,
            Operation = operation,
            Bucket = visit.Bucket,
            Key = key,
            Principal = Caller.Anonymous,
            Body = visit.Request.Body,
            Trailers = visit.Request.Trailers,
            AnnouncedTrailers = [],
            Parameters = S3Query.Empty,
        };
        await gate.AuthorizeAsync(asked, cancellationToken);
        await handlers[operation](asked, cancellationToken);
    }

    /// <summary>Takes back what was prepared of another answer.</summary>
    private static void Reset(HttpContext http)
    {
        var (request, host) = (http.Response.Headers[S3Pipeline.RequestIdHeader], http.Response.Headers[S3Pipeline.HostIdHeader]);
        http.Response.Clear();
        (http.Response.Headers[S3Pipeline.RequestIdHeader], http.Response.Headers[S3Pipeline.HostIdHeader]) = (request, host);
    }

    /// <param name="Request">As it came.</param>
    /// <param name="Key">The path, decoded, without its first slash.</param>
    private sealed record Visit(S3Request Request, string Bucket, string Key);
}
