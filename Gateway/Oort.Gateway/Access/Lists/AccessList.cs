using System.Collections.Immutable;
using Oort.Access;
using Oort.S3;

namespace Oort.Gateway.Access.Lists;

/// <summary>To whom a line of a list gives.</summary>
internal enum Grantee : byte
{
    /// <summary>An account, by its canonical id.</summary>
    Account = 0,

    /// <summary>Everybody, signed or not.</summary>
    AllUsers = 1,

    /// <summary>Everybody who has signed, of whatever account.</summary>
    AuthenticatedUsers = 2,

    /// <summary>Who delivers access logs.</summary>
    LogDelivery = 3,
}

/// <param name="AccountId">Empty for groups.</param>
internal readonly record struct ListedGrant(AclPermission Permission, Grantee Grantee, string AccountId = "")
{
    public bool IsPublic => Grantee is Grantee.AllUsers or Grantee.AuthenticatedUsers;

    public bool Gives(AclPermission wanted) => wanted != AclPermission.None && (Permission == wanted || Permission == AclPermission.FullControl);
}

/// <summary>The access control list (ACL) of a bucket or of a version. Whose the bucket or the version is, is said elsewhere.</summary>
internal sealed record AccessList
{
    /// <summary>Who writes without a signature, as an owner (S3 API: "Canonical user ID", the anonymous user).</summary>
    public const string AnonymousId = "65a011a29cdf8ec533ec3d1ccaae921c";

    private AccessList(ImmutableArray<ListedGrant> grants) => Grants = grants;

    /// <summary>Groups first; else in the order given.</summary>
    public ImmutableArray<ListedGrant> Grants { get; }

    /// <summary>Nothing for anybody; its owner needs none.</summary>
    public static AccessList Empty { get; } = new([]);

    /// <summary>Whether it gives anything to a group that everybody belongs or may belong to (S3 API: "The meaning of public").</summary>
    public bool IsPublic => Grants.Any(grant => grant.IsPublic);

    public static AccessList Of(IEnumerable<ListedGrant> grants) => new([.. grants.OrderBy(grant => grant.Grantee == Grantee.Account)]);

    /// <summary>The list of what was given none: its owner has full control.</summary>
    public static AccessList PrivateOf(string ownerId) => new([new(AclPermission.FullControl, Grantee.Account, ownerId)]);

    /// <summary>Whether it gives anything to anybody but the owner.</summary>
    public bool GivesToOthers(string ownerId) => Grants.Any(grant => grant.Grantee != Grantee.Account || grant.AccountId != ownerId);

    /// <summary>Whom it gives a permission to, of all that a principal is.</summary>
    public ListMatch Match(Principal principal, AclPermission wanted)
    {
        var best = ListMatch.None;
        var isAnonymous = principal.Kind == PrincipalKind.Anonymous;
        foreach (var grant in Grants)
        {
            if (!grant.Gives(wanted)) continue;
            var match = grant.Grantee switch
            {
                Grantee.AllUsers => ListMatch.Anybody,
                Grantee.AuthenticatedUsers when !isAnonymous => ListMatch.Anybody,
                // Who is nobody has no account that could pass on what it is given.
                Grantee.Account when grant.AccountId == IdOf(principal) => isAnonymous ? ListMatch.Anybody : ListMatch.Account,
                _ => ListMatch.None,
            };
            if (match > best) best = match;
        }

        return best;
    }

    /// <summary>By which id owners and lists know a principal: his account's.</summary>
    public static string IdOf(Principal principal) => principal.Kind == PrincipalKind.Anonymous ? AnonymousId : principal.CanonicalId;

    /// <summary>As <see cref="IdOf(Principal)"/>, of the caller.</summary>
    public static string IdOf(S3Principal caller) => caller.OwnerId.Length == 0 ? AnonymousId : caller.OwnerId;

    public bool Equals(AccessList? other) => other is not null && Grants.AsSpan().SequenceEqual(other.Grants.AsSpan());

    public override int GetHashCode() => Grants.Length;
}
