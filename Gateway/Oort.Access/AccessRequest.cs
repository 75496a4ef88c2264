using Oort.Access.Policies;

namespace Oort.Access;

/// <summary>Something that somebody wants to do.</summary>
/// <param name="ResourceAccount">The account that owns the resource.</param>
public readonly record struct AccessRequest(Principal Principal, AccessAction Action, Arn Resource, string ResourceAccount, AccessContext Context);
