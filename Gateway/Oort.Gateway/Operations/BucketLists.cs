using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketAcl and PutBucketAcl.</summary>
internal static class BucketLists
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await WriteAsync(context, request, bucket.OwnerId, ObjectOwnerships.HasLists(bucket) ? AccessLists.Of(bucket) : AccessList.PrivateOf(bucket.OwnerId), cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var body = await RequestDocuments.ReadAsync(request, cancellationToken);
        CheckEnabled(bucket);
        var list = Read(request, body) is { } document ? context.Lists.OfDocument(document, bucket.OwnerId) : context.Lists.OfBucket(AccessListHeaders.Read(request), bucket.OwnerId);
        S3Exception? refusal = null;
        var outcome = await context.Metadata.UpdateBucketAsync(bucket.Id, Change, cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        if (refusal is not null) throw refusal;
        Answers.Empty(request);

        // Decided on the row as it is in the commit, since lists can be disabled or blocked meanwhile.
        BucketRow Change(BucketRow row)
        {
            refusal = null;
            try
            {
                CheckEnabled(row);
                CheckBlock(context.Gate.AccessOf(row).Block, list);
                return AccessLists.Set(row, list);
            }
            catch (S3Exception e)
            {
                refusal = e;
                return row;
            }
        }
    }

    /// <summary>The body of PutBucketAcl or PutObjectAcl; null: the headers say what is to be.</summary>
    /// <exception cref="S3Exception">UnexpectedContent: both do; MissingSecurityHeader: none does; MalformedACLError.</exception>
    public static AccessListDocument? Read(S3Request request, byte[] body)
    {
        var inHeaders = AccessListHeaders.AreIn(request);
        if (body.Length == 0) return inHeaders ? null : throw new S3Exception(S3Errors.MissingSecurityHeader, null, ("MissingHeaderName", AccessListHeaders.CannedHeader));
        return inHeaders ? throw new S3Exception(S3Errors.UnexpectedContent) : AccessListReader.Parse(body);
    }

    /// <exception cref="S3Exception">AccessControlListNotSupported.</exception>
    public static void CheckEnabled(BucketRow bucket)
    {
        if (!ObjectOwnerships.HasLists(bucket)) throw new S3Exception(S3Errors.AccessControlListNotSupported);
    }

    /// <exception cref="S3Exception">AccessDenied.</exception>
    public static void CheckBlock(PublicAccessBlock block, AccessList list)
    {
        if (block.HasFlag(PublicAccessBlock.BlockPublicAcls) && list.IsPublic)
            throw new S3Exception(S3Errors.AccessDenied, "The list lets everybody in, and the bucket's public access block (BlockPublicAcls) forbids such lists; change that first with PutPublicAccessBlock or DeletePublicAccessBlock.");
    }

    public static ValueTask WriteAsync(OperationContext context, S3Request request, string ownerId, AccessList list, CancellationToken cancellationToken) =>
        S3Xml.WriteAccessListAsync(Answers.Xml(request), context.Owner(request, ownerId), list.Grants.Select(grant => Show(context, request, grant)), cancellationToken);

    public static ShownGrant Show(OperationContext context, S3Request request, ListedGrant grant) => grant.Grantee switch
    {
        Grantee.AllUsers => new(null, AclNames.AllUsers, grant.Permission),
        Grantee.AuthenticatedUsers => new(null, AclNames.AuthenticatedUsers, grant.Permission),
        Grantee.LogDelivery => new(null, AclNames.LogDelivery, grant.Permission),
        _ => new(context.Owner(request, grant.AccountId), null, grant.Permission),
    };
}
