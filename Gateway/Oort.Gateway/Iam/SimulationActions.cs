using System.Collections.Immutable;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Gateway.Access;
using Oort.Identity.Model;
using Oort.S3;
using static Oort.Gateway.Iam.QueryAnswer;

namespace Oort.Gateway.Iam;

/// <summary>What policies would allow, by the evaluator that requests go through (IAM API: SimulatePrincipalPolicy, SimulateCustomPolicy).</summary>
/// <remarks>As in AWS, a policy of a bucket counts where it is given with the question, and not by itself: <c>oort policy explain</c> looks at everything.</remarks>
internal static class SimulationActions
{
    /// <summary>Each pair of an action and a resource is a decision, and a line of the answer.</summary>
    private const int PairsMax = 1_000;

    private const string InputSource = "PolicyInputList";
    private const string BoundarySource = "PermissionsBoundaryPolicyInputList";

    /// <summary>Of a user, a group or a role, with what is given besides.</summary>
    public static ValueTask<IEnumerable<object?>?> SimulatePrincipalAsync(IamCall call)
    {
        var arn = call.Form.Required("PolicySourceArn");
        var (permissions, principal) = SourceOf(call, arn);
        var kind = Arn.TryParse(arn, out var parsed) ? parsed.Resource.Split('/')[0] : "";
        var sources = permissions.SelectMany((one, index) => call.Store.Snapshot.Resolve(call.Account, one).Select(found => (found.Name, Type: TypeOf(found.Name, index == 0 ? kind : "group"), found.Document))).ToList();
        sources.AddRange(Inputs(call, InputSource));
        var boundary = Inputs(call, BoundarySource) is [_, ..] given ? PolicyDocument.Union([.. given.Select(one => one.Document)]) : permissions is [{ Boundary: { } bound }, ..] ? call.State.FindPolicy(bound)?.Source.Identity : null;
        return new(Simulate(call, principal, sources, boundary));
    }

    /// <summary>Of the policies that are given.</summary>
    public static ValueTask<IEnumerable<object?>?> SimulateCustomAsync(IamCall call)
    {
        var sources = Inputs(call, InputSource);
        if (sources.Count == 0) throw IamCall.Invalid($"{InputSource} is missing.");
        var boundaries = Inputs(call, BoundarySource);
        return new(Simulate(call, PrincipalOf(call, null), sources, boundaries.Count == 0 ? null : PolicyDocument.Union([.. boundaries.Select(one => one.Document)])));
    }

    /// <summary>As the API names kinds of policies.</summary>
    private static string TypeOf(string name, string holder) => name.StartsWith("arn:aws:iam::aws:", StringComparison.Ordinal) ? "aws-managed" : name.StartsWith("arn:", StringComparison.Ordinal) ? "user-managed" : holder;

    private static List<object?> Simulate(IamCall call, Caller principal, List<(string Name, string Type, PolicyDocument Document)> sources, PolicyDocument? boundary)
    {
        var actions = call.Form.List("ActionNames").Select(name => AccessActions.Find(name) ?? throw new S3Exception(QueryErrors.InvalidInput, $"{name} is no action that there is here.")).ToArray();
        if (actions.Length == 0) throw IamCall.Invalid("ActionNames is missing.");
        var resources = call.Form.List("ResourceArns") is { Count: > 0 } given ? given : ["*"];
        if (actions.Length * resources.Count > PairsMax) throw new S3Exception(QueryErrors.InvalidInput, $"At most {PairsMax} pairs of an action and a resource are simulated at once.");
        var owner = OwnerOf(call);
        var facts = new SupposedFacts(new DefaultHttpContext(), principal, owner, "us-east-1", call.Now, ContextOf(call));
        var results = new List<XElement>();
        foreach (var action in actions)
        {
            foreach (var text in resources)
            {
                var resource = text == "*" ? new Arn("aws", "s3", "", "", "*") : Arn.TryParse(text, out var arn) ? arn : throw new S3Exception(QueryErrors.InvalidInput, $"{text} is no ARN.");
                var bucketPolicy = ResourcePolicyOf(call, resource);
                var policies = new AccessPolicies { Identity = [.. sources.Select(source => source.Document)], Boundary = boundary, Resource = bucketPolicy };
                var request = new AccessRequest(principal.Principal, action, resource, owner, facts);
                var all = bucketPolicy is null ? sources : [.. sources, ("ResourcePolicy", "resource", bucketPolicy)];
                results.Add(Show(request, text, AccessEvaluator.Decide(request, policies), all, boundary));
            }
        }

        return [List("EvaluationResults", results), X("IsTruncated", false)];
    }

    private static XElement Show(in AccessRequest request, string resource, AccessDecision decision, List<(string Name, string Type, PolicyDocument Document)> sources, PolicyDocument? boundary)
    {
        var matched = new List<XElement>();
        foreach (var (name, type, document) in sources)
        {
            // What decided the way that it was decided.
            var says = AccessEvaluator.Say(request, document, decision.Reason);
            if (says.Verdict == decision.Verdict && says.Policy is not null) matched.Add(X("member", X("SourcePolicyId", name), X("SourcePolicyType", type)));
        }

        return X(
            "member", X("EvalActionName", request.Action.Name), X("EvalResourceName", resource), X("EvalDecision", decision.Verdict switch { AccessVerdict.Allowed => "allowed", AccessVerdict.Denied => "explicitDeny", _ => "implicitDeny" }),
            List("MatchedStatements", matched), X("MissingContextValues"),
            boundary is null ? null : X("PermissionsBoundaryDecisionDetail", X("AllowedByPermissionsBoundary", AccessEvaluator.Say(request, boundary, AccessReason.Boundary).IsAllowed)));
    }

    /// <summary>Whose policies are meant, and who asks with them.</summary>
    private static (IReadOnlyList<Permissions> Permissions, Caller Principal) SourceOf(IamCall call, string text)
    {
        var state = call.State;
        if (Arn.TryParse(text, out var arn) && arn.Account == call.Account)
        {
            var name = arn.Resource[(arn.Resource.LastIndexOf('/') + 1)..];
            if (state.FindUser(name) is { } user && user.Arn == text) return ([user.Permissions, .. user.Groups.Select(id => state.GroupsById.GetValueOrDefault(id)?.Permissions).OfType<Permissions>()], PrincipalOf(call, user));
            if (state.FindGroup(name) is { } group && group.Arn == text) return ([group.Permissions], PrincipalOf(call, null));
            if (state.FindRole(name) is { } role && role.Arn == text)
                return ([role.Permissions], PrincipalOf(call, null) with { Principal = Principal.Session(call.Account, state.Account.CanonicalId, role.FullName, "simulated"), UserId = role.Id + ":simulated", Tags = role.Tags });
        }

        throw new S3Exception(QueryErrors.NoSuchEntity, $"The entity {text} cannot be found.");
    }

    /// <param name="user">Null: he that CallerArn names, or anybody of the account.</param>
    private static Caller PrincipalOf(IamCall call, User? user)
    {
        var account = call.State.Account;
        if (call.Form.Find("CallerArn") is { } text)
            user = Arn.TryParse(text, out var arn) && arn.Account == call.Account && call.State.FindUser(arn.Resource[(arn.Resource.LastIndexOf('/') + 1)..]) is { } named && named.Arn == text ? named : throw new S3Exception(QueryErrors.InvalidInput, $"CallerArn: {text} is no user of the account.");
        var name = user?.FullName ?? "simulated";
        return new("", account.CanonicalId, account.DisplayName, Principal.User(call.Account, account.CanonicalId, name), user?.Id ?? "simulated", user?.Name, new(), null) { Tags = user?.Tags ?? ImmutableSortedDictionary<string, string>.Empty };
    }

    private static string OwnerOf(IamCall call) => call.Form.Find("ResourceOwner") is not { } text ? call.Account
        : Names.IsAccountNumber(text) ? text
        : Arn.TryParse(text, out var arn) && Names.IsAccountNumber(arn.Account) ? arn.Account
        : throw new S3Exception(QueryErrors.InvalidInput, "ResourceOwner is the ARN of an account.");

    private static PolicyDocument? ResourcePolicyOf(IamCall call, Arn resource)
    {
        if (call.Form.Find("ResourcePolicy") is not { } text) return null;
        try
        {
            return PolicyDocument.ParseOfBucket(resource.Resource.Split('/', 2)[0], System.Text.Encoding.UTF8.GetBytes(text));
        }
        catch (PolicyException failure)
        {
            throw new S3Exception(QueryErrors.InvalidInput, $"ResourcePolicy: {failure.Message}");
        }
    }

    private static List<(string Name, string Type, PolicyDocument Document)> Inputs(IamCall call, string list) =>
        [.. call.Form.List(list).Select((text, index) => ($"{list}.{index + 1}", "none", Read(text)))];

    private static PolicyDocument Read(string text)
    {
        try
        {
            return new PolicySource(text).Identity;
        }
        catch (PolicyException failure)
        {
            throw new S3Exception(QueryErrors.InvalidInput, failure.Message);
        }
    }

    private static Dictionary<string, ConditionValue> ContextOf(IamCall call)
    {
        var context = new Dictionary<string, ConditionValue>(StringComparer.OrdinalIgnoreCase);
        foreach (var prefix in call.Form.Structures("ContextEntries")) context[call.Form.Required(prefix + "ContextKeyName")] = new([.. call.Form.List(prefix + "ContextKeyValues")]);
        return context;
    }
}
