using Oort.Metadata;
using Oort.Objects.Events;
using Oort.Objects.Tiering;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>RestoreObject: asks that an archived version be made readable for some days. What is asked is in the version's row when the answer goes out; others carry it out.</summary>
internal static class RestoreObject
{
    /// <summary>What became of a request, decided on the row as it is in the commit.</summary>
    private enum Decision
    {
        /// <summary>The version is another one by now: it is looked for again.</summary>
        Replaced,
        NotArchived,

        /// <summary>Nothing comes back from its class that fast.</summary>
        TooUrgent,

        /// <summary>It is being restored already, no less urgently.</summary>
        InProgress,

        /// <summary>It will be restored, or more urgently than it was to be.</summary>
        Accepted,

        /// <summary>It is restored, and stays so from now for the days asked for.</summary>
        Extended,
    }

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        OperationContext.CheckVersionId(request.Query("versionId"));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var wish = RestoreReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        for (var attempt = 1; attempt <= OperationContext.AttemptCountMax; attempt++)
        {
            var version = await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);

            // Whoever restores finds by the bucket that there is something to be found, also after a crash between here and the telling.
            if (StorageClassOrder.IsArchive(version.StorageClass)) await context.Tiering.PrepareRestoreAsync(bucket, cancellationToken);
            var (decision, row) = await DecideAsync(context, version, wish, context.Tell(request, bucket, ChangeCause.RestoreRequested), cancellationToken);
            switch (decision)
            {
                case Decision.Replaced:
                    continue;
                case Decision.NotArchived:
                    throw new S3Exception(S3Errors.InvalidObjectState, "Restore is not allowed for the object's current storage class", ("StorageClass", row.StorageClass));
                case Decision.TooUrgent:
                    throw new S3Exception(S3Errors.InvalidArgument, "Retrieval option is not supported by this storage class", ("ArgumentName", "Tier"), ("ArgumentValue", wish.Tier!));
                case Decision.InProgress:
                    throw new S3Exception(S3Errors.RestoreAlreadyInProgress);
                case Decision.Accepted:
                    context.Tiering.RestoreRequested(row);
                    Answers.Empty(request, 202);
                    return;
                default:
                    Answers.Empty(request);
                    return;
            }
        }

        throw new S3Exception(S3Errors.OperationAborted);
    }

    /// <summary>Decides and writes in one commit.</summary>
    /// <returns>With the row as it then is.</returns>
    private static async ValueTask<(Decision Decision, VersionRow Row)> DecideAsync(OperationContext context, VersionRow version, RestoreRequest wish, ChangeAnnouncement? announcement, CancellationToken cancellationToken)
    {
        var (decision, result) = (Decision.Replaced, version);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(context.Time.GetUtcNow().ToUnixTimeMilliseconds());
        var outcome = await context.Metadata.UpdateVersionAsync(version.Bucket, version.Key, version.IdText, Change, cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        return (decision, result);

        VersionRow? Change(VersionRow row)
        {
            result = row;
            (decision, var state) = row.Id == version.Id ? Decide(row, wish, now, context.Tiering.Options.DayLength) : (Decision.Replaced, null);
            if (state is null) return null;
            return result = row with { Attributes = RestoreState.Set(row.Attributes, state), Announcement = decision == Decision.Accepted ? announcement : null };
        }
    }

    /// <returns>With what the row's restore is to be; null: it stays as it is.</returns>
    private static (Decision Decision, RestoreState? State) Decide(VersionRow row, RestoreRequest wish, DateTimeOffset now, TimeSpan dayLength)
    {
        if (!StorageClassOrder.IsArchive(row.StorageClass)) return (Decision.NotArchived, null);
        var tier = Tier(wish);
        if (tier == RestoreTier.Expedited && row.StorageClass == "DEEP_ARCHIVE") return (Decision.TooUrgent, null);
        return ArchivedObjects.FindRestore(row, now) switch
        {
            { Phase: RestorePhase.Requested } state when Urgency(tier) <= Urgency(state.Tier) => (Decision.InProgress, null),
            { Phase: RestorePhase.Requested } state => (Decision.Accepted, state with { Tier = tier }),
            { } state => (Decision.Extended, state with { Days = wish.Days, Expires = LifecycleDays.After(now, wish.Days, dayLength) }),
            null => (Decision.Accepted, new(RestorePhase.Requested, tier, wish.Days, now, null)),
        };
    }

    private static RestoreTier Tier(RestoreRequest wish) => wish.Tier switch
    {
        "Expedited" => RestoreTier.Expedited,
        "Bulk" => RestoreTier.Bulk,
        _ => RestoreTier.Standard,
    };

    private static int Urgency(RestoreTier tier) => tier switch
    {
        RestoreTier.Bulk => 0,
        RestoreTier.Standard => 1,
        _ => 2,
    };
}
