using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class S3PipelineTests
{
    private readonly List<byte[]> stored = [];
    private readonly List<S3Request> requests = [];
    private string? contentMd5;

    [Fact]
    public async Task Put_HashedBody_ReachesTheHandler()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/a//b%2Fc%20+", Hash("hello"), ("content-length", "5")) + "hello");
        var answer = await connection.ReceiveAsync();
        answer.Status.ShouldBe(200);
        answer.Headers["x-amz-request-id"].Single().Length.ShouldBe(16);
        stored.Single().ShouldBe("hello"u8.ToArray());
        requests.Single().Key.ShouldBe("a//b/c +");
        var completion = gateway.Completions.Take(TestContext.Current.CancellationToken);
        completion.ShouldSatisfyAllConditions(
            () => completion.Operation.ShouldBe(S3Operation.PutObject),
            () => completion.Status.ShouldBe(200),
            () => completion.BytesReceived.ShouldBe(5),
            () => completion.BytesSent.ShouldBe(4),
            () => completion.AccessKeyId.ShouldBe(Gateway.AccessKey));
    }

    [Theory]
    [InlineData(64 * 1024, 5_000_000)]
    [InlineData(4 * 1024 * 1024, 9_000_000)] // a chunk larger than the server's request buffer
    public async Task Put_SignedChunks_Decoded(int chunkSize, int length)
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        var body = RandomNumberGenerator.GetBytes(length);
        var size = Chunked.Signed(Chunked.Signer(), body, chunkSize).Length;
        var head = gateway.Sign("PUT", "/bucket/key", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", out var signer, ("content-length", $"{size}"), ("x-amz-decoded-content-length", $"{length}"), ("content-encoding", "aws-chunked"));
        await connection.SendAsync(head);
        await connection.SendAsync(Chunked.Signed(signer, body, chunkSize));
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
        stored.Single().AsSpan().SequenceEqual(body).ShouldBeTrue();
        requests.Single().ContentLength.ShouldBe(length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Put_UnsignedTrailer_GivesBodyAndTrailer(bool transferChunked)
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        var body = RandomNumberGenerator.GetBytes(3_000_000);
        var raw = Chunked.Unsigned(body, 65536, ("x-amz-checksum-crc32", "AAAAAA=="));
        var framing = transferChunked ? ("transfer-encoding", "chunked") : ("content-length", $"{raw.Length}");
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", ("x-amz-decoded-content-length", $"{body.Length}"), ("content-encoding", "aws-chunked"), ("x-amz-trailer", "x-amz-checksum-crc32"), framing));
        await connection.SendAsync(transferChunked ? [.. Encoding.ASCII.GetBytes($"{raw.Length:x}\r\n"), .. raw, .. "\r\n0\r\n\r\n"u8] : raw);
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
        stored.Single().AsSpan().SequenceEqual(body).ShouldBeTrue();
        requests.Single().Trailers["x-amz-checksum-crc32"].ShouldBe("AAAAAA==");
    }

    [Fact]
    public async Task Put_EmptyHeaderValue_IsAnEmptyTextAndNotMissing()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        var head = gateway.Sign("PUT", "/bucket/key", SigV4.EmptyHash, ("content-length", "0"));
        await connection.SendAsync(head[..^2] + "Content-MD5: \r\n\r\n");
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
        contentMd5.ShouldBe("");
    }

    [Fact]
    public async Task Put_WrongPayloadHash_StoresNothingAndSaysSo()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5")) + "jello");
        var answer = await connection.ReceiveAsync();
        answer.Status.ShouldBe(400);
        answer.Code.ShouldBe("XAmzContentSHA256Mismatch");
        stored.ShouldBeEmpty();
    }

    [Fact]
    public async Task Put_HashNotAnnounced_IsVerifiedOverTheBodyThatTheHandlerThenReads()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        foreach (var (sent, status) in new[] { ("hello", 200), ("jello", 403) })
        {
            // As curl 7.88 does it: the signature covers the body's hash, and nothing says so.
            using var connection = await gateway.ConnectAsync();
            var head = gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5"));
            head = head.Replace($"x-amz-content-sha256: {Hash("hello")}\r\n", "", StringComparison.Ordinal);
            await connection.SendAsync(ResignWithoutHash(gateway, head) + sent);
            (await connection.ReceiveAsync()).Status.ShouldBe(status);
        }

        stored.Single().ShouldBe("hello"u8.ToArray());
    }

    [Fact]
    public async Task Expect_GoodSignature_GetsContinueThenAnswer()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5"), ("expect", "100-continue")));
        (await connection.ReceiveAsync()).Status.ShouldBe(100);
        await connection.SendAsync("hello");
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Expect_BadSignature_GetsTheErrorWithoutContinue()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(Broken(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5"), ("expect", "100-continue"))));
        var answer = await connection.ReceiveAsync();
        answer.Status.ShouldBe(403);
        answer.Code.ShouldBe("SignatureDoesNotMatch");
        answer.Headers["connection"].ShouldContain("close");
    }

    [Fact]
    public async Task Error_ClientSendsItsWholeBodyFirst_SeesTheAnswer()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        // Far more than socket buffers hold: without draining the client would be reset while it sends.
        var body = new byte[32 * 1024 * 1024];
        await connection.SendAsync(Broken(gateway.Sign("PUT", "/bucket/key", SigV4.UnsignedPayload, ("content-length", $"{body.Length}"))));
        await connection.SendAsync(body);
        var answer = await connection.ReceiveAsync();
        answer.Code.ShouldBe("SignatureDoesNotMatch");
        (await connection.IsClosedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Error_SmallBodyUnread_KeepsTheConnection()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(Broken(gateway.Sign("PUT", "/bucket/key", SigV4.UnsignedPayload, ("content-length", "100000"))));
        await connection.SendAsync(new byte[100000]);
        (await connection.ReceiveAsync()).Status.ShouldBe(403);
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5")) + "hello");
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Error_InTheMiddleOfABuffer_KeepsTheConnection()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        const string Body = "zz\r\nabc\r\n0\r\n\r\n";
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", ("x-amz-decoded-content-length", "3"), ("content-length", $"{Body.Length}")) + Body);
        (await connection.ReceiveAsync()).Code.ShouldBe("InvalidChunkSizeError");
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5")) + "hello");
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Put_BodyStalls_IsRequestTimeout()
    {
        await using var gateway = await Gateway.StartAsync(Handlers(), new S3Options { BodyStallMax = TimeSpan.FromMilliseconds(100) });
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5")) + "he");
        var answer = await connection.ReceiveAsync();
        answer.Code.ShouldBe("RequestTimeout");
        answer.Headers["connection"].ShouldContain("close");
        stored.ShouldBeEmpty();
    }

    [Fact]
    public async Task Put_ClientVanishes_StoresNothing()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using (var connection = await gateway.ConnectAsync())
            await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash("hello"), ("content-length", "5")) + "he");
        var completion = gateway.Completions.Take(TestContext.Current.CancellationToken);
        completion.Status.ShouldBeOneOf(400, 499);
        stored.ShouldBeEmpty();
    }

    [Fact]
    public async Task Get_ClientVanishes_IsNoFailureOfTheGateway()
    {
        async ValueTask SendForeverAsync(S3Request request, CancellationToken cancellationToken)
        {
            var writer = request.Http.Response.BodyWriter;
            for (var i = 0; i < 10_000; i++)
            {
                writer.GetSpan(4096)[..4096].Clear();
                writer.Advance(4096);
                var flushed = await writer.FlushAsync(cancellationToken);
                if (flushed.IsCompleted || flushed.IsCanceled)
                    break;
            }

            throw new OperationCanceledException("Nobody takes the bytes any more.");
        }

        await using var gateway = await Gateway.StartAsync(new() { [S3Operation.GetObject] = SendForeverAsync });
        using (var connection = await gateway.ConnectAsync())
        {
            await connection.SendAsync(gateway.Sign("GET", "/bucket/key", SigV4.UnsignedPayload));
            (await connection.ReceiveAsync(hasBody: false)).Status.ShouldBe(200);
        }

        var completion = gateway.Completions.Take(TestContext.Current.CancellationToken);
        (completion.Status, completion.ErrorCode).ShouldBe((499, "ConnectionClosedByRequester"));
    }

    [Fact]
    public async Task Head_Error_HasNoBody()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync($"HEAD /bucket/key HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
        (await connection.ReceiveAsync(hasBody: false)).Status.ShouldBe(403);
        await connection.SendAsync(gateway.Sign("PUT", "/bucket/key", Hash(""), ("content-length", "0")));
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("GET", "/bucket?acl", 501, "NotImplemented")]
    [InlineData("GET", "/bucket/%zz", 400, "InvalidURI")]
    [InlineData("GET", "/bucket/%ff", 400, "InvalidURI")]
    [InlineData("GET", "/Bucket/key", 400, "InvalidBucketName")]
    [InlineData("DELETE", "/bucket?newthing", 501, "NotImplemented")]
    [InlineData("PATCH", "/bucket/key", 405, "MethodNotAllowed")]
    public async Task Request_NotServed_SaysWhy(string method, string target, int status, string code)
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        var head = target.Contains('%', StringComparison.Ordinal) ? $"{method} {target} HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n" : gateway.Sign(method, target, SigV4.EmptyHash);
        await connection.SendAsync(head);
        var answer = await connection.ReceiveAsync();
        answer.Status.ShouldBe(status);
        answer.Code.ShouldBe(code);
        answer.Body.ShouldContain("<RequestId>" + answer.Headers["x-amz-request-id"].Single() + "</RequestId>");
    }

    [Fact]
    public async Task Request_Anonymous_IsDenied()
    {
        await using var gateway = await Gateway.StartAsync(Handlers());
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync($"GET /bucket/a%20b HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
        var answer = await connection.ReceiveAsync();
        answer.Code.ShouldBe("AccessDenied");
        answer.Body.ShouldContain("<Resource>/bucket/a b</Resource>");
    }

    [Fact]
    public async Task Request_WithAnAuthorizer_IsJudgedByItAloneBeforeAnythingElse()
    {
        var judged = new List<(S3Operation, string)>();
        var handlers = new Dictionary<S3Operation, S3Handler> { [S3Operation.GetObject] = static (request, token) => new(request.Http.Response.WriteAsync("content", token)) };
        await using var gateway = await Gateway.StartAsync(handlers, authorize: (request, _) =>
        {
            judged.Add((request.Operation, request.Principal.AccessKeyId));
            return request.Key == "secret" ? throw new S3Exception(S3Errors.AccessDenied) : default;
        });

        (await SendAsync("GET", "/bucket/key", isSigned: false)).Status.ShouldBe(200);
        (await SendAsync("GET", "/bucket/secret", isSigned: false)).Code.ShouldBe("AccessDenied");
        (await SendAsync("GET", "/bucket/secret", isSigned: true)).Code.ShouldBe("AccessDenied");
        (await SendAsync("PUT", "/bucket?cors", isSigned: false)).Code.ShouldBe("NotImplemented");
        judged.ShouldBe([(S3Operation.GetObject, ""), (S3Operation.GetObject, ""), (S3Operation.GetObject, Gateway.AccessKey), (S3Operation.PutBucketCors, "")]);

        // What is not S3's is for those who have signed, whoever else S3 lets in.
        (await SendAsync("GET", "/_oort/signed", isSigned: false)).Code.ShouldBe("AccessDenied");
        (await SendAsync("GET", "/_oort/signed", isSigned: true)).Body.ShouldBe(Gateway.AccessKey);
        judged.Count.ShouldBe(4);

        async Task<RawAnswer> SendAsync(string method, string target, bool isSigned)
        {
            using var connection = await gateway.ConnectAsync();
            await connection.SendAsync(isSigned ? gateway.Sign(method, target, SigV4.EmptyHash) : $"{method} {target} HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            return await connection.ReceiveAsync();
        }
    }

    [Fact]
    public async Task Request_SignedByVersion2_IsTakenForS3Only()
    {
        await using var gateway = await Gateway.StartAsync(new() { [S3Operation.GetObject] = WriteAsync });
        var date = TimeProvider.System.GetUtcNow().ToString("r");
        (await SendAsync("/bucket/key")).Body.ShouldBe($"{Gateway.AccessKey} 2 False");
        var refused = await SendAsync("/_oort/signed");
        (refused.Code, refused.Body.Contains("AWS4-HMAC-SHA256", StringComparison.Ordinal)).ShouldBe(("InvalidRequest", true));

        async Task<RawAnswer> SendAsync(string path)
        {
            var signature = Convert.ToBase64String(System.Security.Cryptography.HMACSHA1.HashData(Encoding.UTF8.GetBytes(Gateway.Secret), Encoding.UTF8.GetBytes($"GET\n\n\n{date}\n{path}")));
            using var connection = await gateway.ConnectAsync();
            await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: {gateway.Authority}\r\nDate: {date}\r\nAuthorization: AWS {Gateway.AccessKey}:{signature}\r\n\r\n");
            return await connection.ReceiveAsync();
        }

        static ValueTask WriteAsync(S3Request request, CancellationToken cancellationToken)
        {
            var text = $"{request.Principal.AccessKeyId} {request.SignatureVersion} {request.IsPresigned}";
            request.Http.Response.ContentLength = text.Length;
            return new(request.Http.Response.WriteAsync(text, cancellationToken));
        }
    }

    [Fact]
    public async Task Request_ForOort_IsNotS3()
    {
        await using var gateway = await Gateway.StartAsync(Handlers(), new S3Options { Domains = ["s3.test"] });
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync($"GET /_oort/health HTTP/1.1\r\nHost: {gateway.Authority}\r\nConnection: close\r\n\r\n");
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
        using var other = await gateway.ConnectAsync();
        // In virtual-host style it is a key.
        await other.SendAsync("GET /_oort/health HTTP/1.1\r\nHost: bucket.s3.test\r\n\r\n");
        (await other.ReceiveAsync()).Code.ShouldBe("AccessDenied");
    }

    [Fact]
    public async Task Handler_InnerFailure_IsMappedOrInternal()
    {
        var handlers = new Dictionary<S3Operation, S3Handler>
        {
            [S3Operation.GetObject] = static (_, _) => throw new TimeoutException("inner detail"),
            [S3Operation.DeleteObject] = static (_, _) => throw new InvalidOperationException("inner detail"),
        };
        await using var gateway = await Gateway.StartAsync(handlers, mapError: static e => e is TimeoutException ? S3Errors.SlowDown : null);
        using var connection = await gateway.ConnectAsync();
        foreach (var (method, status, code) in new[] { ("GET", 503, "SlowDown"), ("DELETE", 500, "InternalError") })
        {
            await connection.SendAsync(gateway.Sign(method, "/bucket/key", SigV4.EmptyHash));
            var answer = await connection.ReceiveAsync();
            answer.Status.ShouldBe(status);
            answer.Code.ShouldBe(code);
            answer.Body.ShouldNotContain("inner detail");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Handler_FailsAfterItBeganToAnswer_BreaksTheConnection(bool flushed)
    {
        var handlers = new Dictionary<S3Operation, S3Handler>
        {
            [S3Operation.GetObject] = async (request, token) =>
            {
                request.Http.Response.ContentLength = 1000;
                request.Http.Response.BodyWriter.GetSpan(10);
                request.Http.Response.BodyWriter.Advance(10);
                if (flushed)
                    await request.Http.Response.BodyWriter.FlushAsync(token);
                throw new S3Exception(S3Errors.SlowDown);
            },
        };
        await using var gateway = await Gateway.StartAsync(handlers);
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("GET", "/bucket/key", SigV4.EmptyHash));
        await Should.ThrowAsync<IOException>(() => connection.ReceiveAsync());
        gateway.Completions.Take(TestContext.Current.CancellationToken).ErrorCode.ShouldBe("SlowDown");
    }

    [Fact]
    public async Task Handler_ErrorWithHeaders_SendsThoseAndNotItsOwn()
    {
        var handlers = new Dictionary<S3Operation, S3Handler>
        {
            [S3Operation.GetObject] = static (request, _) =>
            {
                request.Http.Response.Headers.ETag = "\"x\"";
                throw new S3Exception(S3Errors.MethodNotAllowed) { Headers = [("Allow", "DELETE")] };
            },
        };
        await using var gateway = await Gateway.StartAsync(handlers);
        using var connection = await gateway.ConnectAsync();
        await connection.SendAsync(gateway.Sign("GET", "/bucket/key", SigV4.EmptyHash));
        var answer = await connection.ReceiveAsync();
        answer.Headers["allow"].ShouldBe(["DELETE"]);
        answer.Headers["etag"].ShouldBeEmpty();
    }

    private Dictionary<S3Operation, S3Handler> Handlers() => new()
    {
        [S3Operation.PutObject] = async (request, token) =>
        {
            var body = await request.Body.ToEndAsync();
            stored.Add(body);
            requests.Add(request);
            contentMd5 = request.Header("Content-MD5");
            request.Http.Response.ContentLength = 4;
            await request.Http.Response.Body.WriteAsync("done"u8.ToArray(), token);
        },
    };

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // Changes the last digit of the signature.
    private static string Broken(string head)
    {
        var last = head[^5];
        return head[..^5] + (last == '0' ? '1' : '0') + "\r\n\r\n";
    }

    // Signs the head again over host and date only, with the hash of "hello" as the payload's.
    private static string ResignWithoutHash(Gateway gateway, string head)
    {
        var timestamp = head.Split("x-amz-date: ")[1].Split("\r\n")[0];
        var canonical = $"PUT\n/bucket/key\n\nhost:{gateway.Authority}\nx-amz-date:{timestamp}\n\nhost;x-amz-date\n{Hash("hello")}";
        var scope = SigV4.Scope(timestamp[..8], "us-east-1");
        var signature = new byte[SigV4.Size];
        SigV4.Sign(SigV4.DeriveKey(Gateway.Secret, timestamp[..8], "us-east-1"), SigV4.StringToSign(timestamp, scope, SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), signature);
        var authorization = head.Split("SignedHeaders=")[1];
        return head.Replace(authorization, $"host;x-amz-date, Signature={Convert.ToHexStringLower(signature)}\r\n\r\n", StringComparison.Ordinal);
    }
}
