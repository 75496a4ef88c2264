using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access.Lists;
using Oort.Identity.Accounts;
using Oort.Identity.Store;
using Oort.Metadata;

namespace Oort.Gateway.Access;

/// <summary>Somebody, as those who ask what he may do see him.</summary>
/// <param name="Closed">Why he is not let in whatever policies say; null: he is.</param>
internal sealed record ExplainedCaller(Caller Caller, IReadOnlyList<NamedPolicy> Policies, string? Closed)
{
    /// <summary>His ARN (of a role: the role's), or "anonymous".</summary>
    public string Name => Caller.Principal.Kind == PrincipalKind.Anonymous ? "anonymous" : Caller.Principal.Role ?? Caller.Principal.Arn;
}

/// <summary>What became of one right, why, and what each policy said.</summary>
/// <param name="Deciding">The policy of <paramref name="Decision"/>; null: none decided.</param>
/// <param name="Says">All that were looked at.</param>
internal sealed record Explanation(AccessDecision Decision, string Reason, NamedPolicy? Deciding, IReadOnlyList<(NamedPolicy Policy, AccessDecision Says)> Says);

/// <summary>How far a right goes in a bucket.</summary>
/// <param name="Allowed">Of the probes; all of them, some, or none.</param>
/// <param name="One">What became of the first probe that is allowed; where none is, of the first.</param>
internal readonly record struct AccessExtent(int Allowed, int Probes, Explanation One);

/// <summary>Says who may do what, by the gate that requests go through. Thread-safe.</summary>
/// <param name="rootKey">Access key of the gateway's root, which its configuration gives.</param>
internal sealed class AccessExplainer(AccessGate gate, Credentials credentials, IdentityStore store, IMetadataStore metadata, string rootKey, string region, TimeProvider time)
{
    public const string Anonymous = "anonymous";

    private const string BlockText = "The bucket policy lets him in, but it lets everybody in, and the public access block lets in the owner's account alone (RestrictPublicBuckets).";

    public IMetadataStore Metadata => metadata;

    public IdentitySnapshot Identities => store.Snapshot;

    public string OperatorNumber => store.OperatorNumber;

    /// <summary>Finds somebody by an ARN, an access key, or a name in an account.</summary>
    /// <param name="who">Also "anonymous", "root", "user/NAME" and "role/NAME".</param>
    /// <returns>Null: there is nobody.</returns>
    public ExplainedCaller? Find(string who, string account)
    {
        while (true)
        {
            var snapshot = store.Snapshot;
            var found = Find(who, account, snapshot);
            // What is changed in between would put the names of some policies on others.
            if (ReferenceEquals(snapshot, store.Snapshot)) return found;
        }
    }

    public string OwnerOf(BucketRow bucket) => store.FindByCanonicalId(bucket.OwnerId)?.Number ?? Accounts.NumberOf(bucket.OwnerId);

    public BucketAccess AccessOf(BucketRow bucket) => gate.AccessOf(bucket);

    public NamedPolicy? PolicyOf(BucketRow bucket) => gate.AccessOf(bucket).Policy is { } document ? NamedPolicy.Of(bucket, document) : null;

    /// <param name="key">Null: none, or the action is on the bucket.</param>
    /// <param name="supposed">Condition keys of the request.</param>
    public async ValueTask<Explanation> ExplainAsync(HttpContext http, ExplainedCaller who, BucketRow? bucket, AccessAction action, string path, string? key, IReadOnlyDictionary<string, ConditionValue> supposed, CancellationToken cancellationToken)
    {
        var judged = await gate.ExplainAsync(who.Caller, bucket, action, path, key, owner => new SupposedFacts(http, who.Caller, owner, region, time.GetUtcNow(), WithS3(who.Caller, owner, supposed)), cancellationToken);
        var policies = judged.Policies.Resource is { } resource && bucket is not null && PolicyOf(bucket) is { } named ? [.. who.Policies, named with { Document = resource }] : who.Policies;
        var says = policies.Select(policy => (policy, AccessEvaluator.Say(judged.Request, policy.Document, policy.Reason))).ToArray();
        var deciding = judged.Decision.Policy is { } document ? policies.FirstOrDefault(policy => ReferenceEquals(policy.Document, document)) : null;
        return who.Closed is { } closed ? new(default, closed, null, says) : new(judged.Decision, ReasonOf(judged, deciding, bucket), deciding, says);
    }

    /// <summary>How far a right goes: over all of the bucket, parts of it, or nowhere.</summary>
    /// <param name="key">Only this one; null: all.</param>
    public async ValueTask<AccessExtent> MeasureAsync(HttpContext http, ExplainedCaller who, BucketRow bucket, AccessAction action, string? key, IReadOnlyDictionary<string, ConditionValue> supposed, CancellationToken cancellationToken)
    {
        var policies = PolicyOf(bucket) is { } own ? who.Policies.Append(own) : who.Policies;
        (string? Key, string? Prefix)[] probes = action.Level == ActionLevel.Object ? key is not null ? [(key, null)] : [.. AccessProbes.KeysOf(policies, who.Caller.UserName).Select(one => ((string?)one, (string?)null))]
            : supposed.ContainsKey("s3:prefix") ? [(null, null)] : [.. AccessProbes.PrefixesOf(policies, who.Caller.UserName).Select(prefix => ((string?)null, prefix))];
        Explanation? first = null;
        var allowed = 0;
        foreach (var (probe, prefix) in probes)
        {
            var given = prefix is null ? supposed : supposed.Append(KeyValuePair.Create("s3:prefix", new ConditionValue(prefix))).ToDictionary(StringComparer.OrdinalIgnoreCase);
            var said = await ExplainAsync(http, who, bucket, action, probe is null ? bucket.Name : $"{bucket.Name}/{probe}", key, given, cancellationToken);
            if (said.Decision.IsAllowed) allowed++;
            if (first is null || (said.Decision.IsAllowed && allowed == 1)) first = said;
        }

        return new(allowed, probes.Length, first!);
    }

    /// <summary>What conditions ask, by their names.</summary>
    /// <exception cref="FormatException">The address is none.</exception>
    public static DefaultHttpContext Suppose(HttpContext asking, string? sourceIp, bool? isSecure)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = sourceIp is null ? asking.Connection.RemoteIpAddress : IPAddress.Parse(sourceIp);
        http.Request.Scheme = isSecure ?? asking.Request.IsHttps ? "https" : "http";
        return http;
    }

    private ExplainedCaller? Find(string who, string account, IdentitySnapshot snapshot)
    {
        if (who is Anonymous) return new(Caller.Anonymous, [], null);
        var holder = snapshot.FindKey(who);
        var arn = who.StartsWith("arn:", StringComparison.Ordinal) ? who
            : who == rootKey ? Arn.OfIam(store.OperatorNumber, "root").ToString()
            : holder is not null ? holder.User?.Arn ?? holder.Account.RootArn
            : ArnOf(who, account, snapshot);
        if (arn is null || credentials.FindByArn(arn) is not { } caller) return null;
        var closed = snapshot.FindByNumber(caller.Principal.Account) is { IsSuspended: true } ? $"Account {caller.Principal.Account} is suspended: nobody of it is let in." : holder is { Key.IsActive: false } ? $"The key {who} is disabled." : null;
        return new(caller, NamedPolicy.Of(caller, snapshot), closed);
    }

    private static string? ArnOf(string name, string account, IdentitySnapshot snapshot)
    {
        if (snapshot.Find(account) is not { } state) return null;
        return name switch
        {
            "root" => state.Account.RootArn,
            _ when name.StartsWith("user/", StringComparison.Ordinal) => state.FindUser(name["user/".Length..])?.Arn,
            _ when name.StartsWith("role/", StringComparison.Ordinal) => state.FindRole(name["role/".Length..])?.Arn,
            _ => state.FindUser(name)?.Arn ?? state.FindRole(name)?.Arn,
        };
    }

    private static Dictionary<string, ConditionValue> WithS3(Caller caller, string owner, IReadOnlyDictionary<string, ConditionValue> supposed)
    {
        var all = new Dictionary<string, ConditionValue>(StringComparer.OrdinalIgnoreCase) { ["s3:ResourceAccount"] = new(owner) };
        if (caller.Principal.Kind != PrincipalKind.Anonymous) (all["s3:authType"], all["s3:signatureversion"]) = (new("REST-HEADER"), new("AWS4-HMAC-SHA256"));
        foreach (var (name, value) in supposed) all[name] = value;
        return all;
    }

    private string ReasonOf(in AccessJudgement judged, NamedPolicy? deciding, BucketRow? bucket)
    {
        var decision = judged.Decision;
        var statement = deciding is null || decision.Policy is null ? "" : $"Statement {decision.Policy.StatementName(decision.Statement)} of the {deciding.Kind}{(deciding.Reason == AccessReason.Resource || deciding.Name.Length == 0 ? "" : " " + deciding.Name)}";
        var isForeign = judged.Request.Principal.Account != judged.Request.ResourceAccount;
        return (judged.Limit, decision.Verdict, decision.Reason) switch
        {
            (AccessLimit.Rescue, _, _) => "The root of the account that owns the bucket can always see and change what it says.",
            (AccessLimit.Unreadable, _, _) => $"What the bucket says cannot be read, so nobody is let in: {gate.AccessOf(bucket!).Fault}",
            (AccessLimit.Restricted, _, _) => BlockText,
            (_, AccessVerdict.Denied, _) => $"{statement} denies it.",
            (_, AccessVerdict.Allowed, AccessReason.Root) => isForeign ? "The bucket lets his account in, and the root of an account may everything that it may." : "The root of an account may do everything with what the account owns.",
            (_, AccessVerdict.Allowed, AccessReason.List) => "The list (ACL) of the bucket or the object gives it to him.",
            (_, AccessVerdict.Allowed, AccessReason.Identity) when isForeign => $"{statement} allows it, and the bucket lets his account in.",
            (_, AccessVerdict.Allowed, _) => $"{statement} allows it.",
            (_, _, AccessReason.Boundary) => "His policies allow it, and his boundary does not.",
            (_, _, AccessReason.Session) => "His policies allow it, and those of the session do not.",
            (_, _, AccessReason.Grant) => "The grant that he signs with does not allow it.",
            (_, _, AccessReason.Resource) => "It belongs to another account, and nothing there lets him in.",
            (_, _, AccessReason.Identity) => isForeign ? "None of his own policies allows it, which something of another account needs as well." : "None of his policies allows it, and nothing of the bucket does.",
            _ => "Nothing allows it.",
        };
    }
}
