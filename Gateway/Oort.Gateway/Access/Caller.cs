using System.Collections.Immutable;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Sessions;
using Oort.S3;

namespace Oort.Gateway.Access;

/// <summary>Who signed a request, and what limits him.</summary>
/// <param name="Principal">As policies name him.</param>
/// <param name="UserId">As <c>aws:userid</c> has it.</param>
/// <param name="UserName">Null: he is no user.</param>
/// <param name="Own">His own policies, without those of resources.</param>
/// <param name="Session">Null: he signed with a key of his own.</param>
internal sealed record Caller(string AccessKeyId, string OwnerId, string DisplayName, Principal Principal, string UserId, string? UserName, AccessPolicies Own, Session? Session)
    : S3Principal(AccessKeyId, OwnerId, DisplayName)
{
    /// <summary>Tags of the user or role, with those of the session over them.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Of one who has not signed.</summary>
    public static Caller Anonymous { get; } = new("", "", "", Principal.Anonymous, "anonymous", null, new(), null);

    /// <summary>The root of an account.</summary>
    public static Caller RootOf(string accessKeyId, string number, string canonicalId, string displayName, Session? session = null) =>
        new(accessKeyId, canonicalId, displayName, Principal.Root(number, canonicalId), number, null, new(), session);

    /// <summary>Somebody whom a provider vouches for.</summary>
    public static Caller Federated(string provider, string subject) => new("", "", "", Principal.Federated(provider), subject, null, new(), null);

    public bool IsRoot => Principal.Kind == PrincipalKind.Root;

    /// <summary>Who made a request.</summary>
    public static Caller Of(S3Request request) => request.Principal as Caller ?? Anonymous;

    public override string ToString() => Principal.Kind == PrincipalKind.Anonymous ? "an anonymous caller" : Principal.Arn;

    /// <summary>Decides on something that has no policy of its own (users, roles, the gateway itself).</summary>
    /// <param name="account">Who owns it.</param>
    public AccessDecision Decide(AccessAction action, in Arn resource, string account, AccessContext context) => AccessEvaluator.Decide(new(Principal, action, resource, account, context), Own);
}
