using System.IO.Pipelines;
using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Gateway.Quotas;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>UploadPart and UploadPartCopy. A part that is sent again replaces the one before.</summary>
internal static class UploadPart
{
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var number = ReadNumber(request);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var upload = await MultipartUploads.FindAsync(context, request, bucket, cancellationToken);
        using var sealing = await ObjectSealing.OfPartAsync(context, request, upload, cancellationToken);
        var body = RequestBodies.Read(request, Algorithm(upload));
        CheckAlgorithm(upload, body.Checksum);

        await QuotaRefusals.CheckPartAsync(context.Metadata, bucket, upload.Id, number, body, cancellationToken);
        var result = await context.Layer.PutPartAsync(upload, number, sealing.Seal(body), cancellationToken);
        await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(0, body.Length), cancellationToken);
        var part = Stored(request, result);
        var headers = request.Http.Response.Headers;
        WriteStored(request, upload, result);
        headers.ETag = ObjectHeaders.Quote(part.ETag);
        if (part.Checksum is { } checksum) headers[ChecksumNames.Header(checksum.Algorithm)] = Convert.ToBase64String(checksum.Value.AsSpan());
        Answers.Empty(request);
    }

    public static async ValueTask HandleCopyAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var number = ReadNumber(request);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var upload = await MultipartUploads.FindAsync(context, request, bucket, cancellationToken);
        await SlowAnswer.RunAsync(context, request, CopyAsync(context, request, bucket, upload, number, cancellationToken), AnswerAsync, cancellationToken);

        ValueTask AnswerAsync((PutPartResult Result, FoundSource Source) copy, PipeWriter pipe)
        {
            var part = Stored(request, copy.Result);
            if (!request.Http.Response.HasStarted)
            {
                WriteStored(request, upload, copy.Result);
                copy.Source.WriteVersionId(request);
            }

            var checksum = part.Checksum is { } stored ? new ShownChecksum(stored.Algorithm, Convert.ToBase64String(stored.Value.AsSpan()), null) : (ShownChecksum?)null;
            return S3Xml.WriteCopyPartAsync(pipe, new(part.ETag, part.LastModified, checksum), cancellationToken);
        }
    }

    private static async ValueTask<(PutPartResult Result, FoundSource Source)> CopyAsync(
        OperationContext context,
        S3Request request,
        BucketRow bucket,
        UploadRow upload,
        int number,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var source = await FoundSource.FindAsync(context, request, cancellationToken);
            using var sealing = await ObjectSealing.OfPartAsync(context, request, upload, cancellationToken);
            using var customer = await ObjectSealing.OpenAsync(context, request, source.Version.Attributes, EncryptionHeaders.SourceCustomer, cancellationToken);
            try
            {
                var range = ReadRange(request, source) with { Keys = sealing.KeysFrom(source.Version, customer, sharesCustomers: false) };
                var result = await context.Layer.CopyPartAsync(range, upload, number, Algorithm(upload), cancellationToken);
                await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(0, range.Length), cancellationToken);
                return (result, source);
            }
            catch (VersionGoneException) when (attempt < OperationContext.AttemptCountMax)
            {
                // Found again, as it is now.
            }
        }
    }

    /// <summary>x-amz-copy-source-range, or the whole source.</summary>
    private static CopySource ReadRange(S3Request request, FoundSource source)
    {
        if (request.Header("x-amz-copy-source-range") is not { } header) return source.Whole();
        var range = ByteRange.ResolveCopySource(header, source.Version.Size);
        if (range.Length <= Limits.SinglePut) return new(source.Version, range.Offset, range.Length);
        throw new S3Exception(S3Errors.InvalidRequest, "The specified copy range is larger than the maximum allowable size for a part: 5368709120");
    }

    /// <summary>Of a part for which the client names none.</summary>
    private static ChecksumAlgorithm Algorithm(UploadRow upload) => upload.ChecksumAlgorithm == ChecksumAlgorithm.None ? PutObject.DefaultChecksum : upload.ChecksumAlgorithm;

    private static int ReadNumber(S3Request request)
    {
        var text = request.Query("partNumber") ?? "";
        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= Limits.PartCount)
            return number;
        throw Arguments.Invalid("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive");
    }

    /// <summary>An upload that announced an algorithm takes parts with that one only.</summary>
    private static void CheckAlgorithm(UploadRow upload, BodyChecksum? checksum)
    {
        if (checksum is null || upload.ChecksumAlgorithm == ChecksumAlgorithm.None || checksum.Algorithm == upload.ChecksumAlgorithm) return;
        var expected = ChecksumNames.Name(upload.ChecksumAlgorithm)!.ToLowerInvariant();
        var actual = ChecksumNames.Name(checksum.Algorithm)!.ToLowerInvariant();
        throw new S3Exception(S3Errors.InvalidRequest, $"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}");
    }

    private static PartRow Stored(S3Request request, in PutPartResult result)
    {
        if (result is { Outcome: CommitOutcome.Done, Part: { } part }) return part;
        throw result.Outcome == CommitOutcome.NoSuchUpload ? MultipartUploads.NoSuchUpload(request) : new S3Exception(Errors.InnerErrors.Of(result.Outcome));
    }

    private static void WriteStored(S3Request request, UploadRow upload, in PutPartResult result)
    {
        EncryptionHeaders.Write(request, upload.Attributes, isWrite: false);
        request.Http.Response.Headers["x-oort-durability"] = result.Durability;
    }
}
