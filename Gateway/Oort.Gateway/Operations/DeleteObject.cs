using Oort.Gateway.Locks;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>DeleteObject: a version for good, or, where there is versioning, a marker on top.</summary>
internal static class DeleteObject
{
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var conditions = Conditions.ForDelete(request);
        var versionId = request.Query("versionId");
        OperationContext.CheckVersionId(versionId);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var result = await context.Metadata.DeleteVersionAsync(new(bucket.Id, request.Key!, NewObjects.OwnerOf(request, bucket), versionId, context.Tell(request, bucket, ChangeCause.Delete, conditions), context.IsImported(bucket, request.Key!), LockHeaders.Bypasses(request)), cancellationToken);
        if (Error(result.Outcome) is { } error) throw error == S3Errors.PreconditionFailed ? Conditions.Failed(conditions) : new S3Exception(error);

        var headers = request.Http.Response.Headers;
        if (result.VersionId is { } deleted) headers["x-amz-version-id"] = deleted;
        else if (versionId is not null) headers["x-amz-version-id"] = versionId;
        if (result.IsDeleteMarker) headers["x-amz-delete-marker"] = "true";
        Answers.Empty(request, 204);
    }

    /// <summary>The error of a delete, null when there is none. What is not there is deleted, whatever the condition was (S3 API: DeleteObject, "x-amz-if-match-size": 204 if the object does not exist).</summary>
    public static S3Error? Error(CommitOutcome outcome) =>
        outcome is CommitOutcome.Done or CommitOutcome.NoSuchKey or CommitOutcome.NoSuchVersion ? null : Errors.InnerErrors.Of(outcome);
}
