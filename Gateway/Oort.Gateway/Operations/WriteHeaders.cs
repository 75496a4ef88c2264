using System.Collections.Immutable;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Headers of writes that ask for what is always so, or for what this gateway does not do. Nothing that changes who may read or how long is passed over.</summary>
internal static class WriteHeaders
{
    /// <summary>Encryption with keys of the client or of a key service; each is refused as a whole.</summary>
    private static readonly ImmutableArray<string> otherKeys =
    [
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-MD5",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-context",
        "x-amz-copy-source-server-side-encryption-customer-algorithm",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key-MD5",
    ];

    /// <summary>Checks the headers of PutObject, CopyObject and CreateMultipartUpload.</summary>
    public static void Check(S3Request request)
    {
        CheckEncryption(request);
        Refuse(request, "x-amz-website-redirect-location");
        Refuse(request, "x-amz-write-offset-bytes");
    }

    /// <summary>Reads refuse a customer's key too: it must not be taken for used.</summary>
    public static void CheckCustomerKeys(S3Request request)
    {
        foreach (var name in otherKeys) Refuse(request, name);
    }

    /// <summary>SSE-S3 is the truth for every object, so asking for it changes nothing; any other kind is refused.</summary>
    private static void CheckEncryption(S3Request request)
    {
        CheckCustomerKeys(request);
        switch (request.Header("x-amz-server-side-encryption"))
        {
            case null or "AES256":
                return;
            case "aws:kms" or "aws:kms:dsse" or "aws:fsx":
                throw NotImplemented("x-amz-server-side-encryption");
            default:
                throw new S3Exception(S3Errors.InvalidEncryptionAlgorithmError);
        }
    }

    public static void Refuse(S3Request request, string header)
    {
        if (request.Header(header) is not null) throw NotImplemented(header);
    }

    private static S3Exception NotImplemented(string header) =>
        new(S3Errors.NotImplemented, "A header you provided implies functionality that is not implemented", ("Header", header));
}
