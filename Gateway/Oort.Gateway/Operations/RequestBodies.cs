using System.Globalization;
using Oort.Checksums;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>The body of a PUT or a part, with what the client announced of it.</summary>
internal static class RequestBodies
{
    /// <param name="fallback">Algorithm to compute when the client announced none.</param>
    /// <exception cref="S3Exception">MissingContentLength, EntityTooLarge, InvalidDigest, InvalidRequest.</exception>
    public static ObjectBody Read(S3Request request, ChecksumAlgorithm fallback)
    {
        if (request.ContentLength is not { } length) throw new S3Exception(S3Errors.MissingContentLength);
        if (length > Limits.SinglePut)
        {
            throw new S3Exception(
                S3Errors.EntityTooLarge,
                null,
                ("ProposedSize", length.ToString(CultureInfo.InvariantCulture)),
                ("MaxSizeAllowed", Limits.SinglePut.ToString(CultureInfo.InvariantCulture)));
        }

        var checksum = RequestChecksum.Parse(request) switch
        {
            null => new BodyChecksum(fallback, null, null),
            { InTrailer: true } announced => new BodyChecksum(announced.Algorithm, null, () => announced.FromTrailer(request)),
            var announced => new BodyChecksum(announced.Algorithm, announced.Value, null),
        };
        return new(request.Body, length, S3Headers.ContentMd5(request), checksum) { MeasureRestAsync = request.MeasureRestAsync };
    }
}
