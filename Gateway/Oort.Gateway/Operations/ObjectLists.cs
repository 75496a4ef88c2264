using Oort.Gateway.Access.Lists;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetObjectAcl and PutObjectAcl.</summary>
internal static class ObjectLists
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var version = await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);
        ObjectHeaders.WriteVersionId(request.Http.Response.Headers, bucket.Versioning, version.IdText);
        var (owner, list) = ObjectOwnerships.HasLists(bucket) ? (version.OwnerId, AccessLists.Of(version)) : (bucket.OwnerId, AccessList.PrivateOf(bucket.OwnerId));
        await BucketLists.WriteAsync(context, request, owner, list, cancellationToken);
    }

    /// <summary>Sets the list of the version that was found, so that the version that the answer names is the one that has it.</summary>
    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var body = await RequestDocuments.ReadAsync(request, cancellationToken);
        BucketLists.CheckEnabled(bucket);
        var version = await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);
        var list = BucketLists.Read(request, body) is { } document
            ? context.Lists.OfDocument(document, version.OwnerId)
            : context.Lists.OfObject(AccessListHeaders.Read(request), version.OwnerId, bucket.OwnerId);
        BucketLists.CheckBlock(context.Gate.AccessOf(bucket).Block, list);
        var announcement = context.Tell(request, bucket, ChangeCause.PutAcl);
        var outcome = await context.Metadata.UpdateVersionAsync(
            bucket.Id,
            version.Key,
            version.IdText,
            row => row.Id == version.Id ? row with { Attributes = AccessLists.Set(row.Attributes, list, row.OwnerId), Announcement = announcement } : null,
            cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        ObjectHeaders.WriteVersionId(request.Http.Response.Headers, bucket.Versioning, version.IdText);
        Answers.Empty(request);
    }
}
