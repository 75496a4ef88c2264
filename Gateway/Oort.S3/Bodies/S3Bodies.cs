using System.IO.Pipelines;

namespace Oort.S3;

/// <summary>Puts the decoder for a payload's form over the raw body.</summary>
internal static class S3Bodies
{
    /// <param name="hasBody">False: the request has no body by its headers.</param>
    public static PipeReader Decode(PipeReader raw, PayloadForm payload, ChunkSigner? chunks, IReadOnlyList<string> announcedTrailers, IDictionary<string, string> trailers, S3Options options, bool hasBody)
    {
        if (payload.IsChunked)
        {
            var parser = new AwsChunkedParser(payload.Kind, chunks, payload.DecodedLength!.Value, announcedTrailers, trailers);
            return new AwsChunkedReader(raw, parser);
        }

        if (payload.Kind != PayloadKind.Hashed)
            return raw;
        // The usual GET: the hash of nothing, over nothing.
        var isEmpty = !hasBody && payload.IsOfNothing;
        return isEmpty ? raw : new HashedBodyReader(raw, payload.Hash!, payload.DecodedLength);
    }
}
