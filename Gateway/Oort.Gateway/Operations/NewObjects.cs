using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.Locks;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Whose a new object is, its list, and its lock.</summary>
/// <param name="List">Null: lists do not count, and none is kept.</param>
/// <param name="Lock">What was asked for; the bucket's default comes in the commit.</param>
internal readonly record struct NewObject(string OwnerId, AccessList? List, ObjectLock Lock)
{
    public (string OwnerId, ObjectAttributes Attributes) Describe(ObjectAttributes attributes) => (OwnerId, Lock.On(List is null ? attributes : AccessLists.Set(attributes, List, OwnerId)));
}

/// <summary>What PutObject, CopyObject and CreateMultipartUpload say of access to what they make, and of its lock (S3 API: "Controlling ownership of objects and disabling ACLs", "Object Lock").</summary>
internal static class NewObjects
{
    /// <exception cref="S3Exception">AccessControlListNotSupported; AccessDenied: public lists are blocked; or what is wrong with the headers.</exception>
    public static NewObject Read(OperationContext context, S3Request request, BucketRow bucket)
    {
        var headers = AccessListHeaders.Read(request);
        var wanted = LockHeaders.Read(request, bucket, context.Time.GetUtcNow());
        var access = context.Gate.AccessOf(bucket);
        if (access.Ownership == ObjectOwnership.BucketOwnerEnforced)
        {
            if (!context.Lists.GiveOwnersObject(headers, bucket)) throw new S3Exception(S3Errors.AccessControlListNotSupported);
            return new(bucket.OwnerId, null, wanted);
        }

        var isGivenAway = access.Ownership == ObjectOwnership.BucketOwnerPreferred && headers.Canned == ListRequests.BucketOwnerFullControl;
        var owner = isGivenAway ? bucket.OwnerId : AccessList.IdOf(request.Principal);
        var list = context.Lists.OfObject(headers, owner, bucket.OwnerId);
        BucketLists.CheckBlock(access.Block, list);
        return new(owner, list, wanted);
    }

    /// <summary>Whose a delete marker is that the caller makes.</summary>
    public static string OwnerOf(S3Request request, BucketRow bucket) => ObjectOwnerships.HasLists(bucket) ? AccessList.IdOf(request.Principal) : bucket.OwnerId;
}
