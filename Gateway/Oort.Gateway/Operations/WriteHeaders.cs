using System.Collections.Immutable;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Headers of writes that ask for what is always so, or for what this gateway does not do. Nothing that changes who may read or how long is passed over.</summary>
internal static class WriteHeaders
{
    /// <summary>Checks the headers of PutObject, CopyObject and CreateMultipartUpload.</summary>
    public static void Check(S3Request request)
    {
        Refuse(request, "x-amz-write-offset-bytes");
    }

    public static void Refuse(S3Request request, string header)
    {
        if (request.Header(header) is not null) throw NotImplemented(header);
    }

    private static S3Exception NotImplemented(string header) =>
        new(S3Errors.NotImplemented, "A header you provided implies functionality that is not implemented", ("Header", header));
}
