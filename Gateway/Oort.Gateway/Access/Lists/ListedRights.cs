using System.Collections.Frozen;
using Oort.Access;
using Oort.Access.Policies;
using Oort.S3;

namespace Oort.Gateway.Access.Lists;

/// <summary>Which list gives a right, and by which permission.</summary>
internal enum ListScope
{
    /// <summary>None: it is the bucket's owner's to give.</summary>
    None,

    /// <summary>The bucket's.</summary>
    Bucket,

    /// <summary>The bucket's, to those to whom the object or upload belongs that it is about.</summary>
    Own,

    /// <summary>The object's; its owner may give it, and nobody else.</summary>
    Object,
}

/// <summary>What a right is about: a version or an upload.</summary>
/// <param name="List">Null: that of an upload.</param>
internal readonly record struct ListedThing(string OwnerId, AccessList? List = null);

/// <summary>What lists say of a right.</summary>
/// <param name="OwnerId">Of the account whose the resource is; null: the bucket's owner.</param>
internal readonly record struct ListJudgement(string? OwnerId, ListMatch Match);

/// <summary>Which rights lists give (S3 API: "Access control list (ACL) overview", "Mapping of ACL permissions and access policy permissions").</summary>
/// <remarks>
/// WRITE on a bucket lets everybody to whom it is given put objects, also in the place of others', as the table has it; it lets delete what is one's own ("For the bucket and object owners of existing objects, also allows deletions"). What a table has no
/// permission for, as tags, is the bucket's owner's. GetObjectAttributes asks for GetObject besides; of an object of somebody else it is that one's.
/// </remarks>
internal static class ListedRights
{
    private const string PutTags = "s3:PutObjectTagging";

    private static readonly FrozenDictionary<string, (ListScope Scope, AclPermission Permission)> byAction = Table();

    public static ListScope ScopeOf(AccessAction action) => byAction.GetValueOrDefault(action.Name).Scope;

    /// <summary>Whether an operation makes an object, so that a right on the list of an object is on the new one's.</summary>
    public static bool MakesObject(S3Operation operation) => operation is S3Operation.PutObject or S3Operation.PostObject or S3Operation.CopyObject or S3Operation.CreateMultipartUpload;

    /// <param name="thing">Null: not looked at, or not there.</param>
    public static ListJudgement Judge(S3Operation operation, Principal principal, string bucketOwnerId, BucketAccess access, AccessAction action, ListedThing? thing)
    {
        if (access.Ownership == ObjectOwnership.BucketOwnerEnforced) return default;
        // Who may put an object may say its tags with it; those of one that is there are the bucket's owner's.
        var (scope, permission) = MakesObject(operation) && action.Name == PutTags ? (ListScope.Bucket, AclPermission.Write) : byAction.GetValueOrDefault(action.Name);
        switch (scope)
        {
            case ListScope.Bucket:
                return new(null, Match(access.List, permission));
            case ListScope.Own when thing is { } own:
                return own.OwnerId == AccessList.IdOf(principal) ? new(null, Match(access.List, permission)) : default;
            case ListScope.Object when permission == AclPermission.WriteAcp && MakesObject(operation):
                return new(AccessList.IdOf(principal), principal.Kind == PrincipalKind.Anonymous ? ListMatch.Anybody : ListMatch.Account);
            case ListScope.Object when thing is { List: { } list } found:
                return new(found.OwnerId == bucketOwnerId ? null : found.OwnerId, Match(list, permission));
            default:
                return default;
        }

        ListMatch Match(AccessList list, AclPermission wanted) => access.Block.HasFlag(PublicAccessBlock.IgnorePublicAcls) && list.IsPublic ? ListMatch.None : list.Match(principal, wanted);
    }

    private static FrozenDictionary<string, (ListScope, AclPermission)> Table()
    {
        var table = new Dictionary<string, (ListScope, AclPermission)>();
        Set(ListScope.Bucket, AclPermission.Read, "ListBucket", "ListBucketVersions", "ListBucketMultipartUploads");
        Set(ListScope.Bucket, AclPermission.Write, "PutObject");
        Set(ListScope.Bucket, AclPermission.ReadAcp, "GetBucketAcl");
        Set(ListScope.Bucket, AclPermission.WriteAcp, "PutBucketAcl");
        Set(ListScope.Own, AclPermission.Write, "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts");
        Set(ListScope.Object, AclPermission.Read, "GetObject", "GetObjectVersion", "GetObjectTorrent", "GetObjectVersionTorrent");
        Set(ListScope.Object, AclPermission.ReadAcp, "GetObjectAcl", "GetObjectVersionAcl");
        Set(ListScope.Object, AclPermission.WriteAcp, "PutObjectAcl", "PutObjectVersionAcl");
        Set(ListScope.Object, AclPermission.None, "GetObjectAttributes", "GetObjectVersionAttributes");
        return table.ToFrozenDictionary();

        void Set(ListScope scope, AclPermission permission, params string[] names)
        {
            foreach (var name in names) table[AccessActions.Get("s3:" + name).Name] = (scope, permission);
        }
    }
}
