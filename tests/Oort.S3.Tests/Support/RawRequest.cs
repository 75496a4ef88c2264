using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Oort.S3.Tests;

/// <summary>A request from its bytes, without a server.</summary>
internal static class RawRequest
{
    public static DefaultHttpContext Parse(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        var lines = Encoding.UTF8.GetString(bytes[..end]).Split("\r\n");
        var start = lines[0].Split(' ');
        var http = Create(start[0], start[1]);
        foreach (var line in lines[1..])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            http.Request.Headers.Append(line[..colon], line[(colon + 1)..].Trim(' '));
        }

        var body = bytes[(end + 4)..].ToArray();
        http.Features.Set<IRequestBodyPipeFeature>(new Body(PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(body))));
        return http;
    }

    public static DefaultHttpContext Create(string method, string target, params (string Name, string Value)[] headers)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Features.Get<IHttpRequestFeature>()!.RawTarget = target;
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        if (mark >= 0)
            http.Request.QueryString = new QueryString(target[mark..]);
        foreach (var (name, value) in headers)
            http.Request.Headers.Append(name, value);
        return http;
    }

    /// <summary>A routed request with these headers and this body.</summary>
    public static S3Request ToS3(byte[] body, params (string Name, string Value)[] headers) => new()
    {
        Http = Create("PUT", "/bucket/key", headers),
        RequestId = "0",
        Operation = S3Operation.PutObject,
        Principal = new S3Principal("A", "o", "n"),
        Body = PieceReader.Of(body),
        ContentLength = body.Length,
        Trailers = new Dictionary<string, string>(),
        AnnouncedTrailers = [],
    };

    private sealed class Body(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader { get; } = reader;
    }
}
