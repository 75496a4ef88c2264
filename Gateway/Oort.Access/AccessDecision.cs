using Oort.Access.Policies;

namespace Oort.Access;

/// <summary>What became of a request.</summary>
public enum AccessVerdict
{
    /// <summary>Nothing allows it.</summary>
    NotAllowed,

    /// <summary>A statement forbids it.</summary>
    Denied,

    Allowed,
}

/// <summary>Which policy decided.</summary>
public enum AccessReason
{
    /// <summary>None: nothing allowed it, where something had to.</summary>
    None,

    /// <summary>The account's own root may.</summary>
    Root,

    /// <summary>One of the identity's.</summary>
    Identity,

    /// <summary>That of the bucket.</summary>
    Resource,

    /// <summary>The list of the bucket or the object (ACL).</summary>
    List,

    /// <summary>The identity's boundary.</summary>
    Boundary,

    /// <summary>One of the session's.</summary>
    Session,

    /// <summary>One of the grant's that the request is signed with.</summary>
    Grant,
}

/// <summary>The decision on a request, and what made it.</summary>
/// <param name="Policy">Null: no statement did.</param>
/// <param name="Statement">Index in <paramref name="Policy"/>.</param>
public readonly record struct AccessDecision(AccessVerdict Verdict, AccessReason Reason, PolicyDocument? Policy = null, int Statement = -1)
{
    public bool IsAllowed => Verdict == AccessVerdict.Allowed;
}
