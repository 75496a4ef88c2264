namespace Oort.S3.Client;

/// <summary>What an object gets besides its bytes.</summary>
public sealed record S3PutOptions
{
    public static S3PutOptions None { get; } = new();

    /// <summary>content-type, content-encoding, content-disposition, content-language, cache-control, expires. Text outside ASCII goes out as RFC 2047 words.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Names without "x-amz-meta-".</summary>
    public IReadOnlyDictionary<string, string> UserMetadata { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<S3Tag> Tags { get; init; } = [];

    /// <summary>Null: the service's default.</summary>
    public string? StorageClass { get; init; }

    /// <summary>ETag (no quotes) that the present object must have; null: no condition.</summary>
    public string? IfMatch { get; init; }

    /// <summary>There must be no such key.</summary>
    public bool IfNone { get; init; }

    internal void AddTo(S3Call call, bool withConditions)
    {
        foreach (var (name, value) in Headers) call.Header(name, MetadataText.Encode(value));
        foreach (var (name, value) in UserMetadata) call.Header(S3Headers.MetadataPrefix + name, MetadataText.Encode(value));
        if (Tags.Count > 0) call.Header("x-amz-tagging", string.Join('&', Tags.Select(tag => $"{UrlEncoding.Encode(tag.Key, keepSlash: false)}={UrlEncoding.Encode(tag.Value, keepSlash: false)}")));
        call.Header("x-amz-storage-class", StorageClass);
        if (withConditions) AddConditions(call);
    }

    internal void AddConditions(S3Call call)
    {
        if (IfMatch is not null) call.Header("If-Match", $"\"{IfMatch}\"");
        if (IfNone) call.Header("If-None-Match", "*");
    }
}
