using System.Text;
using Oort.Gateway.Access.Lists;
using Oort.Gateway.AccessLogs;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketLogging and PutBucketLogging.</summary>
internal static class BucketLogging
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var document = LoggingDocument.Of(bucket);
        var grants = document?.Grants is { } list ? AccessLists.Decode(list).Grants : [];
        await S3Xml.WriteLoggingAsync(Answers.Xml(request), document is null ? null : (document.Bucket, document.Prefix, document.KeyFormat), grants.Select(grant => BucketLists.Show(context, request, grant)), cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var wanted = BucketLoggingReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        if (wanted is null)
        {
            if (bucket.Settings.ContainsKey(LoggingDocument.SettingName))
                Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.UpdateBucketAsync(bucket.Id, row => row with { Settings = row.Settings.Remove(LoggingDocument.SettingName) }, cancellationToken));
            Answers.Empty(request);
            return;
        }

        var document = new LoggingDocument(wanted.TargetBucket, wanted.TargetPrefix, wanted.KeyFormat, await CheckAsync(context, bucket, wanted, cancellationToken));
        var setting = document.Encode();
        await context.PutSettingAsync(bucket, LoggingDocument.SettingName, [.. setting], cancellationToken);
        Answers.Empty(request);
    }

    /// <summary>Whether the target takes the log, now; when it is delivered that is asked again.</summary>
    /// <returns>The list of what log objects give besides; null: nothing.</returns>
    private static async ValueTask<byte[]?> CheckAsync(OperationContext context, BucketRow bucket, BucketLoggingDocument wanted, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(wanted.TargetPrefix) > LoggingDocument.PrefixBytesMax) throw Arguments.Invalid("TargetPrefix", wanted.TargetPrefix, $"A prefix of logs has at most {LoggingDocument.PrefixBytesMax} bytes, so that its keys are none too long.");
        var target = await context.Metadata.FindBucketAsync(wanted.TargetBucket, cancellationToken);
        if (target is null || target.OwnerId != bucket.OwnerId) throw new S3Exception(S3Errors.InvalidTargetBucketForLogging, null, ("TargetBucket", wanted.TargetBucket));
        if (target.Region != bucket.Region) throw new S3Exception(S3Errors.CrossLocationLoggingProhibited, null, ("SourceBucketLocation", bucket.Region), ("TargetBucketLocation", target.Region));
        var access = context.Gate.AccessOf(target);
        if (!LogDelivery.IsAllowed(bucket, target, access, wanted.TargetPrefix, context.Gate.Accounts, context.Time.GetUtcNow()))
            throw new S3Exception(S3Errors.AccessDenied, "The target bucket lets no logs in below this prefix: its policy must allow s3:PutObject to the service logging.s3.amazonaws.com, or its list WRITE and READ_ACP to the log delivery group.");
        if (wanted.Grants.Count == 0) return null;
        if (access.Ownership == ObjectOwnership.BucketOwnerEnforced) throw Arguments.Invalid("TargetGrants", wanted.TargetBucket, "The target bucket has lists disabled (BucketOwnerEnforced), so that TargetGrants cannot be given; use its policy.");
        var list = context.Lists.OfGrants(wanted.Grants);
        BucketLists.CheckBlock(access.Block, list);
        return [.. AccessLists.Encode(list)];
    }
}
