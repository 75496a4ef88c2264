using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Operations;

/// <summary>Bodies that are not what was announced: each ends in its error, and nothing is stored.</summary>
public sealed class BodyTests(TestGateway gateway)
{
    private const string UnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    private const string SignedChunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

    [Fact]
    public async Task Put_WithoutLength_IsMissingContentLength()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await SendAsync("PUT", $"/{bucket}/key", "4\r\nbody\r\n0\r\n\r\n", false, ("Transfer-Encoding", "chunked"));

        answer.ShouldStartWith("HTTP/1.1 411 ");
        answer.ShouldContain("<Code>MissingContentLength</Code>");
        await ShouldBeMissingAsync(bucket);
    }

    [Fact]
    public async Task Put_Over5GiB_IsRefusedBeforeTheBodyIsSent()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await SendAsync("PUT", $"/{bucket}/key", "", false, ("Content-Length", ((5L << 30) + 1).ToString(CultureInfo.InvariantCulture)), ("Expect", "100-continue"));

        answer.ShouldStartWith("HTTP/1.1 400 ");
        answer.ShouldContain("<Code>EntityTooLarge</Code>");
        answer.ShouldContain("<MaxSizeAllowed>5368709120</MaxSizeAllowed>");
    }

    [Fact]
    public async Task Put_ConditionThatIsFalseAlready_IsRefusedBeforeTheBodyIsSent()
    {
        var bucket = await gateway.NewBucketAsync();
        await gateway.PutAsync(bucket, "key", "x");

        var answer = await SendAsync("PUT", $"/{bucket}/key", "", false, ("Content-Length", "10000000"), ("Expect", "100-continue"), ("If-None-Match", "*"));

        answer.ShouldStartWith("HTTP/1.1 412 ");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task Put_ClientThatLeavesMidway_StoresNothing(int length)
    {
        var bucket = await gateway.NewBucketAsync();

        await SendAsync("PUT", $"/{bucket}/key", new string('x', length / 2), true, ("Content-Length", length.ToString(CultureInfo.InvariantCulture)));

        await ShouldBeMissingAsync(bucket);
    }

    [Fact]
    public async Task Put_OtherPayloadHash_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", "body", ("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData("other"u8))));

        (answer.Status, answer.Code).ShouldBe((400, "XAmzContentSHA256Mismatch"));
        await ShouldBeMissingAsync(bucket);
    }

    [Theory]
    [InlineData("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:{good}\r\n\r\n", "4", 200, "")]
    [InlineData("2\r\nbo\r\n2\r\ndy\r\n0\r\nx-amz-checksum-crc32:{good}\r\n\r\n", "4", 200, "")]
    [InlineData("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "4", 400, "BadDigest")]
    [InlineData("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", "4", 400, "BadDigest")]
    [InlineData("4\r\nbody\r\n0\r\n\r\n", "4", 400, "MalformedTrailerError")]
    [InlineData("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:{good}\r\n\r\n", "5", 400, "IncompleteBody")]
    [InlineData("4\r\nbody\r\n0\r\nx-amz-checksum-crc32:{good}\r\n\r\n", "3", 400, "IncompleteBody")]
    [InlineData("4\r\nbod", "4", 400, "IncompleteBody")]
    [InlineData("zz\r\nbody\r\n", "4", 400, "")]
    public async Task Put_UnsignedTrailer_IsVerified(string body, string length, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        body = body.Replace("{good}", "26gLsg==", StringComparison.Ordinal);

        var answer = await gateway.Raw.SendAsync(
            "PUT",
            $"/{bucket}/key",
            body,
            ("x-amz-content-sha256", UnsignedTrailer),
            ("x-amz-decoded-content-length", length),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("Content-Encoding", "aws-chunked"));

        answer.Status.ShouldBe(status, answer.Text);
        if (code.Length > 0) answer.Code.ShouldBe(code);
        if (status == 200) (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Text.ShouldBe("body");
        else await ShouldBeMissingAsync(bucket);
    }

    [Theory]
    [InlineData(-1, 200, "")]
    [InlineData(0, 403, "SignatureDoesNotMatch")]
    [InlineData(1, 403, "SignatureDoesNotMatch")]
    [InlineData(2, 403, "SignatureDoesNotMatch")]
    public async Task Put_SignedChunks_AreVerifiedEach(int badChunk, int status, string code)
    {
        var bucket = await gateway.NewBucketAsync();
        var body = TestGateway.Bytes(100_000);

        var answer = await gateway.Raw.SendChunkedAsync($"/{bucket}/key", [body[..65_536], body[65_536..], []], badChunk, SignedChunks);

        (answer.Status, answer.Code).ShouldBe((status, code));
        if (status == 200) (await gateway.Raw.SendAsync("GET", $"/{bucket}/key")).Body.ShouldBeBytes(body);
        else await ShouldBeMissingAsync(bucket);
    }

    [Fact]
    public async Task Complete_TooLargeADocument_IsRefused()
    {
        var bucket = await gateway.NewBucketAsync();
        var id = (await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploads", [])).Element("UploadId");

        var answer = await gateway.Raw.SendAsync("POST", $"/{bucket}/key?uploadId={id}", new byte[(4 << 20) + 1]);

        (answer.Status, answer.Code).ShouldBe((400, "MaxMessageLengthExceeded"));
    }

    /// <summary>Each GET beside a busy writer is one of the objects that were written, whole, with its own headers.</summary>
    [Fact]
    public async Task Get_WhileItIsOverwritten_IsAlwaysOneWholeObject()
    {
        var bucket = await gateway.NewBucketAsync();
        async Task PutAsync(int i) =>
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/key", TestGateway.Bytes(300_000 + i), ("x-amz-meta-number", i.ToString(CultureInfo.InvariantCulture)))).Status.ShouldBe(200);
        await PutAsync(0);
        var writer = Task.Run(async () =>
        {
            for (var i = 1; i <= 30; i++) await PutAsync(i);
        });
        var reads = 0;
        do
        {
            var got = await gateway.Raw.SendAsync("GET", $"/{bucket}/key");
            got.Status.ShouldBe(200);
            var number = int.Parse(got.Header("x-amz-meta-number"), CultureInfo.InvariantCulture);
            got.Body.AsSpan().SequenceEqual(TestGateway.Bytes(300_000 + number)).ShouldBeTrue();
            got.Header("ETag").ShouldBe($"\"{Convert.ToHexStringLower(MD5.HashData(got.Body))}\"");
            reads++;
        }
        while (!writer.IsCompleted);

        await writer;
        reads.ShouldBeGreaterThan(0);
    }

    /// <summary>Sends a request byte for byte over a socket and reads the answer.</summary>
    /// <param name="endsEarly">Close the sending side after the body, which is shorter than announced.</param>
    private async Task<string> SendAsync(string method, string target, string body, bool endsEarly, params (string Name, string Value)[] headers)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(gateway.Endpoint.Host, gateway.Endpoint.Port);
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{method} {target} HTTP/1.1\r\nHost: {gateway.Endpoint.Authority}\r\nConnection: close\r\n");
        foreach (var (name, value) in gateway.Raw.Sign(method, target, headers)) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\n{body}"));
        if (endsEarly) socket.Client.Shutdown(SocketShutdown.Send);
        return await ReadAnswerAsync(stream);
    }

    /// <summary>Reads to the end of the error document, or of the connection. A gateway that refused a body it did not read closes when the client does.</summary>
    private static async Task<string> ReadAnswerAsync(NetworkStream stream)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (!answer.ToString().Contains("</Error>", StringComparison.Ordinal))
            {
                var count = await stream.ReadAsync(buffer);
                if (count == 0) break;
                answer.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: the gateway need not answer somebody who left.
        }

        return answer.ToString();
    }

    private async Task ShouldBeMissingAsync(string bucket) => (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/key")).Status.ShouldBe(404);
}
