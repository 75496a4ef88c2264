using Oort.Checksums;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>XML bodies, read whole and held against Content-MD5 and checksum where they were sent.</summary>
internal static class RequestDocuments
{
    /// <param name="needsDigest">Refuse a body that brings neither Content-MD5 nor a checksum (S3 API: DeleteObjects).</param>
    public static async ValueTask<byte[]> ReadAsync(S3Request request, CancellationToken cancellationToken, int sizeMax = S3Documents.SizeMax, bool needsDigest = false)
    {
        var md5 = S3Headers.ContentMd5(request);
        var checksum = RequestChecksum.Parse(request);
        if (needsDigest && md5 is null && checksum is not { Value: not null } and not { InTrailer: true })
            throw new S3Exception(S3Errors.InvalidRequest, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");

        var body = await S3Documents.ReadBodyAsync(request, sizeMax, cancellationToken);
        if (md5 is not null && !IsMd5Of(md5, body)) throw new S3Exception(S3Errors.BadDigest);
        if (checksum is not null) Check(request, checksum, body);
        return body;
    }

    private static bool IsMd5Of(byte[] md5, byte[] body)
    {
        Span<byte> digest = stackalloc byte[Md5.Size];
        Md5.Hash(body, digest);
        return digest.SequenceEqual(md5);
    }

    private static void Check(S3Request request, RequestChecksum checksum, byte[] body)
    {
        var expected = checksum.InTrailer ? checksum.FromTrailer(request) : checksum.Value;
        if (expected is null)
        {
            if (checksum.InTrailer) throw new S3Exception(S3Errors.MalformedTrailerError);
            return;
        }

        using var running = new RunningChecksum(checksum.Algorithm);
        running.Append(body);
        if (!running.Finish().AsSpan().SequenceEqual(expected))
            throw new S3Exception(S3Errors.BadDigest, $"The {ChecksumNames.Name(checksum.Algorithm)} you specified did not match the calculated checksum.");
    }
}
