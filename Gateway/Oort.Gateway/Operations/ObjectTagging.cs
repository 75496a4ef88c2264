using Oort.Gateway.Access;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetObjectTagging, PutObjectTagging and DeleteObjectTagging.</summary>
internal static class ObjectTagging
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var (bucket, version) = await FindAsync(context, request, cancellationToken);
        ObjectHeaders.WriteVersionId(request.Http.Response.Headers, bucket.Versioning, version.IdText);
        await S3Xml.WriteTaggingAsync(Answers.Xml(request), ObjectTags.Get(version.Attributes).OrderBy(tag => tag.Key, StringComparer.Ordinal), cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var tags = ObjectTags.CheckText(S3Documents.ParseTagging(await RequestDocuments.ReadAsync(request, cancellationToken)));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        context.Gate.Ensure(request, bucket, RequiredRights.ToTag(bucket.Name, request.Key!, request.Query("versionId")), tags);
        await SetAsync(context, request, tags, ChangeCause.PutTags, cancellationToken);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        await SetAsync(context, request, [], ChangeCause.DeleteTags, cancellationToken);
        Answers.Empty(request, 204);
    }

    /// <summary>Sets the tags of the version that was found, so that the version that the answer names is the one that has them.</summary>
    private static async ValueTask SetAsync(OperationContext context, S3Request request, IReadOnlyList<S3Tag> tags, ChangeCause cause, CancellationToken cancellationToken)
    {
        var (bucket, version) = await FindAsync(context, request, cancellationToken);
        var announcement = context.Tell(request, bucket, cause);
        var outcome = await context.Metadata.UpdateVersionAsync(
            bucket.Id,
            version.Key,
            version.IdText,
            row => row.Id == version.Id ? row with { Attributes = ObjectTags.Set(row.Attributes, tags), Announcement = announcement } : null,
            cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        ObjectHeaders.WriteVersionId(request.Http.Response.Headers, bucket.Versioning, version.IdText);
    }

    private static async ValueTask<(BucketRow Bucket, VersionRow Version)> FindAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        return (bucket, await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken));
    }
}
