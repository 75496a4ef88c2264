using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Gateway.Quotas;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>PutObject.</summary>
internal static class PutObject
{
    /// <summary>What S3 computes for an object that comes without a checksum (S3 API: "Checking object integrity").</summary>
    public const ChecksumAlgorithm DefaultChecksum = ChecksumAlgorithm.Crc64Nvme;

    /// <summary>Bodies from this size on have their conditions looked at before they are read: below it, the extra lookup costs more than it saves.</summary>
    private const long EarlyCheckSize = 1 << 20;

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        await StoreAsync(context, request, cancellationToken);
        Answers.Empty(request);
    }

    /// <summary>Stores the object, and sets the headers of the answer.</summary>
    /// <remarks>1. Headers. 2. Conditions that are false already, and quotas that are too small. 3. The body and the commit, where conditions are decided. 4. The answer.</remarks>
    public static async ValueTask<VersionRow> StoreAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        WriteHeaders.Check(request);
        var storageClass = StorageClasses.Read(request, context.Tiering);
        var attributes = ObjectTags.Set(ObjectHeaders.Read(request), ObjectTags.ReadHeader(request));
        var conditions = Conditions.ForWrite(request);
        var body = RequestBodies.Read(request, DefaultChecksum);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        using var sealing = await ObjectSealing.ReadAsync(context, request, bucket, cancellationToken);
        (var owner, attributes) = NewObjects.Read(context, request, bucket).Describe(sealing.Describe(attributes));

        // 2.
        if (conditions != WriteConditions.None && body.Length >= EarlyCheckSize)
            Conditions.CheckWriteEarly(conditions, await context.Metadata.FindVersionAsync(bucket.Id, request.Key!, null, cancellationToken));
        await QuotaRefusals.CheckPutAsync(context.Metadata, bucket, request.Key!, body, cancellationToken);

        // 3.
        var result = await context.Layer.PutObjectAsync(bucket, request.Key!, owner, storageClass, attributes, sealing.Seal(body), context.Tell(request, bucket, request.Operation == S3Operation.PostObject ? ChangeCause.Post : ChangeCause.Put, conditions), cancellationToken);
        await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(1, body.Length), cancellationToken);
        var version = Stored(request, result, conditions);

        // 4.
        WriteStored(request, version, result);
        LifecycleHeaders.WriteExpiration(context, request, bucket, version);
        request.Http.Response.Headers.ETag = ObjectHeaders.Quote(version.ETag);
        ShownChecksums.Write(request.Http.Response.Headers, version);
        return version;
    }

    /// <summary>The version that a put, copy or complete made.</summary>
    /// <exception cref="S3Exception">It made none.</exception>
    public static VersionRow Stored(S3Request request, in PutResult result, WriteConditions conditions)
    {
        if (result is { Outcome: CommitOutcome.Done, Version: { } version }) return version;
        throw result.Outcome switch
        {
            CommitOutcome.PreconditionFailed => Conditions.Failed(conditions),
            CommitOutcome.NoSuchKey => new S3Exception(S3Errors.NoSuchKey, null, ("Key", request.Key!)),
            CommitOutcome.NoSuchBucket => new S3Exception(S3Errors.NoSuchBucket, null, ("BucketName", request.Bucket!)),
            var outcome => new S3Exception(Errors.InnerErrors.Of(outcome)),
        };
    }

    /// <summary>What the answers of put, copy and complete have in common.</summary>
    public static void WriteStored(S3Request request, VersionRow version, in PutResult result)
    {
        var headers = request.Http.Response.Headers;
        EncryptionHeaders.Write(request, version.Attributes, isWrite: true);
        headers["x-oort-durability"] = result.Durability;
        if (result.Versioning == VersioningState.Enabled) headers["x-amz-version-id"] = version.IdText;
    }
}
