using System.Globalization;
using Oort.Checksums;

namespace Oort.S3.Client;

/// <summary>Reads what an answer's headers say of an object.</summary>
internal static class ObjectHeaders
{
    private static readonly string[] kept = ["content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires"];

    /// <exception cref="S3ClientException">BadAnswer: no length, or a range that is none.</exception>
    public static S3ObjectInfo Read(S3Exchange exchange)
    {
        var length = exchange.Response.Content.Headers.ContentLength ?? throw AnswerReader.Bad("it does not say its length");
        var size = exchange.Response.Content.Headers.ContentRange is { } range ? range.Length ?? throw AnswerReader.Bad("it does not say the object's length") : length;
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in kept)
            if (exchange.Header(name) is { Length: > 0 } value) headers[name] = MetadataText.Decode(value);

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in exchange.Response.Headers.NonValidated)
        {
            if (name.StartsWith(S3Headers.MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                metadata[name[S3Headers.MetadataPrefix.Length..].ToLowerInvariant()] = MetadataText.Decode(values.ToString());
        }

        return new()
        {
            Size = size,
            Length = length,
            ETag = (exchange.Header("ETag") ?? "").Trim().Trim('"'),
            LastModified = HttpDate.TryParse(exchange.Header("Last-Modified"), out var modified) ? modified : DateTimeOffset.UnixEpoch,
            Headers = headers,
            UserMetadata = metadata,
            VersionId = exchange.Header("x-amz-version-id"),
            StorageClass = exchange.Header("x-amz-storage-class") ?? "STANDARD",
            Restore = exchange.Header("x-amz-restore"),
            TagCount = Number(exchange.Header("x-amz-tagging-count")),
            PartCount = Number(exchange.Header("x-amz-mp-parts-count")),
            Checksum = ReadChecksum(exchange),
            Encryption = exchange.Header("x-amz-server-side-encryption") ?? (exchange.Header("x-amz-server-side-encryption-customer-algorithm") is null ? null : "customer"),
        };
    }

    /// <summary>A checksum of all the bytes. Composite ones are of checksums; they are told by their type, or by the "-N" at their end.</summary>
    private static ShownChecksum? ReadChecksum(S3Exchange exchange)
    {
        if (string.Equals(exchange.Header("x-amz-checksum-type"), "COMPOSITE", StringComparison.OrdinalIgnoreCase)) return null;
        Span<byte> bytes = stackalloc byte[RequestChecksum.ValueSizeMax];
        foreach (var algorithm in ChecksumNames.All)
        {
            if (exchange.Header(ChecksumNames.Header(algorithm)) is not { } value) continue;
            if (value.Length <= RequestChecksum.TextLengthMax && Convert.TryFromBase64String(value, bytes, out var length) && length == algorithm.Size()) return new(algorithm, value, ChecksumType.FullObject);
        }

        return null;
    }

    private static int Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
