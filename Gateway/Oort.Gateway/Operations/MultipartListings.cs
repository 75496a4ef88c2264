using Oort.Checksums;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>ListParts and ListMultipartUploads.</summary>
internal static class MultipartListings
{
    public static async ValueTask ListPartsAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var limit = Arguments.PageSize(request, "max-parts");
        var after = request.Query("part-number-marker") is { Length: > 0 } text ? Arguments.Number(text, "part-number-marker", 0, int.MaxValue) : 0;
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var upload = await MultipartUploads.FindAsync(context, request, bucket, cancellationToken);
        var page = limit == 0 ? new([], false) : await context.Metadata.ListPartsAsync(upload.Id, after, limit, cancellationToken);
        var owner = context.OwnerIn(request, bucket, upload.OwnerId);
        LifecycleHeaders.WriteAbort(context, request, bucket, upload);
        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListPartsResult(
                bucket.Name,
                upload.Key,
                upload.Id.ToString(),
                owner,
                owner,
                upload.StorageClass,
                after,
                page.Parts.IsEmpty ? 0 : page.Parts[^1].PartNumber,
                limit,
                page.IsTruncated,
                page.Parts.Select(Show),
                upload.ChecksumAlgorithm,
                upload.ChecksumType),
            cancellationToken);
    }

    public static async ValueTask ListUploadsAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var names = new ListingNames(request);
        var limit = Arguments.PageSize(request, "max-uploads");
        var keyMarker = request.Query("key-marker") ?? "";
        var uploadMarker = request.Query("upload-id-marker") ?? "";
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var query = new ListUploadsQuery(bucket.Id, names.Prefix, names.Delimiter, keyMarker, ReadMarker(keyMarker, uploadMarker), limit);
        var page = limit == 0 ? new([], [], false, "", null) : await context.Metadata.ListUploadsAsync(query, cancellationToken);
        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ListUploadsResult(
                bucket.Name,
                names.Prefix,
                keyMarker,
                uploadMarker,
                page.IsTruncated ? page.LastKey : null,
                page.IsTruncated ? page.LastUpload?.ToString() ?? "" : null,
                limit,
                names.ShownDelimiter,
                page.IsTruncated,
                page.Uploads.Select(upload => Show(context, request, bucket, upload)),
                page.CommonPrefixes,
                names.IsUrlEncoded),
            cancellationToken);
    }

    /// <summary>Without a key marker the upload marker is not looked at (S3 API: ListMultipartUploads, "upload-id-marker").</summary>
    private static UploadId? ReadMarker(string key, string upload)
    {
        if (key.Length == 0 || upload.Length == 0) return null;
        return UploadId.TryParse(upload, out var id) ? id : throw Arguments.Invalid("upload-id-marker", upload, "Invalid uploadId marker");
    }

    private static ListedPart Show(PartRow part) => new(
        part.PartNumber,
        part.LastModified,
        part.ETag,
        part.Size,
        part.Checksum?.Algorithm ?? ChecksumAlgorithm.None,
        part.Checksum is { } checksum ? Convert.ToBase64String(checksum.Value.AsSpan()) : null);

    private static ListedUpload Show(OperationContext context, S3Request request, BucketRow bucket, UploadRow upload)
    {
        var owner = context.OwnerIn(request, bucket, upload.OwnerId);
        return new(upload.Key, upload.Id.ToString(), owner, owner, upload.StorageClass, upload.Initiated, upload.ChecksumAlgorithm, upload.ChecksumType);
    }
}
