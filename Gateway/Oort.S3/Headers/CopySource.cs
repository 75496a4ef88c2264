namespace Oort.S3;

/// <summary>What x-amz-copy-source (or x-amz-rename-source) names.</summary>
/// <param name="VersionId">Null for the current version.</param>
public sealed record CopySourceHeader(string Bucket, string Key, string? VersionId)
{
    private const string VersionParameter = "?versionId=";

    /// <summary>Reads the percent-encoded form <c>[/]bucket/key[?versionId=id]</c>.</summary>
    /// <exception cref="S3Exception">InvalidArgument: no bucket or key, or not decodable; NotImplemented: an access point's ARN.</exception>
    public static CopySourceHeader Parse(string header)
    {
        var text = header.AsSpan().Trim();
        string? version = null;
        // The parameter is split off before decoding: an encoded %3FversionId= belongs to the key.
        var mark = text.LastIndexOf(VersionParameter, StringComparison.Ordinal);
        if (mark >= 0)
        {
            if (!UrlEncoding.TryDecode(text[(mark + VersionParameter.Length)..], plusIsSpace: false, out version) || version.Length == 0)
                throw new S3Exception(S3Errors.InvalidArgument, "Version id cannot be the empty string", ("ArgumentName", "x-amz-copy-source"), ("ArgumentValue", header));
            text = text[..mark];
        }

        if (!UrlEncoding.TryDecode(text, plusIsSpace: false, out var decoded))
            throw Invalid(header);
        if (decoded.StartsWith("arn:", StringComparison.Ordinal))
            throw new S3Exception(S3Errors.NotImplemented, "Access points as a copy source are not implemented.");
        var start = decoded.StartsWith('/') ? 1 : 0;
        var slash = decoded.IndexOf('/', start);
        if (slash <= start || slash == decoded.Length - 1)
            throw Invalid(header);
        var bucket = decoded[start..slash];
        var key = decoded[(slash + 1)..];
        BucketNames.Check(bucket);
        ObjectKeys.Check(key);
        return new CopySourceHeader(bucket, key, version);
    }

    private static S3Exception Invalid(string header) =>
        new(S3Errors.InvalidArgument, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", ("ArgumentName", "x-amz-copy-source"), ("ArgumentValue", header));
}
