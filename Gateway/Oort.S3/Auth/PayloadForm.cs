using Microsoft.AspNetCore.Http;

namespace Oort.S3;

/// <summary>How a body is framed and what vouches for its bytes (the values of x-amz-content-sha256).</summary>
public enum PayloadKind
{
    /// <summary>Plain bytes that nothing vouches for.</summary>
    Unsigned = 0,

    /// <summary>Plain bytes with a hash that the signature covers.</summary>
    Hashed,

    /// <summary>aws-chunked, each chunk signed (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).</summary>
    SignedChunks,

    /// <summary>As before, with signed trailers (…-PAYLOAD-TRAILER).</summary>
    SignedChunksWithTrailer,

    /// <summary>aws-chunked without signatures (STREAMING-UNSIGNED-PAYLOAD-TRAILER).</summary>
    UnsignedChunksWithTrailer,
}

/// <summary>The form of a request's body, as its headers tell it.</summary>
/// <param name="Hash">Of a Hashed body: 32 bytes.</param>
/// <param name="DecodedLength">Bytes of the body as decoded; null when the client does not say.</param>
public sealed record PayloadForm(PayloadKind Kind, byte[]? Hash, long? DecodedLength)
{
    public const string HashHeader = "x-amz-content-sha256";
    private static readonly byte[] HashOfNothing = Convert.FromHexString(SigV4.EmptyHash);
    private const string DecodedLengthHeader = "x-amz-decoded-content-length";

    /// <summary>The hash is that of no bytes.</summary>
    internal bool IsOfNothing => Hash is not null && Hash.AsSpan().SequenceEqual(HashOfNothing);

    public bool IsChunked => Kind is PayloadKind.SignedChunks or PayloadKind.SignedChunksWithTrailer or PayloadKind.UnsignedChunksWithTrailer;

    /// <summary>Reads the form.</summary>
    /// <param name="declared">x-amz-content-sha256 (of a presigned request perhaps from its query); null when there is none.</param>
    /// <exception cref="S3Exception">InvalidArgument: not a form that S3 has. MissingContentLength: chunks without a decoded length. NotImplemented: Signature Version 4A.</exception>
    public static PayloadForm Read(string? declared, IHeaderDictionary headers)
    {
        var kind = Parse(declared, out var hash);
        var decodedLength = headers[DecodedLengthHeader].ToString();
        // Some clients frame the body and do not say so in x-amz-content-sha256; to store the frames would be silent corruption.
        if (kind == PayloadKind.Unsigned && decodedLength.Length > 0 && headers.ContentEncoding.ToString().Contains("aws-chunked", StringComparison.OrdinalIgnoreCase))
            kind = PayloadKind.UnsignedChunksWithTrailer;

        var form = new PayloadForm(kind, hash, headers.ContentLength);
        if (!form.IsChunked)
            return form;
        if (decodedLength.Length == 0)
            throw new S3Exception(S3Errors.MissingContentLength);
        if (!long.TryParse(decodedLength, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var length))
            throw new S3Exception(S3Errors.InvalidArgument, "The value of x-amz-decoded-content-length must be a number.", ("ArgumentName", DecodedLengthHeader), ("ArgumentValue", decodedLength));
        return form with { DecodedLength = length };
    }

    private static PayloadKind Parse(string? declared, out byte[]? hash)
    {
        hash = null;
        switch (declared)
        {
            case null or "" or SigV4.UnsignedPayload: return PayloadKind.Unsigned;
            case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": return PayloadKind.SignedChunks;
            case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": return PayloadKind.SignedChunksWithTrailer;
            case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": return PayloadKind.UnsignedChunksWithTrailer;
            case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" or "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER":
                throw new S3Exception(S3Errors.NotImplemented, "Signature Version 4A is not implemented. Please use AWS4-HMAC-SHA256.");
        }

        hash = new byte[SigV4.Size];
        if (declared.Length == SigV4.Size * 2 && Convert.FromHexString(declared, hash, out _, out _) == System.Buffers.OperationStatus.Done)
            return PayloadKind.Hashed;
        throw new S3Exception(S3Errors.InvalidArgument, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.", ("ArgumentName", HashHeader), ("ArgumentValue", declared.Length <= 128 ? declared : declared[..128]));
    }
}
