using Oort.Gateway.Access.Lists;

namespace Oort.Gateway.Operations;

/// <summary>What the S3 operations need to know about this gateway.</summary>
public sealed record GatewayS3Options
{
    /// <summary>Region of buckets that are made without a LocationConstraint, and the one this gateway says it is. Default us-east-1, the one every client assumes.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Ownership of buckets that are made without x-amz-object-ownership. Default: the bucket's owner, as in AWS since 2023.</summary>
    public ObjectOwnership ObjectOwnership { get; init; }

    /// <summary>Whether buckets are made with everything blocked that would make them public. Default: yes, as in AWS since 2023.</summary>
    public bool BlocksPublicAccess { get; init; } = true;

    /// <summary>Whether a bucket without an encryption setting of its own answers GetBucketEncryption by what is so (AES256). Default: yes, as in AWS since 2023.</summary>
    public bool ReportsDefaultEncryption { get; init; } = true;

    /// <summary>Whether customers' keys (SSE-C) are taken over plain HTTP, where others may read them. Default: no, as in AWS.</summary>
    public bool TakesCustomerKeysOverHttp { get; init; }

    /// <summary>Smallest part but the last of a multipart upload, in bytes (S3 API: 5 MiB). Only tests make it smaller.</summary>
    public long PartSizeMin { get; init; } = 5L << 20;

    /// <summary>After this long without an answer, a copy or complete begins its 200 and sends spaces, so that no proxy or client gives up (S3 API: CopyObject). Default 10 seconds, below every usual idle timeout.</summary>
    public TimeSpan KeepAliveAfter { get; init; } = TimeSpan.FromSeconds(10);
}
