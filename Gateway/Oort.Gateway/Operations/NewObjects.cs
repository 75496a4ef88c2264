using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Whose a new object is, and its list.</summary>
/// <param name="List">Null: lists do not count, and none is kept.</param>
internal readonly record struct NewObject(string OwnerId, AccessList? List)
{
    public (string OwnerId, ObjectAttributes Attributes) Describe(ObjectAttributes attributes) => (OwnerId, List is null ? attributes : AccessLists.Set(attributes, List, OwnerId));
}

/// <summary>What PutObject, CopyObject and CreateMultipartUpload say of access to what they make (S3 API: "Controlling ownership of objects and disabling ACLs").</summary>
internal static class NewObjects
{
    /// <exception cref="S3Exception">AccessControlListNotSupported; AccessDenied: public lists are blocked; or what is wrong with the headers.</exception>
    public static NewObject Read(OperationContext context, S3Request request, BucketRow bucket)
    {
        var headers = AccessListHeaders.Read(request);
        var access = context.Gate.AccessOf(bucket);
        if (access.Ownership == ObjectOwnership.BucketOwnerEnforced)
        {
            if (!context.Lists.GiveOwnersObject(headers, bucket)) throw new S3Exception(S3Errors.AccessControlListNotSupported);
            return new(bucket.OwnerId, null);
        }

        var isGivenAway = access.Ownership == ObjectOwnership.BucketOwnerPreferred && headers.Canned == ListRequests.BucketOwnerFullControl;
        var owner = isGivenAway ? bucket.OwnerId : AccessList.IdOf(request.Principal);
        var list = context.Lists.OfObject(headers, owner, bucket.OwnerId);
        BucketLists.CheckBlock(access.Block, list);
        return new(owner, list);
    }

    /// <summary>Whose a delete marker is that the caller makes.</summary>
    public static string OwnerOf(S3Request request, BucketRow bucket) => ObjectOwnerships.HasLists(bucket) ? AccessList.IdOf(request.Principal) : bucket.OwnerId;
}
