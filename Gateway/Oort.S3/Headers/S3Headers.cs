using System.Text;

namespace Oort.S3;

/// <summary>Reads the headers that need more than their text.</summary>
public static class S3Headers
{
    public const string MetadataPrefix = "x-amz-meta-";

    /// <summary>S3's limit for user metadata: bytes of names (without the prefix) and values together.</summary>
    public const int MetadataSizeMax = 2048;

    /// <summary>S3's limits for an object's tags.</summary>
    public const int TagCountMax = 10;
    public const int TagKeyLengthMax = 128;
    public const int TagValueLengthMax = 256;

    /// <summary>Reads Content-MD5.</summary>
    /// <returns>16 bytes; null when it is not given.</returns>
    /// <exception cref="S3Exception">InvalidDigest.</exception>
    public static byte[]? ContentMd5(S3Request request)
    {
        if (request.Header("Content-MD5") is not { } text)
            return null;
        Span<byte> bytes = stackalloc byte[32];
        if (text.Length > 32 || !Convert.TryFromBase64String(text.Trim(), bytes, out var length) || length != 16)
            throw new S3Exception(S3Errors.InvalidDigest, null, ("Content-MD5", text));
        return bytes[..16].ToArray();
    }

    /// <summary>Content-Encoding as it is to be stored: without "aws-chunked", which described only the transfer.</summary>
    /// <returns>Null when nothing is left.</returns>
    public static string? StoredContentEncoding(string? header)
    {
        if (header is null || !header.Contains("aws-chunked", StringComparison.OrdinalIgnoreCase))
            return string.IsNullOrWhiteSpace(header) ? null : header;
        var kept = header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(static coding => !coding.Equals("aws-chunked", StringComparison.OrdinalIgnoreCase));
        var text = string.Join(',', kept);
        return text.Length == 0 ? null : text;
    }

    /// <summary>Reads x-amz-meta-…: lower-case names without the prefix, values with RFC 2047 words decoded.</summary>
    /// <exception cref="S3Exception">MetadataTooLarge.</exception>
    public static SortedDictionary<string, string> UserMetadata(S3Request request)
    {
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var size = 0;
        foreach (var (header, value) in request.Http.Request.Headers)
        {
            if (!header.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            var name = header[MetadataPrefix.Length..].ToLowerInvariant();
            var text = MetadataText.Decode(value.ToString());
            size += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(text);
            if (size > MetadataSizeMax)
                throw new S3Exception(S3Errors.MetadataTooLarge, null, ("Size", size.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("MaxSizeAllowed", "2048"));
            metadata[name] = text;
        }

        return metadata;
    }

    /// <summary>Reads x-amz-tagging: <c>k1=v1&amp;k2=v2</c>, percent-encoded.</summary>
    /// <exception cref="S3Exception">InvalidArgument: not decodable; InvalidTag: too long, twice, or more than ten.</exception>
    public static IReadOnlyList<S3Tag> Tagging(string? header)
    {
        if (string.IsNullOrEmpty(header))
            return [];
        var tags = new List<S3Tag>();
        foreach (var range in header.AsSpan().Split('&'))
        {
            var pair = header.AsSpan(range);
            if (pair.IsEmpty)
                continue;
            var equals = pair.IndexOf('=');
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? default : pair[(equals + 1)..];
            if (!UrlEncoding.TryDecode(name, plusIsSpace: true, out var key) || !UrlEncoding.TryDecode(value, plusIsSpace: true, out var text))
                throw new S3Exception(S3Errors.InvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", ("ArgumentName", "x-amz-tagging"));
            AddTag(new S3Tag(key, text), tags);
        }

        return tags;
    }

    // Adds a tag to those before it, if it keeps S3's limits.
    internal static void AddTag(S3Tag tag, List<S3Tag> before, int countMax = TagCountMax)
    {
        var (key, value) = tag;
        if (key.Length is 0 or > TagKeyLengthMax)
            throw new S3Exception(S3Errors.InvalidTag, "The TagKey you have provided is invalid", ("TagKey", key));
        if (value.Length > TagValueLengthMax)
            throw new S3Exception(S3Errors.InvalidTag, "The TagValue you have provided is invalid", ("TagKey", key), ("TagValue", value));
        if (before.Any(other => other.Key == key))
            throw new S3Exception(S3Errors.InvalidTag, "Cannot provide multiple Tags with the same key", ("TagKey", key));
        if (before.Count == countMax)
            throw new S3Exception(S3Errors.InvalidTag, countMax == TagCountMax ? "Object tags cannot be greater than 10" : $"Bucket tag count cannot be greater than {countMax}");
        before.Add(tag);
    }
}
