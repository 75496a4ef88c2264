using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;

namespace Oort.Gateway;

/// <summary>What is supposed of a request that nobody has made.</summary>
/// <param name="SourceIp">Where it comes from; null: where this question comes from.</param>
/// <param name="SecureTransport">Whether by TLS; null: as this question.</param>
/// <param name="Prefix">Of a listing.</param>
/// <param name="Keys">Any other condition keys.</param>
public sealed record ExplainContext(string? SourceIp = null, bool? SecureTransport = null, string? Prefix = null, ImmutableSortedDictionary<string, string>? Keys = null);

/// <summary>Body of <c>POST access/explain</c>.</summary>
/// <param name="Principal">An ARN, an access key, "anonymous", or a name in the account that owns the bucket; null: everybody.</param>
/// <param name="Action">Such as s3:GetObject; null: all of them.</param>
/// <param name="Resource">A bucket, or a bucket, a slash and a key; may begin with arn:aws:s3:::.</param>
public sealed record ExplainRequest(string? Principal = null, string? Action = null, string? Resource = null, ExplainContext? Context = null);

/// <summary>What one policy says.</summary>
/// <param name="Says">"allows", "denies", or "nothing".</param>
/// <param name="Statement">Index of the statement, from 0; null: none.</param>
public sealed record PolicySaysModel(string Policy, string Name, string Says, int? Statement, string? Sid);

/// <summary>Answer about one action.</summary>
/// <param name="Verdict">"allowed", "denied", or "not allowed".</param>
/// <param name="Policy">Which kind of policy decided; null: none did.</param>
/// <param name="Json">The statement that decided, as it was written.</param>
/// <param name="Policies">All that were looked at.</param>
public sealed record ExplainModel(
    string Principal, string Action, string Resource, bool Allowed, string Verdict, string Reason, string? Policy, string? Name, int? Statement, string? Sid, JsonElement? Json, ImmutableArray<PolicySaysModel> Policies);

/// <summary>What somebody may do with one action.</summary>
/// <param name="Extent">"yes", "part", or "no".</param>
/// <param name="Verdict">"allowed", "denied", or "not allowed": of the probe that <paramref name="Reason"/> is about.</param>
public sealed record ActionModel(string Action, string Extent, string Verdict, string Reason);

/// <summary>Answer about all actions of one.</summary>
public sealed record RightsModel(string Principal, string Resource, ImmutableArray<ActionModel> Actions);

/// <summary>What somebody may do with a bucket: each "yes", "part", or "no".</summary>
public sealed record WhoModel(string Principal, string Read, string Write, string Delete, string List, string Administer);

/// <summary>Answer about everybody.</summary>
/// <param name="Owner">Number of the account that owns the bucket.</param>
/// <param name="IsTruncated">There are more than are shown.</param>
public sealed record EverybodyModel(string Resource, string Owner, ImmutableArray<WhoModel> Everybody, bool IsTruncated);

/// <summary>The part of the admin API about who may do what.</summary>
internal sealed class AccessAdmin(AccessExplainer explainer)
{
    /// <summary>Each is some hundred decisions.</summary>
    private const int PrincipalsMax = 1_000;

    private const string S3Prefix = "arn:aws:s3:::";

    private static readonly AccessAction read = AccessActions.Get("s3:GetObject");
    private static readonly AccessAction write = AccessActions.Get("s3:PutObject");
    private static readonly AccessAction delete = AccessActions.Get("s3:DeleteObject");
    private static readonly AccessAction list = AccessActions.Get("s3:ListBucket");
    private static readonly AccessAction administer = AccessActions.Get("s3:PutBucketPolicy");

    /// <summary>One action of one, all actions of one, or everybody.</summary>
    public async ValueTask<object> ExplainAsync(HttpContext asking, ExplainRequest request, CancellationToken cancellationToken)
    {
        var http = Suppose(asking, request.Context);
        var supposed = SupposedOf(request.Context);
        var action = request.Action is not { } name ? null
            : AccessActions.Find(name.Contains(':', StringComparison.Ordinal) ? name : "s3:" + name) is { } found && found.Name.StartsWith("s3:", StringComparison.Ordinal) ? found
            : throw Invalid($"\"{name}\" is no action of S3 such as s3:GetObject. Of actions of IAM, `aws iam simulate-principal-policy` says more.");
        var (bucketName, key) = Split(request.Resource);
        if (bucketName is null && action is not { Level: ActionLevel.Account }) throw Invalid("\"resource\" is missing: a bucket, or a bucket, a slash and a key.");
        var bucket = bucketName is null ? null : await explainer.Metadata.FindBucketAsync(bucketName, cancellationToken);
        if (bucket is null && bucketName is not null && action?.Name != "s3:CreateBucket") throw NotFound($"There is no bucket {bucketName}.");
        if (request.Principal is not { Length: > 0 } who) return action is null ? await EverybodyAsync(http, bucket!, key, supposed, cancellationToken) : throw Invalid("\"principal\" is missing: without it, everybody is shown, and no one action.");
        var account = bucket is null ? explainer.OperatorNumber : explainer.OwnerOf(bucket);
        var principal = explainer.Find(who, account) ?? throw NotFound($"There is nobody called {who}: an ARN, an access key, \"anonymous\", or the name of a user or role of account {account} is meant.");
        return action is null ? await RightsAsync(http, principal, bucket!, key, supposed, cancellationToken) : await OneAsync(http, principal, bucket, action, bucketName, key, supposed, cancellationToken);
    }

    private async ValueTask<ExplainModel> OneAsync(HttpContext http, ExplainedCaller who, BucketRow? bucket, AccessAction action, string? bucketName, string? key, IReadOnlyDictionary<string, ConditionValue> supposed, CancellationToken cancellationToken)
    {
        if (action.Level == ActionLevel.Object && key is null) throw Invalid($"{action.Name} is done to an object: \"resource\" is a bucket, a slash and a key.");
        var path = action.Level switch { ActionLevel.Object => $"{bucketName}/{key}", ActionLevel.Bucket => bucketName!, _ => "*" };
        var said = await explainer.ExplainAsync(http, who, bucket, action, path, action.Level == ActionLevel.Object ? key : null, supposed, cancellationToken);
        var index = said.Deciding is null ? (int?)null : said.Decision.Statement;
        return new(
            who.Name, action.Name, path, said.Decision.IsAllowed, VerdictOf(said.Decision), said.Reason, said.Deciding?.Kind, said.Deciding?.Name, index, index is { } at ? said.Decision.Policy!.SidOf(at) : null,
            index is { } place ? said.Deciding!.Statement(place) : null, [.. said.Says.Select(one => Show(one.Policy, one.Says))]);
    }

    private async ValueTask<RightsModel> RightsAsync(HttpContext http, ExplainedCaller who, BucketRow bucket, string? key, IReadOnlyDictionary<string, ConditionValue> supposed, CancellationToken cancellationToken)
    {
        var actions = ImmutableArray.CreateBuilder<ActionModel>();
        foreach (var action in AccessActions.All.Where(action => action.Level is ActionLevel.Bucket or ActionLevel.Object))
        {
            var extent = await explainer.MeasureAsync(http, who, bucket, action, key, supposed, cancellationToken);
            actions.Add(new(action.Name, Word(extent), VerdictOf(extent.One.Decision), extent.One.Reason));
        }

        return new(who.Name, key is null ? bucket.Name : $"{bucket.Name}/{key}", actions.ToImmutable());
    }

    private async ValueTask<EverybodyModel> EverybodyAsync(HttpContext http, BucketRow bucket, string? key, IReadOnlyDictionary<string, ConditionValue> supposed, CancellationToken cancellationToken)
    {
        var owner = explainer.OwnerOf(bucket);
        var names = NamesOf(bucket, owner).Take(PrincipalsMax + 1).ToArray();
        var rows = ImmutableArray.CreateBuilder<WhoModel>();
        foreach (var name in names.Take(PrincipalsMax))
        {
            // Whoever went while this was read has no rights any more.
            if (explainer.Find(name, owner) is not { } who) continue;
            rows.Add(new(name, await AskAsync(read), await AskAsync(write), await AskAsync(delete), await AskAsync(list), await AskAsync(administer)));

            async ValueTask<string> AskAsync(AccessAction action) => Word(await explainer.MeasureAsync(http, who, bucket, action, key, supposed, cancellationToken));
        }

        return new(key is null ? bucket.Name : $"{bucket.Name}/{key}", owner, rows.ToImmutable(), names.Length > PrincipalsMax);
    }

    /// <summary>Anybody, the owner's root, whom the bucket names elsewhere, and the owner's users and roles.</summary>
    private IEnumerable<string> NamesOf(BucketRow bucket, string owner)
    {
        yield return AccessExplainer.Anonymous;
        var snapshot = explainer.Identities;
        var access = explainer.AccessOf(bucket);
        var named = (access.Policy?.NamedPrincipals ?? []).Select(one => snapshot.Find(one)?.Account.RootArn ?? one)
            .Concat(access.List.Grants.Where(grant => grant.Grantee == Grantee.Account).Select(grant => snapshot.FindByCanonicalId(grant.AccountId)?.RootArn).OfType<string>());
        foreach (var arn in named.Distinct(StringComparer.Ordinal))
            if (Arn.TryParse(arn, out var parsed) && parsed.Account != owner) yield return arn;
        if (snapshot.Find(owner) is not { } state) yield break;
        yield return state.Account.RootArn;
        foreach (var user in state.Users.Values) yield return user.Arn;
        foreach (var role in state.Roles.Values) yield return role.Arn;
    }

    private static (string? Bucket, string? Key) Split(string? resource)
    {
        if (string.IsNullOrEmpty(resource) || resource == "*") return (null, null);
        if (resource.StartsWith(S3Prefix, StringComparison.Ordinal)) resource = resource[S3Prefix.Length..];
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (resource, null) : (resource[..slash], slash == resource.Length - 1 ? null : resource[(slash + 1)..]);
    }

    private static DefaultHttpContext Suppose(HttpContext asking, ExplainContext? context)
    {
        if (context?.SourceIp is { } address && !IPAddress.TryParse(address, out _)) throw Invalid($"\"{address}\" is no IP address.");
        return AccessExplainer.Suppose(asking, context?.SourceIp, context?.SecureTransport);
    }

    private static Dictionary<string, ConditionValue> SupposedOf(ExplainContext? context)
    {
        var supposed = new Dictionary<string, ConditionValue>(StringComparer.OrdinalIgnoreCase);
        if (context?.Prefix is { } prefix) supposed["s3:prefix"] = new(prefix);
        foreach (var (name, value) in context?.Keys ?? ImmutableSortedDictionary<string, string>.Empty) supposed[name] = new(value);
        return supposed;
    }

    private static PolicySaysModel Show(NamedPolicy policy, AccessDecision says) =>
        new(policy.Kind, policy.Name, says.Verdict switch { AccessVerdict.Allowed => "allows", AccessVerdict.Denied => "denies", _ => "nothing" }, says.Policy is null ? null : says.Statement, says.Policy?.SidOf(says.Statement));

    private static string VerdictOf(AccessDecision decision) => decision.Verdict switch { AccessVerdict.Allowed => "allowed", AccessVerdict.Denied => "denied", _ => "not allowed" };

    private static string Word(AccessExtent extent) => extent.Allowed == 0 ? "no" : extent.Allowed == extent.Probes ? "yes" : "part";

    private static AdminRequestException Invalid(string message) => new(StatusCodes.Status400BadRequest, "InvalidArgument", message);

    private static AdminRequestException NotFound(string message) => new(StatusCodes.Status404NotFound, "NotFound", message);
}
