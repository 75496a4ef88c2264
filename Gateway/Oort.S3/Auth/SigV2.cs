using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>The arithmetic of AWS Signature Version 2, which old tools use (S3 Developer Guide: "Signing and authenticating REST requests"). Pure.</summary>
/// <remarks>It covers less than Version 4: the method, the path, some of the query, Content-MD5, Content-Type, the time and the x-amz- headers; never the body.</remarks>
internal static class SigV2
{
    public const string Scheme = "AWS";

    /// <summary>Bytes of a signature.</summary>
    public const int Size = HMACSHA1.HashSizeInBytes;

    private const string HeaderPrefix = "x-amz-";

    // Those of the guide's list, and those that the SDKs of its time signed besides (storageClass and defaultObjectAcl, which S3 has not, left out).
    private static readonly FrozenSet<string> SignedParameters = new[]
    {
        "accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires", "restore", "select", "select-type", "tagging", "torrent", "uploadId", "uploads", "versionId",
        "versioning", "versions", "website",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a signature covers this parameter of the query. A request that does something else because of one that it does not cover could be made of somebody's signature for another.</summary>
    public static bool Covers(string parameter) => SignedParameters.Contains(parameter);

    /// <summary>What is signed.</summary>
    /// <param name="date">The value of Date; "" where x-amz-date is there; of a signature in the query that of Expires.</param>
    /// <param name="isQuery">The signature is in the query, which may then hold what would be headers.</param>
    /// <param name="path">The path to sign in place of the one that was sent; null: that one.</param>
    public static string StringToSign(S3Target target, IHeaderDictionary headers, string date, bool isQuery, string? path = null)
    {
        var text = new StringBuilder(256);
        text.Append(target.Method).Append('\n')
            .Append(Find(target.Query, headers, "Content-MD5", isQuery)).Append('\n')
            .Append(Find(target.Query, headers, "Content-Type", isQuery)).Append('\n')
            .Append(date).Append('\n');
        foreach (var (name, value) in SignedHeaders(target.Query, headers, isQuery))
            text.Append(name).Append(':').Append(value).Append('\n');
        AppendResource(text, target, path ?? target.RawPath);
        return text.ToString();
    }

    /// <summary>The x-amz- headers that are signed, by lower-case name: several of one name joined by commas.</summary>
    public static List<KeyValuePair<string, string>> SignedHeaders(S3Query query, IHeaderDictionary headers, bool isQuery)
    {
        var signed = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in headers)
        {
            if (name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
                signed.Add(new(name.ToLowerInvariant(), string.Join(',', values.Select(static value => value?.Trim(' ', '\t')))));
        }

        foreach (var (name, value, _) in query)
        {
            // The first of a name counts, as it does when the request is carried out, and none that cannot be a header.
            var counts = isQuery && name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase) && !signed.Exists(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)) && IsHeaderValue(value);
            if (counts)
                signed.Add(new(name.ToLowerInvariant(), value.Trim(' ', '\t')));
        }

        signed.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return signed;
    }

    /// <summary>A header, or what the query has in its place.</summary>
    public static string Find(S3Query query, IHeaderDictionary headers, string name, bool isQuery)
    {
        if (headers.TryGetValue(name, out var values))
            return values.ToString();
        foreach (var parameter in query)
        {
            if (isQuery && parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && IsHeaderValue(parameter.Value))
                return parameter.Value;
        }

        return "";
    }

    [SuppressMessage("Security", "CA5350", Justification = "The protocol's; as a message authentication code it is not broken.")]
    public static void Sign(string secret, string stringToSign, Span<byte> signature)
    {
        var key = Encoding.UTF8.GetBytes(secret);
        HMACSHA1.HashData(key, Encoding.UTF8.GetBytes(stringToSign), signature);
        CryptographicOperations.ZeroMemory(key);
    }

    // The bucket of a virtual host, the path as it was sent, and what of the query is covered, by name; values not encoded.
    private static void AppendResource(StringBuilder text, S3Target target, string path)
    {
        if (target.HostBucket is { } bucket)
            text.Append('/').Append(bucket);
        text.Append(path);
        var mark = '?';
        foreach (var (name, value, hasValue) in target.Query.Where(static parameter => Covers(parameter.Name)).OrderBy(static parameter => parameter.Name, StringComparer.Ordinal))
        {
            text.Append(mark).Append(name);
            // "?acl=" is signed as "?acl" is: clients send either.
            if (hasValue && value.Length > 0)
                text.Append('=').Append(value);
            mark = '&';
        }
    }

    // A line's end within a value would make several signed lines of one.
    private static bool IsHeaderValue(string value) => !value.AsSpan().ContainsAny('\r', '\n', '\0');
}
