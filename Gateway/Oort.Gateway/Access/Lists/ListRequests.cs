using Oort.Gateway.Operations;
using Oort.Identity.Accounts;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Access.Lists;

/// <summary>Makes lists of what requests ask for (S3 API: "Access control list (ACL) overview", canned ACLs and grants).</summary>
/// <param name="accounts">By which ids and addresses are looked up: a list names nobody who is not there.</param>
internal sealed class ListRequests(IAccountDirectory accounts)
{
    public const string BucketOwnerFullControl = "bucket-owner-full-control";
    private const string Private = "private";

    /// <exception cref="S3Exception">InvalidArgument, UnresolvableGrantByEmailAddress, NotImplemented: not one of these lists, or it names somebody who is not there.</exception>
    public AccessList OfBucket(AccessListHeaders headers, string ownerId) => headers switch
    {
        { Canned: { } canned } => AccessList.Of([.. Groups(canned, isBucket: true), OwnersGrant(ownerId)]),
        { Grants.Count: > 0 } => Resolve(headers.Grants),
        _ => AccessList.PrivateOf(ownerId),
    };

    /// <param name="ownerId">Whose the object is or will be.</param>
    /// <exception cref="S3Exception">As <see cref="OfBucket"/>.</exception>
    public AccessList OfObject(AccessListHeaders headers, string ownerId, string bucketOwnerId)
    {
        if (headers.Canned is not { } canned) return headers.Grants.Count > 0 ? Resolve(headers.Grants) : AccessList.PrivateOf(ownerId);
        var grants = new List<ListedGrant>([.. Groups(canned, isBucket: false), OwnersGrant(ownerId)]);
        if (canned is "bucket-owner-read" or BucketOwnerFullControl && ownerId != bucketOwnerId)
            grants.Add(new(canned == BucketOwnerFullControl ? AclPermission.FullControl : AclPermission.Read, Grantee.Account, bucketOwnerId));
        return AccessList.Of(grants);
    }

    /// <summary>The list of a body.</summary>
    /// <exception cref="S3Exception">AccessDenied: it names another owner; else as <see cref="OfBucket"/>.</exception>
    public AccessList OfDocument(AccessListDocument document, string ownerId)
    {
        if (document.OwnerId != ownerId) throw new S3Exception(S3Errors.AccessDenied, "The owner cannot be changed.");
        return Resolve(document.Grants);
    }

    /// <summary>The list of some grants.</summary>
    /// <exception cref="S3Exception">As <see cref="OfBucket"/>.</exception>
    public AccessList OfGrants(IReadOnlyList<AclGrant> grants) => Resolve(grants);

    /// <summary>Whether the headers of a write to a bucket where lists are disabled say nothing, or that its owner has full control: all that it takes. Where nobody chose that, "private" is as good: Debian's rclone says so of every object.</summary>
    /// <exception cref="S3Exception">InvalidArgument: no canned list.</exception>
    public bool GiveOwnersObject(AccessListHeaders headers, BucketRow bucket) => headers.Canned is { } canned
        ? Groups(canned, isBucket: false) is [] && (canned == BucketOwnerFullControl || (canned == Private && !ObjectOwnerships.IsChosen(bucket)))
        : GrantsToOwner(headers, bucket.OwnerId);

    /// <summary>Whether the headers of a CreateBucket give nothing to anybody but the owner.</summary>
    /// <exception cref="S3Exception">InvalidArgument: no canned list.</exception>
    public bool GiveOwnersBucket(AccessListHeaders headers, string ownerId) => headers.Canned is { } canned ? Groups(canned, isBucket: true) is [] : GrantsToOwner(headers, ownerId);

    private bool GrantsToOwner(AccessListHeaders headers, string ownerId) => headers.Grants.All(grant => grant.Permission == AclPermission.FullControl
        && (grant.Kind == AclGranteeKind.Account ? grant.Name == ownerId : grant.Kind == AclGranteeKind.Email && accounts.FindByEmail(grant.Name)?.CanonicalId == ownerId));

    private static ListedGrant OwnersGrant(string ownerId) => new(AclPermission.FullControl, Grantee.Account, ownerId);

    /// <summary>What a canned list gives to groups, besides what it gives to owners.</summary>
    private static ListedGrant[] Groups(string canned, bool isBucket) => canned switch
    {
        // On a bucket the last two say nothing (S3 API: canned ACLs, "If you specify this canned ACL when creating a bucket").
        Private or "bucket-owner-read" or BucketOwnerFullControl => [],
        "public-read" => [new(AclPermission.Read, Grantee.AllUsers)],
        "public-read-write" => [new(AclPermission.Read, Grantee.AllUsers), new(AclPermission.Write, Grantee.AllUsers)],
        "authenticated-read" => [new(AclPermission.Read, Grantee.AuthenticatedUsers)],
        "log-delivery-write" when isBucket => [new(AclPermission.Write, Grantee.LogDelivery), new(AclPermission.ReadAcp, Grantee.LogDelivery)],
        "aws-exec-read" => throw new S3Exception(S3Errors.NotImplemented, "There is no Amazon EC2 here that aws-exec-read could let in.", ("Header", AccessListHeaders.CannedHeader)),
        _ => throw Arguments.Invalid(AccessListHeaders.CannedHeader, canned, "The canned ACL is not one of those that S3 knows."),
    };

    private AccessList Resolve(IReadOnlyList<AclGrant> grants) => AccessList.Of([.. grants.Select(Resolve)]);

    private ListedGrant Resolve(AclGrant grant)
    {
        switch (grant.Kind)
        {
            case AclGranteeKind.Group:
                var group = grant.Name switch
                {
                    AclNames.AllUsers => Grantee.AllUsers,
                    AclNames.AuthenticatedUsers => Grantee.AuthenticatedUsers,
                    AclNames.LogDelivery => Grantee.LogDelivery,
                    _ => throw Arguments.Invalid(grant.Source ?? "Group/URI", grant.Name, "Invalid group uri"),
                };
                return new(grant.Permission, group);
            case AclGranteeKind.Email:
                var addressed = accounts.FindByEmail(grant.Name) ?? throw new S3Exception(S3Errors.UnresolvableGrantByEmailAddress, null, ("EmailAddress", grant.Name));
                return new(grant.Permission, Grantee.Account, addressed.CanonicalId);
            default:
                var named = grant.Name == AccessList.AnonymousId ? grant.Name : accounts.FindByCanonicalId(grant.Name)?.CanonicalId;
                return new(grant.Permission, Grantee.Account, named ?? throw Arguments.Invalid(grant.Source ?? "CanonicalUser/ID", grant.Name, "Invalid id"));
        }
    }
}
