using System.Collections.Immutable;
using Oort.Gateway.Access;
using Oort.Gateway.Locks;
using Oort.Metadata;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>DeleteObjects: up to 1,000 deletes in one commit, each with its own answer.</summary>
internal static class DeleteObjects
{
    /// <remarks>1. Read the list. 2. Entries that are wrong in themselves get their errors; the others are commands. 3. One commit. 4. Answers in the order of the list.</remarks>
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var document = S3Documents.ParseDelete(await RequestDocuments.ReadAsync(request, cancellationToken, S3Documents.DeleteSizeMax, needsDigest: true));

        // 2.
        var answers = new DeleteResultEntry[document.Objects.Count];
        var commands = new List<DeleteVersion>(answers.Length);
        var places = new List<int>(answers.Length);
        for (var i = 0; i < answers.Length; i++)
        {
            var entry = document.Objects[i];
            try
            {
                commands.Add(await CommandAsync(context, bucket, request, entry, cancellationToken));
                places.Add(i);
            }
            catch (S3Exception e)
            {
                answers[i] = new(entry.Key, entry.VersionId, Error: e.Error, Message: e.Message);
            }
        }

        // 3.
        ImmutableArray<DeleteVersionResult> results = commands.Count == 0 ? [] : await context.Metadata.DeleteVersionsAsync(commands, cancellationToken);

        // 4.
        for (var i = 0; i < results.Length; i++) answers[places[i]] = Answer(document.Objects[places[i]], results[i]);
        await S3Xml.WriteDeleteAsync(Answers.Xml(request), answers, document.Quiet, cancellationToken);
    }

    private static async ValueTask<DeleteVersion> CommandAsync(OperationContext context, BucketRow bucket, S3Request request, DeleteEntry entry, CancellationToken cancellationToken)
    {
        ObjectKeys.Check(entry.Key);

        // Its own code here, as nothing but this list has it (S3 API: DeleteObjects, "Errors").
        if (entry.VersionId is { } version && version != VersionId.NullText && !VersionId.TryParse(version, out _))
            throw new S3Exception(S3Errors.NoSuchVersion);
        await context.Gate.EnsureAsync(request, bucket, RequiredRights.ToDelete(bucket.Name, entry.Key, entry.VersionId), entry.Key, cancellationToken);
        var bypasses = entry.VersionId is not null && LockHeaders.Bypasses(request);
        if (bypasses) context.Gate.Ensure(request, bucket, RequiredRights.ToBypass(bucket.Name, entry.Key));
        return new(bucket.Id, entry.Key, NewObjects.OwnerOf(request, bucket), entry.VersionId, context.Tell(request, bucket, ChangeCause.Delete, Conditions.ForDelete(entry.ETag, entry.LastModifiedTime, entry.Size)), context.IsImported(bucket, entry.Key), bypasses);
    }

    private static DeleteResultEntry Answer(in DeleteEntry entry, in DeleteVersionResult result) =>
        DeleteObject.Error(result.Outcome) is { } error
            ? new(entry.Key, entry.VersionId, Error: error)
            : new(entry.Key, entry.VersionId, result.IsDeleteMarker, result.IsDeleteMarker ? result.VersionId : null);
}
