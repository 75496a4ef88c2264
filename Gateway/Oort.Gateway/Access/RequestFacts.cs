using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Locks;
using Oort.Gateway.Operations;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>What conditions of policies may ask of an S3 request.</summary>
internal sealed class RequestFacts : CallerFacts
{
    private static readonly FrozenDictionary<string, Func<RequestFacts, string, ConditionValue?>> known = new Dictionary<string, Func<RequestFacts, string, ConditionValue?>>
    {
        ["s3:ResourceAccount"] = static (facts, _) => new(facts.ResourceAccount),
        ["s3:prefix"] = static (facts, _) => facts.Http.Features.Get<SupposedPrefix>() is { } supposed ? Value(supposed.Prefix) : facts.Query("prefix"),
        ["s3:delimiter"] = static (facts, _) => facts.Query("delimiter"),
        ["s3:max-keys"] = static (facts, _) => facts.Query("max-keys"),
        ["s3:VersionId"] = static (facts, _) => facts.Query("versionId"),
        ["s3:object-lock-mode"] = static (facts, _) => Value(AskedLock.Of(facts.request).Mode),
        ["s3:object-lock-retain-until-date"] = static (facts, _) => Value(AskedLock.Of(facts.request).Until),
        ["s3:object-lock-remaining-retention-days"] = static (facts, _) => Value(AskedLock.Of(facts.request).RemainingDays(facts.Now)),
        ["s3:object-lock-legal-hold"] = static (facts, _) => Value(AskedLock.Of(facts.request).Hold),
        ["s3:if-match"] = static (facts, _) => facts.Header("If-Match"),
        ["s3:if-none-match"] = static (facts, _) => facts.Header("If-None-Match"),
        ["s3:authType"] = static (facts, _) => facts.Caller.Principal.Kind == PrincipalKind.Anonymous ? null : new ConditionValue(facts.request.Form is not null ? "POST" : facts.request.IsPresigned ? "REST-QUERY-STRING" : "REST-HEADER"),
        ["s3:signatureversion"] = static (facts, _) => facts.Caller.Principal.Kind == PrincipalKind.Anonymous ? null : new ConditionValue(facts.request.SignatureVersion == 2 ? "AWS" : "AWS4-HMAC-SHA256"),
        ["s3:ExistingObjectTag"] = static (facts, name) => facts.Http.Features.Get<ExistingTags>()?.Find(name) is { } tag ? new ConditionValue(tag) : null,
        ["s3:RequestObjectTag"] = static (facts, name) => Value(facts.Tags().FirstOrDefault(tag => tag.Key == name).Value),
        ["s3:RequestObjectTagKeys"] = static (facts, _) => facts.Tags() is { Count: > 0 } tags ? new ConditionValue([.. tags.Select(tag => tag.Key)]) : null,
    }.Concat(((string[])
    [
        "x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-metadata-directive", "x-amz-object-ownership",
        "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm", "x-amz-storage-class", "x-amz-website-redirect-location",
    ]).Select(header => KeyValuePair.Create("s3:" + header, new Func<RequestFacts, string, ConditionValue?>((facts, _) => facts.Header(header))))).ToFrozenDictionary();

    private readonly S3Request request;
    private readonly IReadOnlyList<S3Tag>? tags;

    /// <param name="resourceAccount">The account that owns the bucket.</param>
    /// <param name="tags">Of the body; null: those of the header are meant.</param>
    public RequestFacts(S3Request request, Caller caller, string resourceAccount, string region, DateTimeOffset now, IReadOnlyList<S3Tag>? tags) : base(request.Http, caller, resourceAccount, region, now) =>
        (this.request, this.tags) = (request, tags);

    /// <summary>Whether requests are asked for this. A policy that asks for anything else is refused when it is put: it would never hold, or always.</summary>
    public static bool Knows(ConditionKey key) => known.ContainsKey(key.Name) || KnowsOfAll(key);

    public override bool TryFind(ConditionKey key, string name, out ConditionValue value)
    {
        if (!known.TryGetValue(key.Name, out var read)) return base.TryFind(key, name, out value);
        var found = read(this, name);
        value = found ?? default;
        return found is not null;
    }

    private ConditionValue? Query(string name) => Value(request.Query(name));

    private IReadOnlyList<S3Tag> Tags() => tags ?? S3Headers.Tagging(request.Header("x-amz-tagging"));
}

/// <summary>The prefix of a listing that nobody has asked for, but that would show what was.</summary>
internal sealed record SupposedPrefix(string Prefix);
