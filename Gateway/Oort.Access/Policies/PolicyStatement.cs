using System.Collections.Immutable;

namespace Oort.Access.Policies;

/// <summary>One statement of a policy.</summary>
/// <param name="Sid">Its name; empty: it has none.</param>
/// <param name="Principals">Null: whoever the policy is attached to.</param>
/// <param name="IsNotPrincipals">NotPrincipal: all but these.</param>
/// <param name="IsNotResources">NotResource: all but these.</param>
internal sealed record PolicyStatement(string Sid, bool IsAllow, PrincipalPattern? Principals, bool IsNotPrincipals, ActionSet Actions, ImmutableArray<ResourcePattern> Resources, bool IsNotResources, ImmutableArray<PolicyCondition> Conditions)
{
    /// <summary>Whether it speaks of a request, and how directly of its principal.</summary>
    public PrincipalMatch Match(in AccessRequest request)
    {
        if (!Actions.Contains(request.Action)) return PrincipalMatch.None;
        var match = MatchPrincipal(request.Principal);
        if (match == PrincipalMatch.None || !MatchesResource(request)) return PrincipalMatch.None;
        foreach (var condition in Conditions)
            if (!condition.Holds(request.Context)) return PrincipalMatch.None;
        return match;
    }

    private PrincipalMatch MatchPrincipal(Principal principal)
    {
        if (Principals is null) return PrincipalMatch.Direct;
        var match = Principals.Match(principal);
        if (!IsNotPrincipals) return match;
        // Only statements that deny have it. Whose account alone is excepted is not spared: in doubt the answer is no.
        return match is PrincipalMatch.Direct or PrincipalMatch.Role ? PrincipalMatch.None : PrincipalMatch.Direct;
    }

    private bool MatchesResource(in AccessRequest request)
    {
        if (Resources.IsEmpty) return true;
        foreach (var resource in Resources)
            if (resource.Matches(request.Resource, request.Context)) return !IsNotResources;
        return IsNotResources;
    }
}
