namespace Oort.Gateway.Operations;

/// <summary>The limits that S3 documents ("Amazon S3 multipart upload limits", "ListObjectsV2", "ListBuckets"); those of documents and headers are with their parsers.</summary>
internal static class Limits
{
    /// <summary>Bytes of one PUT, one part or one CopyObject: 5 GiB.</summary>
    public const long SinglePut = 5L << 30;

    /// <summary>Bytes of an object: 5 TiB.</summary>
    public const long Object = 5L << 40;

    public const int PartCount = 10_000;

    /// <summary>Entries of one page, of whatever is listed but buckets.</summary>
    public const int Page = 1_000;

    /// <summary>Buckets of one page of ListBuckets.</summary>
    public const int BucketPage = 10_000;
}
