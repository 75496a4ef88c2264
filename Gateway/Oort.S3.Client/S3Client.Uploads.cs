using System.Globalization;

namespace Oort.S3.Client;

public sealed partial class S3Client
{
    /// <summary>S3 API: multipart upload limits.</summary>
    public const int PartCountMax = 10_000;

    /// <summary>Uploads in progress that are listed at most: who has more of them under one prefix has a leak, and memory is bounded.</summary>
    private const int UploadCountMax = 100_000;

    /// <summary>S3 API: CreateMultipartUpload.</summary>
    /// <returns>The upload's id.</returns>
    public async Task<string> CreateUploadAsync(string bucket, string key, S3PutOptions options, CancellationToken cancellationToken)
    {
        var call = new S3Call(HttpMethod.Post, "CreateMultipartUpload", bucket, key).With("uploads", null);
        options.AddTo(call, withConditions: false);
        var id = "";
        AnswerReader.Parse(await SendDocumentAsync(call, cancellationToken), "InitiateMultipartUploadResult", xml => xml.Children(name =>
        {
            if (name == "UploadId") id = xml.Text();
            else xml.Skip();
        }));
        return id.Length > 0 ? id : throw AnswerReader.Bad("it names no upload");
    }

    /// <summary>S3 API: UploadPart. A part that is sent again replaces the one before.</summary>
    /// <returns>The part's ETag, without quotes.</returns>
    public async Task<string> UploadPartAsync(string bucket, string key, string uploadId, int number, S3Body body, CancellationToken cancellationToken)
    {
        var call = new S3Call(HttpMethod.Put, "UploadPart", bucket, key) { Stream = body }
            .With("partNumber", number.ToString(CultureInfo.InvariantCulture)).With("uploadId", uploadId);
        using var exchange = await sender.SendAsync(call, cancellationToken);
        var etag = Stored(exchange).ETag;
        return etag.Length > 0 ? etag : throw AnswerReader.Bad("it names no ETag");
    }

    /// <summary>S3 API: CompleteMultipartUpload.</summary>
    /// <param name="parts">In order; their sizes do not count.</param>
    public async Task<S3Stored> CompleteUploadAsync(string bucket, string key, string uploadId, IReadOnlyList<S3Part> parts, S3PutOptions options, CancellationToken cancellationToken)
    {
        var document = Write("CompleteMultipartUpload", xml =>
        {
            foreach (var part in parts)
            {
                xml.Start("Part");
                xml.Element("PartNumber", part.Number);
                xml.ETag("ETag", part.ETag);
                xml.End("Part");
            }
        });
        var call = new S3Call(HttpMethod.Post, "CompleteMultipartUpload", bucket, key) { Document = document, IsSlow = true }.With("uploadId", uploadId).Header("Content-Type", "application/xml");
        options.AddConditions(call);
        return new(ReadETag(await SendDocumentAsync(call, cancellationToken), "CompleteMultipartUploadResult"), null);
    }

    /// <summary>S3 API: AbortMultipartUpload. One that is not there counts as aborted.</summary>
    public async Task AbortUploadAsync(string bucket, string key, string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            await SendEmptyAsync(new S3Call(HttpMethod.Delete, "AbortMultipartUpload", bucket, key).With("uploadId", uploadId), "x-amz-request-id", cancellationToken);
        }
        catch (S3ClientException e) when (e.Kind == S3ErrorKind.NotFound)
        {
            // What was wanted.
        }
    }

    /// <summary>S3 API: ListMultipartUploads, all pages.</summary>
    /// <param name="prefix">Of the keys.</param>
    public async Task<IReadOnlyList<S3Upload>> ListUploadsAsync(string bucket, string prefix, CancellationToken cancellationToken)
    {
        var uploads = new List<S3Upload>();
        var pages = new HashSet<(string, string?)>();
        for ((string Key, string? Id)? next = null; ;)
        {
            var call = new S3Call(HttpMethod.Get, "ListMultipartUploads", bucket, null).With("uploads", null).With("encoding-type", "url").With("prefix", prefix)
                .WithOptional("key-marker", next?.Key).WithOptional("upload-id-marker", next?.Id);
            next = ListingDocuments.ParseUploads(await SendDocumentAsync(call, cancellationToken), uploads);
            if (next is not { } marker) return uploads;
            if (!pages.Add(marker) || uploads.Count > UploadCountMax) throw Endless("ListMultipartUploads");
        }
    }

    /// <summary>S3 API: ListParts, all pages.</summary>
    public async Task<IReadOnlyList<S3Part>> ListPartsAsync(string bucket, string key, string uploadId, CancellationToken cancellationToken)
    {
        var parts = new List<S3Part>();
        for (var marker = 0; ;)
        {
            var call = new S3Call(HttpMethod.Get, "ListParts", bucket, key).With("uploadId", uploadId).With("part-number-marker", marker.ToString(CultureInfo.InvariantCulture));
            var isTruncated = false;
            var before = marker;
            AnswerReader.Parse(await SendDocumentAsync(call, cancellationToken), "ListPartsResult", xml => xml.Children(name =>
            {
                switch (name)
                {
                    case "Part": parts.Add(ReadPart(xml)); break;
                    case "IsTruncated": isTruncated = xml.Flag(); break;
                    default: xml.Skip(); break;
                }

                if (parts.Count > PartCountMax) throw AnswerReader.Bad("there are more parts than an upload can have");
            }));
            if (!isTruncated) return parts;
            marker = parts.Count > 0 ? parts[^1].Number : 0;
            if (marker <= before) throw Endless("ListParts");
        }
    }

    /// <summary>In which parts an object was uploaded: what the same ETag needs ("MD5 of MD5s, -N").</summary>
    /// <returns>The parts' sizes in order; null when the service does not tell them.</returns>
    public async Task<IReadOnlyList<long>?> FindPartSizesAsync(string bucket, string key, string? versionId, S3ObjectInfo info, CancellationToken cancellationToken)
    {
        var dash = info.ETag.LastIndexOf('-');
        if (dash < 0 || !int.TryParse(info.ETag.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > PartCountMax) return null;
        try
        {
            var first = await HeadObjectAsync(bucket, key, versionId, 1, cancellationToken);
            if (first.ETag != info.ETag || first.PartCount != count) return null;
            // As nearly all tools cut: equal parts and a rest. The first and the last say so, and the ETag of what is made of them confirms it.
            var rest = info.Size - first.Length * (count - 1);
            var isRegular = rest > 0 && rest <= first.Length && (count <= 2 || (await HeadObjectAsync(bucket, key, versionId, count, cancellationToken)).Length == rest);
            if (isRegular || count == 1) return [.. Enumerable.Range(0, count).Select(i => i < count - 1 ? first.Length : rest)];

            var sizes = new long[count];
            sizes[0] = first.Length;
            for (var number = 2; number <= count; number++)
            {
                var part = await HeadObjectAsync(bucket, key, versionId, number, cancellationToken);
                if (part.ETag != info.ETag) return null;
                sizes[number - 1] = part.Length;
            }

            return sizes.Sum() == info.Size ? sizes : null;
        }
        catch (S3ClientException e) when (e.Kind is S3ErrorKind.Invalid or S3ErrorKind.NotSupported or S3ErrorKind.BadAnswer)
        {
            // The service has no part numbers on HEAD.
            return null;
        }
    }

    private static S3Part ReadPart(AnswerReader xml)
    {
        var part = new S3Part(0, 0, "");
        xml.Children(name =>
        {
            switch (name)
            {
                case "PartNumber": part = part with { Number = checked((int)xml.Number()) }; break;
                case "Size": part = part with { Size = xml.Number() }; break;
                case "ETag": part = part with { ETag = xml.ETag() }; break;
                default: xml.Skip(); break;
            }
        });
        return part.Number is >= 1 and <= PartCountMax ? part : throw AnswerReader.Bad("a part has no number");
    }
}
