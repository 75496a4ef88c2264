using System.Globalization;
using System.Text.Json;
using Oort.Metadata;

namespace Oort.Gateway.Imports;

/// <summary>Where an object came from. Kept as its attribute "import", in JSON, and shown as x-oort-source-… headers; an object that is written anew here has none.</summary>
/// <param name="ETag">The source's, without quotes. The object's own is the same unless the source's is no MD5 (keys of a key service) or its parts are not known.</param>
public sealed record ImportedFrom(string ETag, DateTimeOffset LastModified)
{
    private const string Extension = "import";

    public static ImportedFrom? Of(ObjectAttributes attributes) =>
        attributes.Extensions.TryGetValue(Extension, out var bytes) ? JsonSerializer.Deserialize<ImportedFrom>(bytes.AsSpan(), AdminJson.Options) : null;

    public ObjectAttributes PutInto(ObjectAttributes attributes) =>
        attributes with { Extensions = attributes.Extensions.SetItem(Extension, [.. JsonSerializer.SerializeToUtf8Bytes(this, AdminJson.Options)]) };

    /// <summary>Sets x-oort-source-etag and x-oort-source-last-modified (RFC 3339) where an object has them.</summary>
    public static void Write(Microsoft.AspNetCore.Http.IHeaderDictionary headers, ObjectAttributes attributes)
    {
        if (Of(attributes) is not { } from) return;
        headers["x-oort-source-etag"] = $"\"{from.ETag}\"";
        headers["x-oort-source-last-modified"] = from.LastModified.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }
}
