using System.Globalization;
using Microsoft.AspNetCore.Http;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Stored checksums as answers show them.</summary>
internal static class ShownChecksums
{
    /// <summary>Base64; a composite one with "-N" after it, N the number of parts, which the ETag has too.</summary>
    public static string Text(StoredChecksum checksum, string etag)
    {
        var text = Convert.ToBase64String(checksum.Value.AsSpan());
        return checksum.Type == Oort.Checksums.ChecksumType.Composite
            ? string.Create(CultureInfo.InvariantCulture, $"{text}-{ObjectParts.CountOf(etag)}")
            : text;
    }

    /// <summary>A version's checksum for an XML answer; null when it has none.</summary>
    public static ShownChecksum? Of(VersionRow version) =>
        version.Attributes.Checksum is { } checksum ? new(checksum.Algorithm, Text(checksum, version.ETag), checksum.Type) : null;

    /// <summary>Sets a version's checksum and its type as headers of a write's answer.</summary>
    public static void Write(IHeaderDictionary headers, VersionRow version)
    {
        if (version.Attributes.Checksum is not { } checksum) return;
        headers[ChecksumNames.Header(checksum.Algorithm)] = Text(checksum, version.ETag);
        headers["x-amz-checksum-type"] = ChecksumNames.TypeName(checksum.Type);
    }
}
