using System.Collections.Immutable;
using Oort.Checksums;
using Oort.Gateway.Encryption;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetObjectAttributes: ETag, checksum, parts, class and size of an object, as far as asked for.</summary>
internal static class GetObjectAttributes
{
    private static readonly ImmutableArray<string> known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

    public static async ValueTask HandleAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var wanted = ReadNames(request);
        var limit = ReadNumber(request, "x-amz-max-parts", Limits.Page);
        var after = ReadNumber(request, "x-amz-part-number-marker", 0);
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var version = await context.FindVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);
        using var customer = await ObjectSealing.OpenReadAsync(context, request, version.Attributes, needsBytes: false, cancellationToken);
        if (!Conditions.CheckRead(request, version))
        {
            request.Http.Response.StatusCode = 304;
            ObjectHeaders.WriteValidators(request, bucket, version);
            return;
        }

        var headers = request.Http.Response.Headers;
        headers.LastModified = HttpDate.Format(version.LastModified);
        ObjectHeaders.WriteVersionId(headers, bucket.Versioning, version.IdText);
        await S3Xml.WriteAsync(
            Answers.Xml(request),
            new ObjectAttributesResult(
                wanted.Contains("ETag") ? version.ETag : null,
                wanted.Contains("Checksum") ? ShownChecksums.Of(version) : null,
                wanted.Contains("ObjectParts") ? Parts(version, after, Math.Min(limit, Limits.Page)) : null,
                wanted.Contains("StorageClass") ? version.StorageClass : null,
                wanted.Contains("ObjectSize") ? version.Size : null),
            cancellationToken);
    }

    /// <summary>Null for an object that was put whole.</summary>
    private static ObjectPartsResult? Parts(VersionRow version, int after, int limit)
    {
        var parts = ObjectParts.Of(version);
        if (parts.Count == 0) return null;
        var algorithm = version.Attributes.Checksum?.Algorithm ?? ChecksumAlgorithm.None;
        var rest = parts.Where(part => part.Number > after).ToList();
        var page = rest.Take(limit).ToList();
        return new(
            parts.Count,
            after,
            page.Count == 0 ? after : page[^1].Number,
            limit,
            rest.Count > page.Count,
            page.Select(part => new ListedPart(
                part.Number,
                version.LastModified,
                "",
                part.Length,
                part.Checksum.IsEmpty ? ChecksumAlgorithm.None : algorithm,
                part.Checksum.IsEmpty ? null : Convert.ToBase64String(part.Checksum.AsSpan()))));
    }

    private static HashSet<string> ReadNames(S3Request request)
    {
        var header = request.Header("x-amz-object-attributes");
        var names = (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        if (names.Count == 0 || names.Any(name => !known.Contains(name)))
            throw Arguments.Invalid("x-amz-object-attributes", header ?? "", "Invalid attribute name specified.");
        return names;
    }

    private static int ReadNumber(S3Request request, string header, int fallback) =>
        request.Header(header) is { } text ? Arguments.Number(text, header, 0, int.MaxValue) : fallback;
}
