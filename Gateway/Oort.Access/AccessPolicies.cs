using System.Collections.Immutable;
using Oort.Access.Policies;

namespace Oort.Access;

/// <summary>The policies that decide about a request.</summary>
public sealed record AccessPolicies
{
    /// <summary>Those of the principal and its groups, or of the role.</summary>
    public ImmutableArray<PolicyDocument> Identity { get; init; } = [];

    /// <summary>What the principal can be allowed at most; null: anything.</summary>
    public PolicyDocument? Boundary { get; init; }

    /// <summary>What the session can be allowed at most: each of these; empty: anything.</summary>
    public ImmutableArray<PolicyDocument> Session { get; init; } = [];

    /// <summary>That of the bucket; null: it has none.</summary>
    public PolicyDocument? Resource { get; init; }

    /// <summary>Whether the resource's own list (ACL) allows it, as a policy of the resource would.</summary>
    public bool IsListed { get; init; }
}
