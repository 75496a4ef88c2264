using Oort.Gateway.Access;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Locks;

/// <summary>GetObjectRetention, PutObjectRetention, GetObjectLegalHold and PutObjectLegalHold.</summary>
internal static class VersionLocks
{
    public static async ValueTask GetRetentionAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var retention = (await FindAsync(context, request, cancellationToken)).Retention;
        if (retention.Mode == RetentionMode.None) throw new S3Exception(S3Errors.NoSuchObjectLockConfiguration, null, ("Key", request.Key!));
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("Retention");
        xml.Element("Mode", LockHeaders.NameOf(retention.Mode));
        xml.Element("RetainUntilDate", retention.Until);
        xml.End("Retention");
        await pipe.FlushAsync(cancellationToken);
    }

    /// <remarks>What a policy may forbid stands in the body, so the rights are asked for when it was read.</remarks>
    public static async ValueTask PutRetentionAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var document = ObjectLockReader.ParseRetention(await RequestDocuments.ReadAsync(request, cancellationToken));
        var retention = document.Mode is { } mode ? new LockTerm(LockHeaders.ModeOf(mode), document.Until!.Value) : LockTerm.None;
        request.Http.Features.Set(AskedLock.Of(retention));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var bypasses = LockHeaders.Bypasses(request);
        context.Gate.Ensure(request, bucket, RequiredRights.ToRetain(bucket.Name, request.Key!));
        if (bypasses) context.Gate.Ensure(request, bucket, RequiredRights.ToBypass(bucket.Name, request.Key!));
        LockHeaders.EnsureLocks(bucket);
        if (retention.Mode != RetentionMode.None) LockHeaders.EnsureFuture(retention.Until, context.Time.GetUtcNow());
        await SetAsync(context, request, bucket, retention, null, bypasses, cancellationToken);
    }

    public static async ValueTask GetHoldAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var hold = (await FindAsync(context, request, cancellationToken)).Hold;
        if (hold == LegalHold.None) throw new S3Exception(S3Errors.NoSuchObjectLockConfiguration, null, ("Key", request.Key!));
        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("LegalHold");
        xml.Element("Status", LockHeaders.NameOf(hold));
        xml.End("LegalHold");
        await pipe.FlushAsync(cancellationToken);
    }

    public static async ValueTask PutHoldAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var hold = ObjectLockReader.ParseLegalHold(await RequestDocuments.ReadAsync(request, cancellationToken)) ? LegalHold.On : LegalHold.Off;
        request.Http.Features.Set(new AskedLock(null, null, LockHeaders.NameOf(hold)));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        context.Gate.Ensure(request, bucket, RequiredRights.ToHold(bucket.Name, request.Key!));
        LockHeaders.EnsureLocks(bucket);
        await SetAsync(context, request, bucket, null, hold, bypasses: false, cancellationToken);
    }

    private static async ValueTask<ObjectLock> FindAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        LockHeaders.EnsureLocks(bucket);
        return ObjectLock.Of((await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken)).Attributes);
    }

    /// <summary>Sets the lock of the version that was found, so that the one that a policy let him change is the one that he changes.</summary>
    private static async ValueTask SetAsync(OperationContext context, S3Request request, BucketRow bucket, LockTerm? retention, LegalHold? hold, bool bypasses, CancellationToken cancellationToken)
    {
        var version = await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);
        Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.LockVersionAsync(new(bucket.Id, version.Key, version.IdText, retention, hold, bypasses), cancellationToken));
        Answers.Empty(request);
    }
}
