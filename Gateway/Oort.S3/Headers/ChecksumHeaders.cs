using Oort.Checksums;

namespace Oort.S3;

/// <summary>The checksum that a request with a body announces.</summary>
/// <param name="Value">Decoded, from the header; null when it comes in a trailer or only the algorithm was named.</param>
/// <param name="InTrailer">The value follows the body as a trailer.</param>
public sealed record RequestChecksum(ChecksumAlgorithm Algorithm, byte[]? Value, bool InTrailer)
{
    /// <summary>Characters of SHA-512 in Base64, the longest value.</summary>
    public const int TextLengthMax = 88;

    /// <summary>Bytes that so many characters may be.</summary>
    public const int ValueSizeMax = TextLengthMax / 4 * 3;

    private const string Prefix = "x-amz-checksum-";
    private const string AlgorithmHeader = "x-amz-sdk-checksum-algorithm";
    private const string CreateAlgorithmHeader = "x-amz-checksum-algorithm";

    /// <summary>Reads x-amz-checksum-…, x-amz-trailer and x-amz-sdk-checksum-algorithm of a request with a body.</summary>
    /// <returns>Null when none is announced.</returns>
    /// <exception cref="S3Exception">InvalidRequest: more than one, one that is not the announced algorithm's, or a trailer that is no checksum. BadDigest: a value that is not base64 of the right length.</exception>
    public static RequestChecksum? Parse(S3Request request)
    {
        RequestChecksum? found = null;
        foreach (var (header, value) in request.Http.Request.Headers)
        {
            if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || FromName(header) is not { } algorithm)
                continue;
            if (found is not null || value.Count != 1)
                throw Multiple();
            found = new RequestChecksum(algorithm, DecodeValue(algorithm, value.ToString()), InTrailer: false);
        }

        foreach (var trailer in request.AnnouncedTrailers)
        {
            if (!trailer.StartsWith(Prefix, StringComparison.Ordinal) || FromName(trailer) is not { } algorithm)
                throw new S3Exception(S3Errors.InvalidRequest, "The value specified in the x-amz-trailer header is not supported");
            if (found is not null)
                throw Multiple();
            found = new RequestChecksum(algorithm, null, InTrailer: true);
        }

        if (request.Header(AlgorithmHeader) is { Length: > 0 } announced)
        {
            var algorithm = ChecksumNames.Parse(announced);
            // Without a value S3 refuses; here the checksum is then computed and stored.
            if (found is null)
                return new RequestChecksum(algorithm, null, InTrailer: false);
            if (found.Algorithm != algorithm)
                throw new S3Exception(S3Errors.InvalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid.");
        }

        return found;
    }

    /// <summary>Reads x-amz-checksum-algorithm (CreateMultipartUpload, CopyObject).</summary>
    /// <returns>None when it is not given.</returns>
    public static ChecksumAlgorithm ParseAlgorithm(S3Request request) =>
        request.Header(CreateAlgorithmHeader) is { Length: > 0 } name ? ChecksumNames.Parse(name) : ChecksumAlgorithm.None;

    /// <summary>Reads x-amz-checksum-type; null when it is not given.</summary>
    public static ChecksumType? ParseType(S3Request request) =>
        request.Header("x-amz-checksum-type") is { Length: > 0 } name ? ChecksumNames.ParseType(name) : null;

    /// <summary>The trailer's value once the body has been read whole; null when it did not come.</summary>
    /// <exception cref="S3Exception">BadDigest: it is not base64 of the right length.</exception>
    public byte[]? FromTrailer(S3Request request) =>
        request.Trailers.TryGetValue(ChecksumNames.Header(Algorithm), out var value) ? DecodeValue(Algorithm, value) : null;

    /// <summary>Decodes a value.</summary>
    /// <exception cref="S3Exception">BadDigest: it is not base64 of the right length.</exception>
    public static byte[] DecodeValue(ChecksumAlgorithm algorithm, string text)
    {
        Span<byte> bytes = stackalloc byte[ValueSizeMax];
        if (text.Length > TextLengthMax || !Convert.TryFromBase64String(text, bytes, out var length) || length != algorithm.Size())
            throw new S3Exception(S3Errors.BadDigest, $"Value for {ChecksumNames.Header(algorithm)} header is invalid: it is no {ChecksumNames.Name(algorithm)} in base64.");
        return bytes[..length].ToArray();
    }

    // Null for the headers of that prefix that carry no checksum.
    private static ChecksumAlgorithm? FromName(string header)
    {
        var name = header[Prefix.Length..];
        if (name.Equals("algorithm", StringComparison.OrdinalIgnoreCase) || name.Equals("type", StringComparison.OrdinalIgnoreCase) || name.Equals("mode", StringComparison.OrdinalIgnoreCase))
            return null;
        return ChecksumNames.Parse(name);
    }

    private static S3Exception Multiple() => new(S3Errors.InvalidRequest, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
}
