using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Locks;

/// <summary>GetObjectLockConfiguration and PutObjectLockConfiguration.</summary>
internal static class BucketLocks
{
    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var rule = BucketLock.Of(bucket) ?? throw new S3Exception(S3Errors.ObjectLockConfigurationNotFoundError, null, ("BucketName", bucket.Name));
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("ObjectLockConfiguration");
        xml.Element("ObjectLockEnabled", "Enabled");
        if (rule.Mode != RetentionMode.None)
        {
            xml.Start("Rule");
            xml.Start("DefaultRetention");
            xml.Element("Mode", LockHeaders.NameOf(rule.Mode));
            xml.Element(rule.Unit.ToString(), rule.Count);
            xml.End("DefaultRetention");
            xml.End("Rule");
        }

        xml.End("ObjectLockConfiguration");
        await pipe.FlushAsync(cancellationToken);
    }

    /// <remarks>Versions that are there already keep the lock that they have.</remarks>
    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var document = ObjectLockReader.ParseConfiguration(await RequestDocuments.ReadAsync(request, cancellationToken), BucketLock.DaysMax, BucketLock.YearsMax);
        var rule = document.Mode is not { } mode ? BucketLock.Plain
            : document.Days is { } days ? new(LockHeaders.ModeOf(mode), RetentionUnit.Days, days)
            : new(LockHeaders.ModeOf(mode), RetentionUnit.Years, document.Years!.Value);
        var outcome = await context.Metadata.UpdateBucketAsync(bucket.Id, rule.On, cancellationToken);
        if (outcome == CommitOutcome.BucketLocked) throw new S3Exception(S3Errors.InvalidBucketState, "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
        Errors.InnerErrors.ThrowUnlessDone(outcome);
        Answers.Empty(request);
    }
}
