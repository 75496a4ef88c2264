using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>CreateMultipartUpload, AbortMultipartUpload, and how every other operation finds its upload.</summary>
internal static class MultipartUploads
{
    public static async ValueTask CreateAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        WriteHeaders.Check(request);
        var (algorithm, type) = ReadChecksum(request);
        var attributes = ObjectTags.Set(ObjectHeaders.Read(request), ObjectTags.ReadHeader(request));
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        using (var sealing = await ObjectSealing.ReadAsync(context, request, bucket, cancellationToken)) attributes = sealing.Describe(attributes);
        (var owner, attributes) = NewObjects.Read(context, request, bucket).Describe(attributes);
        var now = context.Time.GetUtcNow();
        var upload = new UploadRow
        {
            Bucket = bucket.Id,
            Key = request.Key!,
            Id = UploadId.Create(now),
            Initiated = now,
            OwnerId = owner,
            StorageClass = StorageClasses.Read(request, context.Tiering),
            Attributes = attributes,
            ChecksumAlgorithm = algorithm,
            ChecksumType = type,
        };
        Errors.InnerErrors.ThrowUnlessDone(await context.Metadata.CreateUploadAsync(upload, cancellationToken));

        var headers = request.Http.Response.Headers;
        EncryptionHeaders.Write(request, upload.Attributes, isWrite: true);
        LifecycleHeaders.WriteAbort(context, request, bucket, upload);
        if (ChecksumNames.Name(algorithm) is { } name)
        {
            headers["x-amz-checksum-algorithm"] = name;
            headers["x-amz-checksum-type"] = ChecksumNames.TypeName(type);
        }

        await S3Xml.WriteInitiateAsync(Answers.Xml(request), bucket.Name, upload.Key, upload.Id.ToString(), cancellationToken);
    }

    public static async ValueTask AbortAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var id = ReadId(request);
        var outcome = await context.Metadata.AbortUploadAsync(bucket.Id, request.Key!, id, cancellationToken);
        if (outcome != CommitOutcome.Done) throw outcome == CommitOutcome.NoSuchUpload ? NoSuchUpload(request) : new S3Exception(Errors.InnerErrors.Of(outcome));
        Answers.Empty(request, 204);
    }

    /// <summary>The upload that the request names.</summary>
    /// <exception cref="S3Exception">NoSuchUpload.</exception>
    public static async ValueTask<UploadRow> FindAsync(OperationContext context, S3Request request, BucketRow bucket, CancellationToken cancellationToken) =>
        await context.Metadata.FindUploadAsync(bucket.Id, request.Key!, ReadId(request), cancellationToken) ?? throw NoSuchUpload(request);

    /// <exception cref="S3Exception">NoSuchUpload: what is not an id is none of ours.</exception>
    public static UploadId ReadId(S3Request request) =>
        UploadId.TryParse(request.Query("uploadId") ?? "", out var id) ? id : throw NoSuchUpload(request);

    public static S3Exception NoSuchUpload(S3Request request) => new(S3Errors.NoSuchUpload, null, ("UploadId", request.Query("uploadId") ?? ""));

    /// <summary>Reads algorithm and type, which must go together (S3 API: "Checking object integrity", the table of checksum types).</summary>
    private static (ChecksumAlgorithm Algorithm, ChecksumType Type) ReadChecksum(S3Request request)
    {
        var algorithm = RequestChecksum.ParseAlgorithm(request);
        var type = RequestChecksum.ParseType(request);
        if (algorithm == ChecksumAlgorithm.None)
        {
            if (type is not null)
                throw new S3Exception(S3Errors.InvalidRequest, "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
            return (algorithm, ChecksumType.FullObject);
        }

        var chosen = type ?? (algorithm.Composes() ? ChecksumType.Composite : ChecksumType.FullObject);
        var isPossible = chosen == ChecksumType.Composite ? algorithm.Composes() : algorithm.Combines();
        if (isPossible) return (algorithm, chosen);
        throw new S3Exception(
            S3Errors.InvalidRequest,
            $"The {ChecksumNames.TypeName(chosen)} checksum type cannot be used with the {ChecksumNames.Name(algorithm)!.ToLowerInvariant()} checksum algorithm.");
    }
}
