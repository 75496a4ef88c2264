using System.Globalization;
using Oort.Gateway.Encryption;
using Oort.Gateway.Locks;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetObject and HeadObject, which differ in the body only.</summary>
internal static class GetObject
{
    public static ValueTask HandleGetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken) =>
        HandleAsync(context, request, hasBody: true, cancellationToken);

    public static ValueTask HandleHeadAsync(OperationContext context, S3Request request, CancellationToken cancellationToken) =>
        HandleAsync(context, request, hasBody: false, cancellationToken);

    /// <remarks>1. Find the version, with where its data lies, and decide the conditions. 2. Pin its data. 3. Set the headers. 4. Send the bytes.</remarks>
    private static async ValueTask HandleAsync(OperationContext context, S3Request request, bool hasBody, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            // 1.
            if (await FindAsync(context, request, bucket, cancellationToken) is not { } found) return;
            var version = found.Version;
            var range = ReadRange.Of(request, version);
            using var customer = await ObjectSealing.OpenReadAsync(context, request, version.Attributes, hasBody, cancellationToken);
            if (hasBody) ArchivedObjects.CheckReadable(context, version);

            // 2.
            string durability;
            IObjectReader? reader = null;
            try
            {
                if (hasBody && range.Bytes.Length > 0)
                    reader = await context.Layer.OpenAsync(found, range.Bytes.Offset, range.Bytes.Length, customer, cancellationToken);
                durability = reader?.Durability ?? await context.Layer.GetDurabilityAsync(found, cancellationToken);
            }
            catch (VersionGoneException) when (attempt < OperationContext.AttemptCountMax)
            {
                continue;
            }

            await using (reader)
            {
                // 3.
                Describe(request, bucket, version, range, durability);
                LifecycleHeaders.WriteExpiration(context, request, bucket, version);
                LockHeaders.Write(context, request, bucket, version);
                ArchivedObjects.WriteRestore(request.Http.Response.Headers, version, context.Time.GetUtcNow());
                if (reader is null) return;

                // 4. Nothing is flushed before the first bytes are there, so that an object that cannot be read still gets its error, and a small one goes out with its
                // headers. The last bytes are flushed here: at the end of a request that has begun its answer, the server does not.
                var writer = request.Http.Response.BodyWriter;
                await reader.CopyToAsync(range.Bytes.Offset, range.Bytes.Length, writer, cancellationToken);
                await writer.FlushAsync(cancellationToken);
                return;
            }
        }
    }

    /// <returns>Null: the answer is 304 and complete.</returns>
    private static async ValueTask<FoundVersion?> FindAsync(OperationContext context, S3Request request, BucketRow bucket, CancellationToken cancellationToken)
    {
        var found = await context.OpenVersionAsync(request, bucket, request.Query("versionId"), cancellationToken);
        if (Conditions.CheckRead(request, found.Version)) return found;
        request.Http.Response.StatusCode = 304;
        ObjectHeaders.WriteValidators(request, bucket, found.Version);
        return null;
    }

    /// <summary>Sets status and headers of an answer with a version.</summary>
    public static void Describe(S3Request request, BucketRow bucket, VersionRow version, ReadRange range, string durability)
    {
        var response = request.Http.Response;
        ObjectHeaders.Write(request, bucket, version);
        response.Headers["x-oort-durability"] = durability;
        response.ContentLength = range.Bytes.Length;
        if (range.PartCount > 0) response.Headers["x-amz-mp-parts-count"] = range.PartCount.ToString(CultureInfo.InvariantCulture);
        if (range.Bytes.Outcome == RangeOutcome.Partial)
        {
            response.StatusCode = 206;
            response.Headers.ContentRange = range.Bytes.ContentRange(version.Size);
        }

        if (string.Equals(request.Header("x-amz-checksum-mode"), "ENABLED", StringComparison.OrdinalIgnoreCase)) WriteChecksum(request, version, range);
    }

    /// <summary>The checksum of what is sent: the object's with the whole of it, the part's with a part, none with any other range, whose reader would find it wrong.</summary>
    private static void WriteChecksum(S3Request request, VersionRow version, ReadRange range)
    {
        if (version.Attributes.Checksum is not { } checksum) return;
        string value;
        if (range.Part is { } part)
        {
            if (part.Checksum.IsEmpty) return;
            value = Convert.ToBase64String(part.Checksum.AsSpan());
        }
        else if (range.Bytes.Length == version.Size)
        {
            value = ShownChecksums.Text(checksum, version.ETag);
        }
        else
        {
            return;
        }

        var headers = request.Http.Response.Headers;
        headers[ChecksumNames.Header(checksum.Algorithm)] = value;
        headers["x-amz-checksum-type"] = ChecksumNames.TypeName(checksum.Type);
    }
}
