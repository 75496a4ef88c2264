using Oort.Access;

namespace Oort.Gateway.Access;

/// <summary>What was stronger than all policies.</summary>
internal enum AccessLimit
{
    /// <summary>Nothing: the policies decided.</summary>
    None,

    /// <summary>The owner's root can always put right what its bucket says.</summary>
    Rescue,

    /// <summary>What the bucket says cannot be read.</summary>
    Unreadable,

    /// <summary>The policy lets everybody in, and the public access block lets in the owner's account alone.</summary>
    Restricted,
}

/// <summary>A decision, and what it was made from.</summary>
internal readonly record struct AccessJudgement(AccessDecision Decision, AccessRequest Request, AccessPolicies Policies, AccessLimit Limit);
