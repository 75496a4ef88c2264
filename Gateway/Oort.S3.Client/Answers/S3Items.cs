namespace Oort.S3.Client;

public sealed record S3BucketItem(string Name, DateTimeOffset Created);

/// <summary>An object as a listing shows it.</summary>
/// <param name="ETag">Without quotes.</param>
/// <param name="StorageClass">STANDARD where the service does not say.</param>
public sealed record S3Item(string Key, long Size, string ETag, DateTimeOffset LastModified, string StorageClass);

/// <param name="IsDeleteMarker">Then size and ETag say nothing.</param>
public sealed record S3VersionItem(string Key, string VersionId, bool IsLatest, bool IsDeleteMarker, long Size, string ETag, DateTimeOffset LastModified, string StorageClass);

/// <param name="NextToken">Null: this was the last page.</param>
public sealed record S3Page<T>(IReadOnlyList<T> Items, IReadOnlyList<string> CommonPrefixes, string? NextToken);

internal sealed record S3VersionPage(IReadOnlyList<S3VersionItem> Items, string? NextKey, string? NextVersion);

/// <summary>A part of an upload in progress.</summary>
/// <param name="ETag">Without quotes.</param>
public sealed record S3Part(int Number, long Size, string ETag);

/// <summary>An upload in progress, as a listing shows it.</summary>
public sealed record S3Upload(string Key, string UploadId, DateTimeOffset Initiated);

/// <summary>What became of one key of a DeleteObjects.</summary>
/// <param name="Code">Why it was not deleted; null when it was.</param>
public sealed record S3DeleteOutcome(string Key, string? VersionId, string? Code, string? Message);

/// <summary>What HEAD and GET say of an object.</summary>
public sealed record S3ObjectInfo
{
    /// <summary>Bytes of the whole object.</summary>
    public required long Size { get; init; }

    /// <summary>Without quotes; "" where the service gives none.</summary>
    public required string ETag { get; init; }

    /// <summary>The Unix epoch where the service does not say.</summary>
    public required DateTimeOffset LastModified { get; init; }

    /// <summary>content-type, content-encoding, content-disposition, content-language, cache-control and expires, as sent, RFC 2047 words decoded.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>By lower-case name without "x-amz-meta-", RFC 2047 words decoded.</summary>
    public required IReadOnlyDictionary<string, string> UserMetadata { get; init; }

    public string? VersionId { get; init; }

    public string StorageClass { get; init; } = "STANDARD";

    /// <summary>x-amz-restore; null where the object is not being restored.</summary>
    public string? Restore { get; init; }

    /// <summary>Count of tags; 0 where there are none or the service does not say.</summary>
    public int TagCount { get; init; }

    /// <summary>Parts it was uploaded in, where a part was asked for; 0 otherwise.</summary>
    public int PartCount { get; init; }

    /// <summary>Bytes of this answer's body: of the object, or of what was asked for.</summary>
    public long Length { get; init; }

    /// <summary>A checksum of the whole object's bytes; null where the service gives none, or one of its parts' checksums only.</summary>
    public ShownChecksum? Checksum { get; init; }

    /// <summary>x-amz-server-side-encryption; null where the service does not say.</summary>
    public string? Encryption { get; init; }

    /// <summary>Whether the ETag is the MD5 of the bytes (S3 API: Object, "ETag"): not of objects in parts, and not under keys of the client or a key service.</summary>
    public bool IsETagMd5 => ETag.Length == 32 && ETag.All(char.IsAsciiHexDigit) && Encryption is null or "AES256";
}

/// <summary>An object whose bytes come.</summary>
/// <param name="Body">Ends when all bytes came and are right; otherwise it throws <see cref="S3ClientException"/>.</param>
public sealed record S3Download(S3ObjectInfo Info, Stream Body) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Body.DisposeAsync();
}

/// <summary>What a put, copy or complete made.</summary>
/// <param name="ETag">Without quotes.</param>
public sealed record S3Stored(string ETag, string? VersionId);
