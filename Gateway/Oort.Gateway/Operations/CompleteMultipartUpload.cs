using System.Globalization;
using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Gateway.Quotas;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Events;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>CompleteMultipartUpload: the chosen parts become a version; no data moves.</summary>
internal static class CompleteMultipartUpload
{
    /// <summary>A part that is replaced between the reading of the parts and the commit makes the commit fail, and they are read again. A client that goes on replacing parts is told of the conflict.</summary>
    private const int AttemptCountMax = 5;

    /// <summary>Attribute that names the upload a version came from, by which a repeated complete is known.</summary>
    private const string UploadExtension = "upload";

    /// <remarks>
    /// 1. Read the list. 2. Read the parts and only then find the upload: they go in one commit, so an upload that is still there had its parts. If it is gone, this
    /// may be the repetition of a complete that was done, even at this moment. 3. Choose and check the parts. 4. Commit. 5. Answer.
    /// </remarks>
    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        // 1.
        var conditions = Conditions.ForWrite(request);
        var id = MultipartUploads.ReadId(request);
        var bucket = await context.FindBucketAsync(request, cancellationToken);

        // The checksum headers are the object's and not the body's, so the body is read without them.
        var document = S3Documents.ParseCompleteMultipart(await S3Documents.ReadBodyAsync(request, S3Documents.CompleteSizeMax, cancellationToken));
        var named = ChosenParts.Named(document);
        for (var attempt = 1; ; attempt++)
        {
            // 2.
            var parts = await ReadPartsAsync(context, id, cancellationToken);
            if (await context.Metadata.FindUploadAsync(bucket.Id, request.Key!, id, cancellationToken) is not { } upload)
            {
                var done = await FindDoneAsync(context, request, bucket, id, named, cancellationToken) ?? throw MultipartUploads.NoSuchUpload(request);
                await AnswerAsync(context, request, done, bucket.Versioning, cancellationToken);
                return;
            }

            // 3.
            ObjectSealing.Check(context, request, upload.Attributes);
            var chosen = ChosenParts.Choose(upload, parts, named, context.Options.PartSizeMin);
            CheckAnnounced(request, upload, chosen);
            var attributes = upload.Attributes with
            {
                Checksum = chosen.Checksum,
                Extensions = upload.Attributes.Extensions.SetItem(UploadExtension, [.. IdBytes(id)]),
            };

            // 4.
            var result = await context.Metadata.CompleteUploadAsync(new(bucket.Id, request.Key!, id, chosen.Parts, chosen.ETag, attributes, context.Tell(request, bucket, ChangeCause.CompleteMultipartUpload, conditions)), cancellationToken);
            if (result.Outcome is CommitOutcome.NoSuchUpload or CommitOutcome.Conflict && attempt < AttemptCountMax) continue;
            await QuotaRefusals.ThrowIfExceededAsync(result.Outcome, context.Metadata, bucket, new(1, 0), cancellationToken);
            var version = PutObject.Stored(request, new PutResult(result.Outcome, result.Version, result.Versioning, ""), conditions);

            // 5.
            LifecycleHeaders.WriteExpiration(context, request, bucket, version);
            await AnswerAsync(context, request, version, result.Versioning, cancellationToken);
            return;
        }
    }

    private static async ValueTask AnswerAsync(OperationContext context, S3Request request, VersionRow version, VersioningState versioning, CancellationToken cancellationToken)
    {
        var durability = await DurabilityAsync(context, version, cancellationToken);
        PutObject.WriteStored(request, version, new PutResult(CommitOutcome.Done, version, versioning, durability));
        var result = new CompleteResult(Location(request), request.Bucket!, request.Key!, version.ETag, ShownChecksums.Of(version));
        await S3Xml.WriteAsync(Answers.Xml(request), result, cancellationToken);
    }

    /// <summary>How safe the version is; of one that was replaced as soon as it was made, what it was at least. What was committed is never answered with an error.</summary>
    private static async ValueTask<string> DurabilityAsync(OperationContext context, VersionRow version, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Layer.GetDurabilityAsync(version, cancellationToken);
        }
        catch (VersionGoneException)
        {
            return "quorum";
        }
    }

    /// <summary>A repeated complete is answered as the first one was, as long as what it made is the key's newest version (S3 API: CompleteMultipartUpload is idempotent).</summary>
    private static async ValueTask<VersionRow?> FindDoneAsync(
        OperationContext context,
        S3Request request,
        BucketRow bucket,
        UploadId id,
        List<CompletedPart> named,
        CancellationToken cancellationToken)
    {
        var version = await context.Metadata.FindVersionAsync(bucket.Id, request.Key!, null, cancellationToken);
        if (version is null or { IsDeleteMarker: true } || !version.Attributes.Extensions.TryGetValue(UploadExtension, out var upload)) return null;
        if (!upload.AsSpan().SequenceEqual(IdBytes(id))) return null;
        var isMd5 = named.All(part => part.ETag.Length == 32 && part.ETag.All(char.IsAsciiHexDigit));
        return isMd5 && ChosenParts.ETagOf(named.Select(part => part.ETag)) == version.ETag ? version : null;
    }

    private static async ValueTask<Dictionary<int, PartRow>> ReadPartsAsync(OperationContext context, UploadId id, CancellationToken cancellationToken)
    {
        var parts = new Dictionary<int, PartRow>();
        for (var after = 0; ;)
        {
            var page = await context.Metadata.ListPartsAsync(id, after, Limits.Page, cancellationToken);
            foreach (var part in page.Parts) parts[part.PartNumber] = part;
            if (!page.IsTruncated) return parts;
            after = page.Parts[^1].PartNumber;
        }
    }

    /// <summary>Holds x-amz-mp-object-size, x-amz-checksum-type and x-amz-checksum-… against what the parts give.</summary>
    private static void CheckAnnounced(S3Request request, UploadRow upload, ChosenParts chosen)
    {
        if (request.Header("x-amz-mp-object-size") is { } size)
        {
            if (!Arguments.TryParseSize(size, out var announced)) throw Arguments.Invalid("x-amz-mp-object-size", size, "Value for x-amz-mp-object-size header is invalid.");
            if (announced != chosen.Size)
            {
                var actual = chosen.Size.ToString(CultureInfo.InvariantCulture);
                throw new S3Exception(S3Errors.InvalidRequest, $"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed: {actual}");
            }
        }

        if (RequestChecksum.ParseType(request) is { } type && chosen.Checksum is { } typed && type != typed.Type)
        {
            var expected = ChecksumNames.TypeName(upload.ChecksumAlgorithm == ChecksumAlgorithm.None ? typed.Type : upload.ChecksumType);
            throw new S3Exception(S3Errors.InvalidRequest, $"The upload was created using the {expected} checksum mode. The complete request must use the same checksum mode.");
        }

        foreach (var algorithm in ChecksumNames.All)
        {
            if (request.Header(ChecksumNames.Header(algorithm)) is not { } value) continue;
            var name = ChecksumNames.Name(algorithm)!.ToLowerInvariant();
            if (chosen.Checksum is not { } checksum || checksum.Algorithm != algorithm)
                throw new S3Exception(S3Errors.InvalidRequest, $"The upload has no {name} checksum that the one in the request could be compared with.");

            // A composite one is accepted with and without its "-N".
            if (value != ShownChecksums.Text(checksum, chosen.ETag) && value != Convert.ToBase64String(checksum.Value.AsSpan()))
                throw new S3Exception(S3Errors.BadDigest, $"The {name} you specified did not match the calculated checksum.");
        }
    }

    private static byte[] IdBytes(UploadId id)
    {
        var bytes = new byte[UploadId.Size];
        id.Write(bytes);
        return bytes;
    }

    /// <summary>The object's address, in the style in which the client addressed the bucket.</summary>
    public static string Location(S3Request request)
    {
        var http = request.Http.Request;
        var host = http.Host.ToUriComponent();
        var bucket = host.StartsWith(request.Bucket + ".", StringComparison.OrdinalIgnoreCase) ? "" : request.Bucket + "/";
        return $"{http.Scheme}://{host}/{bucket}{UrlEncoding.Encode(request.Key!, keepSlash: true)}";
    }
}
