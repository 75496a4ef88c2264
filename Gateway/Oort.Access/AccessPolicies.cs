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

    /// <summary>What the credential that the request is signed with can be allowed at most: each of these, also where a resource gives something to the user or session itself; empty: anything.</summary>
    public ImmutableArray<PolicyDocument> Grants { get; init; } = [];

    /// <summary>Whether one of them asks for the tags that an object has already.</summary>
    public bool AsksForObjectTags => Resource is { AsksForObjectTags: true } || Boundary is { AsksForObjectTags: true } || Identity.Any(policy => policy.AsksForObjectTags) || Session.Any(policy => policy.AsksForObjectTags);

    /// <summary>That of the bucket; null: it has none.</summary>
    public PolicyDocument? Resource { get; init; }

    /// <summary>Whom the resource's own list (ACL) gives it to, as a policy of the resource would.</summary>
    public ListMatch Listed { get; init; }

    /// <summary>The resource lies in the bucket and belongs to another account: what the bucket's policy allows is not its to give, what it denies holds.</summary>
    public bool IsForeign { get; init; }
}
