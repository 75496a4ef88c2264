using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Operations;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>What conditions of policies may ask of an S3 request.</summary>
internal sealed class RequestFacts : AccessContext
{
    private static readonly FrozenDictionary<string, Func<RequestFacts, string, ConditionValue?>> known = new Dictionary<string, Func<RequestFacts, string, ConditionValue?>>
    {
        ["aws:CurrentTime"] = static (facts, _) => new(facts.now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        ["aws:EpochTime"] = static (facts, _) => new(facts.now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
        ["aws:SecureTransport"] = static (facts, _) => new(facts.request.Http.Request.IsHttps ? "true" : "false"),
        ["aws:SourceIp"] = static (facts, _) => Value(facts.request.Http.Connection.RemoteIpAddress?.ToString()),
        ["aws:UserAgent"] = static (facts, _) => facts.Header("User-Agent"),
        ["aws:Referer"] = static (facts, _) => facts.Header("Referer"),
        ["aws:RequestedRegion"] = static (facts, _) => new(facts.region),
        ["aws:PrincipalType"] = static (facts, _) => new(facts.principal.Kind == PrincipalKind.Anonymous ? "Anonymous" : "Account"),
        ["aws:PrincipalAccount"] = static (facts, _) => Value(facts.principal.Account),
        ["aws:PrincipalArn"] = static (facts, _) => Value(facts.principal.Arn),
        ["aws:userid"] = static (facts, _) => new(facts.principal.Kind == PrincipalKind.Anonymous ? "anonymous" : facts.principal.Account),
        // The root has no name, and an anonymous caller neither; there are no other principals yet.
        ["aws:username"] = static (_, _) => null,
        ["aws:ResourceAccount"] = static (facts, _) => new(facts.resourceAccount),
        ["s3:ResourceAccount"] = static (facts, _) => new(facts.resourceAccount),
        ["s3:prefix"] = static (facts, _) => facts.Query("prefix"),
        ["s3:delimiter"] = static (facts, _) => facts.Query("delimiter"),
        ["s3:max-keys"] = static (facts, _) => facts.Query("max-keys"),
        ["s3:VersionId"] = static (facts, _) => facts.Query("versionId"),
        ["s3:if-match"] = static (facts, _) => facts.Header("If-Match"),
        ["s3:if-none-match"] = static (facts, _) => facts.Header("If-None-Match"),
        ["s3:authType"] = static (facts, _) => facts.principal.Kind == PrincipalKind.Anonymous ? null : new ConditionValue(facts.request.Query("X-Amz-Signature") is null ? "REST-HEADER" : "REST-QUERY-STRING"),
        ["s3:signatureversion"] = static (facts, _) => facts.principal.Kind == PrincipalKind.Anonymous ? null : new ConditionValue("AWS4-HMAC-SHA256"),
        ["s3:RequestObjectTag"] = static (facts, name) => Value(facts.Tags().FirstOrDefault(tag => tag.Key == name).Value),
        ["s3:RequestObjectTagKeys"] = static (facts, _) => facts.Tags() is { Count: > 0 } tags ? new ConditionValue([.. tags.Select(tag => tag.Key)]) : null,
    }.Concat(((string[])
    [
        "x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-metadata-directive", "x-amz-object-ownership",
        "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm", "x-amz-storage-class", "x-amz-website-redirect-location",
    ]).Select(header => KeyValuePair.Create("s3:" + header, new Func<RequestFacts, string, ConditionValue?>((facts, _) => facts.Header(header))))).ToFrozenDictionary();

    private readonly S3Request request;
    private readonly Principal principal;
    private readonly string resourceAccount;
    private readonly string region;
    private readonly DateTimeOffset now;
    private readonly IReadOnlyList<S3Tag>? tags;

    /// <param name="resourceAccount">The account that owns the bucket.</param>
    /// <param name="tags">Of the body; null: those of the header are meant.</param>
    public RequestFacts(S3Request request, Principal principal, string resourceAccount, string region, DateTimeOffset now, IReadOnlyList<S3Tag>? tags) =>
        (this.request, this.principal, this.resourceAccount, this.region, this.now, this.tags) = (request, principal, resourceAccount, region, now, tags);

    /// <summary>Whether requests are asked for this. A policy that asks for anything else is refused when it is put: it would never hold, or always.</summary>
    public static bool Knows(ConditionKey key) => known.ContainsKey(key.Name);

    public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
    {
        var found = known.TryGetValue(key.Name, out var read) ? read(this, name) : null;
        value = found ?? default;
        return found is not null;
    }

    private ConditionValue? Header(string name) => Value(request.Http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null);

    private ConditionValue? Query(string name) => Value(request.Query(name));

    private IReadOnlyList<S3Tag> Tags() => tags ?? S3Headers.Tagging(request.Header("x-amz-tagging"));

    private static ConditionValue? Value(string? text) => string.IsNullOrEmpty(text) ? null : new ConditionValue(text);
}
