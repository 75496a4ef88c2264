using Oort.Gateway.Access;
using Oort.Gateway.Quotas;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>RenameObject, as S3 has it for directory buckets: the object gets another key, and nothing of it moves. Where there are versions, a delete marker takes its place.</summary>
internal static class RenameObject
{
    private const string Source = "x-amz-rename-source";

    /// <remarks>1. What is to be renamed. 2. Find both keys' versions, and decide the conditions on them. 3. One commit, if both are still what was found; otherwise they are found anew.</remarks>
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var named = request.Header(Source) ?? throw Arguments.Invalid(Source, "", $"{Source} is missing.");
        var from = CopySourceHeader.Parse(named);
        if (from.Bucket != request.Bucket || from.VersionId is not null) throw new S3Exception(S3Errors.InvalidRequest, "An object is renamed within its bucket, and without a version id.");
        if (from.Key == request.Key) throw new S3Exception(S3Errors.InvalidRequest, "The object has that name already.");
        var conditions = Conditions.ForWrite(request);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            // 2.
            var source = await context.Metadata.FindVersionAsync(bucket.Id, from.Key, null, cancellationToken);
            context.Gate.EnsureObject(request, bucket, RequiredRights.ToRead(bucket.Name, from.Key, null), source);
            await context.Gate.EnsureAsync(request, bucket, RequiredRights.ToDelete(bucket.Name, from.Key, null), from.Key, cancellationToken);
            if (source is null or { IsDeleteMarker: true }) throw new S3Exception(S3Errors.NoSuchKey, null, ("Key", from.Key));
            Conditions.CheckRenameSource(request, source);
            var destination = await context.Metadata.FindVersionAsync(bucket.Id, request.Key!, null, cancellationToken);
            Conditions.CheckWriteEarly(conditions, destination);

            // 3.
            var result = await context.Metadata.RenameVersionAsync(new(bucket.Id, from.Key, source.Id, request.Key!, destination?.Id, NewObjects.OwnerOf(request, bucket)), cancellationToken);
            if (result.Outcome == CommitOutcome.Conflict && attempt < OperationContext.AttemptCountMax) continue;
            await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(1, source.Size), cancellationToken);
            var version = PutObject.Stored(request, new(result.Outcome, result.Version, result.Versioning, ""), WriteConditions.None);
            ObjectHeaders.WriteVersionId(request.Http.Response.Headers, result.Versioning, version.IdText);
            Answers.Empty(request);
            return;
        }
    }
}
