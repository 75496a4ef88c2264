using System.IO.Pipelines;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>What answers have in common.</summary>
internal static class Answers
{
    /// <summary>Announces XML and gives where to write it.</summary>
    public static PipeWriter Xml(S3Request request)
    {
        request.Http.Response.ContentType = S3Xml.ContentType;
        return request.Http.Response.BodyWriter;
    }

    /// <summary>An answer of headers alone.</summary>
    public static void Empty(S3Request request, int status = 200)
    {
        request.Http.Response.StatusCode = status;

        // 204 has no Content-Length (RFC 9110 §8.6).
        if (status != 204) request.Http.Response.ContentLength = 0;
    }
}
