using System.Collections.Immutable;
using Oort.Access.Policies;

namespace Oort.Access;

/// <summary>Decides on requests (IAM User Guide: "Policy evaluation logic", "Cross-account policy evaluation logic").</summary>
/// <remarks>
/// 1. A statement anywhere that denies, decides; and so does a grant that does not allow. 2. Who is not of the resource's account needs both: the resource to let him in, and his own policies to let him go. 3. Who is, needs one of them; an account named in a resource's policy is no member of it named.
/// What a list gives to an account is like that. 4. His own policies are what identity, boundary and session all allow; what a resource gives to the user or the session itself is not limited by the last two, what it gives to the role is. Pure; thread-safe.
/// </remarks>
public static class AccessEvaluator
{
    public static AccessDecision Decide(in AccessRequest request, AccessPolicies policies)
    {
        // 1.
        if (FindRefusal(request, policies) is { } refused) return refused;

        // 2., 3.
        var given = GivenByResource(request, policies, out var byResource);
        var principal = request.Principal;
        if (principal.Kind is PrincipalKind.Anonymous or PrincipalKind.Service) return given == PrincipalMatch.Direct ? byResource : default;
        var isOwn = principal.Account == request.ResourceAccount;
        if (isOwn && given == PrincipalMatch.Direct) return byResource;

        // 4.
        var own = OwnAllows(request, policies, isOwn && given == PrincipalMatch.Role ? byResource : null);
        if (!own.IsAllowed || isOwn) return own;
        return given == PrincipalMatch.None ? new(AccessVerdict.NotAllowed, AccessReason.Resource) : own;
    }

    /// <summary>Decides who may assume a role: its trust policy must let him in, and what it gives to an account, or to everybody elsewhere, needs his own policies besides (IAM User Guide: "Granting permissions to assume a role").</summary>
    /// <remarks>Whom it names himself needs nothing more, of whatever account he is: AWS asks his own policies too when he is of another.</remarks>
    public static AccessDecision DecideTrust(in AccessRequest request, AccessPolicies policies)
    {
        if (FindRefusal(request, policies) is { } refused) return refused;
        var given = GivenByResource(request, policies, out var byResource);
        if (given == PrincipalMatch.None) return new(AccessVerdict.NotAllowed, AccessReason.Resource);
        // Whom somebody else vouches for has no policies of his own.
        if (request.Principal.Kind == PrincipalKind.Federated) return byResource;
        var isNamed = given == PrincipalMatch.Direct && (request.Principal.Account == request.ResourceAccount || byResource.Policy!.Statements[byResource.Statement] is { Principals.IsEverybody: false });
        return isNamed ? byResource : OwnAllows(request, policies, null);
    }

    /// <summary>What one policy says of a request, whatever the others say; for those who ask why.</summary>
    /// <param name="reason">As what it would decide.</param>
    /// <returns>Not allowed: it does not speak of it.</returns>
    public static AccessDecision Say(in AccessRequest request, PolicyDocument policy, AccessReason reason) =>
        Denies(request, policy, reason) ?? (FindMatch(request, policy, isAllow: true) is >= 0 and var index ? new(AccessVerdict.Allowed, reason, policy, index) : default);

    /// <summary>What the identity's own policies come to.</summary>
    /// <param name="instead">What stands in for the identity's policies; null: nothing does.</param>
    private static AccessDecision OwnAllows(in AccessRequest request, AccessPolicies policies, AccessDecision? instead)
    {
        var allowed = instead ?? (request.Principal.Kind == PrincipalKind.Root ? new(AccessVerdict.Allowed, AccessReason.Root) : FirstAllow(request, policies.Identity, AccessReason.Identity));
        if (!allowed.IsAllowed) return new(AccessVerdict.NotAllowed, AccessReason.Identity);
        if (policies.Boundary is { } boundary && FindMatch(request, boundary, isAllow: true) < 0) return new(AccessVerdict.NotAllowed, AccessReason.Boundary);
        foreach (var session in policies.Session)
            if (FindMatch(request, session, isAllow: true) < 0) return new(AccessVerdict.NotAllowed, AccessReason.Session);
        return allowed;
    }

    private static PrincipalMatch GivenByResource(in AccessRequest request, AccessPolicies policies, out AccessDecision decision)
    {
        decision = default;
        var best = PrincipalMatch.None;
        if (policies is { Resource: { } resource, IsForeign: false })
        {
            for (var i = 0; i < resource.Statements.Length; i++)
            {
                var match = resource.Statements[i].IsAllow ? resource.Statements[i].Match(request) : PrincipalMatch.None;
                if (match <= best) continue;
                (best, decision) = (match, new(AccessVerdict.Allowed, AccessReason.Resource, resource, i));
                if (best == PrincipalMatch.Direct) return best;
            }
        }

        var listed = policies.Listed switch
        {
            ListMatch.Anybody => PrincipalMatch.Direct,
            ListMatch.Account => PrincipalMatch.Account,
            _ => PrincipalMatch.None,
        };
        if (listed <= best) return best;
        decision = new(AccessVerdict.Allowed, AccessReason.List);
        return listed;
    }

    private static AccessDecision? FindRefusal(in AccessRequest request, AccessPolicies policies)
    {
        if (FindDeny(request, policies) is { } denied) return denied;
        foreach (var grant in policies.Grants)
            if (FindMatch(request, grant, isAllow: true) < 0) return new(AccessVerdict.NotAllowed, AccessReason.Grant);
        return null;
    }

    private static AccessDecision? FindDeny(in AccessRequest request, AccessPolicies policies)
    {
        foreach (var policy in policies.Identity)
            if (Denies(request, policy, AccessReason.Identity) is { } decision) return decision;
        foreach (var policy in policies.Session)
            if (Denies(request, policy, AccessReason.Session) is { } decision) return decision;
        foreach (var policy in policies.Grants)
            if (Denies(request, policy, AccessReason.Grant) is { } decision) return decision;
        return Denies(request, policies.Boundary, AccessReason.Boundary) ?? Denies(request, policies.Resource, AccessReason.Resource);
    }

    private static AccessDecision? Denies(in AccessRequest request, PolicyDocument? policy, AccessReason reason) =>
        policy is not null && FindMatch(request, policy, isAllow: false) is >= 0 and var index ? new(AccessVerdict.Denied, reason, policy, index) : null;

    private static AccessDecision FirstAllow(in AccessRequest request, ImmutableArray<PolicyDocument> policies, AccessReason reason)
    {
        foreach (var policy in policies)
            if (FindMatch(request, policy, isAllow: true) is >= 0 and var index) return new(AccessVerdict.Allowed, reason, policy, index);
        return default;
    }

    private static int FindMatch(in AccessRequest request, PolicyDocument policy, bool isAllow)
    {
        for (var i = 0; i < policy.Statements.Length; i++)
            if (policy.Statements[i].IsAllow == isAllow && policy.Statements[i].Match(request) != PrincipalMatch.None) return i;
        return -1;
    }
}
