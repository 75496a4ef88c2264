using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Gateway.Encryption;
using Oort.Gateway.Websites;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What an object carries besides its bytes, as headers: in from PUT, copy and multipart, out on GET and HEAD.</summary>
internal static class ObjectHeaders
{
    /// <summary>The content type of an object whose writer named none (S3 API: PutObject).</summary>
    private const string DefaultContentType = "binary/octet-stream";

    /// <summary>S3 user guide: "Setting an object redirect".</summary>
    private const int RedirectLengthMax = 2048;

    private const string ContentEncoding = "content-encoding";

    /// <summary>System headers that are kept as the client sent them, and what a GET replaces each by (S3 API: GetObject, "response-…").</summary>
    private static readonly ImmutableArray<(string Header, string Override)> kept =
    [
        ("cache-control", "response-cache-control"),
        ("content-disposition", "response-content-disposition"),
        (ContentEncoding, "response-content-encoding"),
        ("content-language", "response-content-language"),
        ("content-type", "response-content-type"),
        ("expires", "response-expires"),
    ];

    /// <summary>Reads the headers of a write.</summary>
    /// <exception cref="S3Exception">MetadataTooLarge, InvalidRedirectLocation.</exception>
    public static ObjectAttributes Read(S3Request request)
    {
        var headers = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, _) in kept)
        {
            var value = request.Header(name);
            if (name == ContentEncoding) value = S3Headers.StoredContentEncoding(value);
            if (!string.IsNullOrEmpty(value)) headers[name] = MetadataText.Decode(value);
        }

        if (request.Header(WebsiteService.RedirectHeader) is { Length: > 0 } location) headers[WebsiteService.RedirectHeader] = CheckedRedirect(location);
        return ObjectAttributes.Empty with
        {
            Headers = headers.ToImmutable(),
            UserMetadata = S3Headers.UserMetadata(request).ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    /// <summary>Sets what GET and HEAD say of a version, except lengths and checksums, and with the query's response-… in place of what is stored.</summary>
    /// <exception cref="S3Exception">InvalidArgument: a value that no header can have.</exception>
    public static void Write(S3Request request, BucketRow bucket, VersionRow version)
    {
        var headers = request.Http.Response.Headers;
        headers.ContentType = DefaultContentType;
        foreach (var (name, value) in version.Attributes.Headers) headers[name] = MetadataText.Encode(value);
        foreach (var (name, value) in version.Attributes.UserMetadata) headers[S3Headers.MetadataPrefix + name] = MetadataText.Encode(value);
        foreach (var (name, query) in kept)
        {
            if (request.Query(query) is not { Length: > 0 } value) continue;
            if (value.Any(char.IsControl)) throw Arguments.Invalid(query, value, "Header value cannot be represented.");
            headers[name] = MetadataText.Encode(value);
        }

        Imports.ImportedFrom.Write(headers, version.Attributes);
        headers.AcceptRanges = "bytes";
        EncryptionHeaders.Write(request, version.Attributes, isWrite: false);
        if (version.StorageClass != StorageClasses.Standard) headers["x-amz-storage-class"] = version.StorageClass;
        if (ObjectTags.Get(version.Attributes) is { Count: > 0 } tags) headers["x-amz-tagging-count"] = tags.Count.ToString(CultureInfo.InvariantCulture);
        WriteValidators(request, bucket, version);
    }

    /// <summary>ETag, time and version id: what also a 304 says (RFC 9110 §15.4.5).</summary>
    public static void WriteValidators(S3Request request, BucketRow bucket, VersionRow version)
    {
        var headers = request.Http.Response.Headers;
        headers.ETag = Quote(version.ETag);
        headers.LastModified = HttpDate.Format(version.LastModified);
        WriteVersionId(headers, bucket.Versioning, version.IdText);
    }

    private static string CheckedRedirect(string location)
    {
        var isAddress = location[0] == '/' || location.StartsWith("http://", StringComparison.Ordinal) || location.StartsWith("https://", StringComparison.Ordinal);
        if (!isAddress || location.Any(character => character is <= ' ' or > '~')) throw new S3Exception(S3Errors.InvalidRedirectLocation);
        return location.Length <= RedirectLengthMax ? location : throw new S3Exception(S3Errors.InvalidRedirectLocation, $"The length of website redirect location cannot exceed {RedirectLengthMax} characters.");
    }

    /// <summary>x-amz-version-id, which buckets that were never versioned do not send.</summary>
    public static void WriteVersionId(IHeaderDictionary headers, VersioningState versioning, string versionId)
    {
        if (versioning != VersioningState.Unversioned) headers["x-amz-version-id"] = versionId;
    }

    public static string Quote(string etag) => $"\"{etag}\"";
}
