using System.Security.Cryptography;
using System.Text;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Requests;

/// <summary>Requests that no honest client sends: each gets an answer that says why, and the gateway goes on.</summary>
public sealed class BadRequestTests(SharedGateway shared)
{
    [Theory]
    [InlineData("\0\u0001\u0002garbage\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nbad header: x\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nx: b\r\n c\r\n\r\n", 400)]
    [InlineData("PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400)]
    [InlineData("PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", 400)]
    [InlineData("PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400)]
    public async Task Http_Malformed_IsRefusedAndClosed(string request, int status)
    {
        using var connection = await RawConnection.OpenAsync(shared.Gateway);
        await connection.SendAsync(request);
        (await connection.ReceiveAsync()).Status.ShouldBe(status);
        (await connection.EndsAsync()).ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", "/", null, 403, "AccessDenied")]
    [InlineData("GET", "/b/%zz", null, 400, "InvalidURI")]
    [InlineData("GET", "/b/%ff%fe", null, 400, "InvalidURI")]
    [InlineData("FOO", "/b/k", null, 405, "MethodNotAllowed")]
    [InlineData("TRACE", "/", null, 405, "MethodNotAllowed")]
    [InlineData("GET", "/", "foo", 400, "InvalidArgument")]
    [InlineData("GET", "/", "AWS4-HMAC-SHA256 Credential=a/b", 400, "AuthorizationHeaderMalformed")]
    [InlineData("GET", "/", "AWS key:signature", 400, "InvalidArgument")]
    public async Task Request_NotSignedProperly_SaysWhy(string method, string target, string? authorization, int status, string code)
    {
        using var connection = await RawConnection.OpenAsync(shared.Gateway);
        var lines = authorization is null ? "" : $"Authorization: {authorization}\r\nx-amz-date: 20260101T000000Z\r\n";
        await connection.SendAsync($"{method} {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        var answer = await connection.ReceiveAsync();
        answer.Code.ShouldBe(code);
        answer.Status.ShouldBe(status);
        answer.RequestIdInBody.ShouldBe(answer.RequestId);
    }

    [Fact]
    public async Task Request_LineOrHeadersWithoutEnd_AreRefusedBeforeTheyGrow()
    {
        foreach (var (request, status) in new[] { ($"GET /{new string('a', 40_000)} HTTP/1.1\r\n", 414), ($"GET / HTTP/1.1\r\nHost: x\r\nx: {new string('a', 40_000)}\r\n", 431) })
        {
            using var connection = await RawConnection.OpenAsync(shared.Gateway);
            await connection.SendAsync(request);
            (await connection.ReceiveAsync()).Status.ShouldBe(status);
        }
    }

    [Fact]
    public async Task Key_Of1024BytesIsTaken_AndOneMoreIsTooLong()
    {
        await MakeBucketAsync("/long-keys");
        foreach (var (key, isTaken) in new[] { (new string('k', 1024), true), (new string('k', 1025), false), (string.Concat(Enumerable.Repeat("%C3%A9", 512)), true), (string.Concat(Enumerable.Repeat("%C3%A9", 513)), false) })
        {
            var answer = await AskAsync("PUT", $"/long-keys/{key}", "x"u8.ToArray());
            answer.Status.ShouldBe(isTaken ? 200 : 400);
            answer.Code.ShouldBe(isTaken ? "" : "KeyTooLongError");
        }
    }

    [Fact]
    public async Task Xml_BombsAndForeignEntities_AreMalformed()
    {
        await MakeBucketAsync("/xml-bombs");
        var levels = string.Concat(Enumerable.Range(1, 9).Select(i => $"<!ENTITY e{i} \"{string.Concat(Enumerable.Repeat($"&e{i - 1};", 10))}\">"));
        string[] documents =
        [
            $"<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY e0 \"lol\">{levels}]><Delete><Object><Key>&e9;</Key></Object></Delete>",
            "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Delete><Object><Key>&e;</Key></Object></Delete>",
            "<Delete>" + string.Concat(Enumerable.Repeat("<Delete>", 100_000)),
            "<Delete>" + string.Concat(Enumerable.Repeat("<Object><Key>a</Key></Object>", 100_000)) + "</Delete>",
            "", "{\"Delete\":1}", "<Delete/>",
        ];
        foreach (var document in documents)
        {
            var body = Encoding.UTF8.GetBytes(document);
            var answer = await AskAsync("POST", "/xml-bombs?delete", body, ("content-md5", Convert.ToBase64String(MD5.HashData(body))));
            answer.Code.ShouldBe("MalformedXML", document[..Math.Min(60, document.Length)]);
            answer.Status.ShouldBe(400);
            answer.Body.ShouldNotContain("root:");
        }
    }

    [Theory]
    [InlineData("/", 405)]
    [InlineData("/heads", 200)]
    [InlineData("/heads/key", 200)]
    [InlineData("/heads/none", 404)]
    [InlineData("/no-such-bucket-at-all", 404)]
    [InlineData("/Bad_Name", 400)]
    [InlineData("/heads/key?versionId=zz", 400)]
    [InlineData("/heads/key?partNumber=2", 400)]
    public async Task Head_Anything_HasNoBodyAndKeepsTheConnection(string target, int status)
    {
        await MakeBucketAsync("/heads");
        (await AskAsync("PUT", "/heads/key", "abc"u8.ToArray())).Status.ShouldBe(200);
        using var connection = await RawConnection.OpenAsync(shared.Gateway);
        await connection.SendAsync(connection.Head("HEAD", target, RawConnection.Unsigned, out _));
        var head = await connection.ReceiveAsync(hasBody: false);
        head.Status.ShouldBe(status);
        head.RequestId.Length.ShouldBe(16);
        // Were there a body, it would be read as the next answer.
        await connection.SendAsync(connection.Head("GET", "/heads/key", RawConnection.Unsigned, out _));
        (await connection.ReceiveAsync()).Body.ShouldBe("abc");
    }

    [Fact]
    public async Task Expect_HeadersThatWillFail_AreAnsweredWithoutTheBody()
    {
        await MakeBucketAsync("/expecting");
        (string Target, string Payload, (string, string)[] Headers, string Code)[] bad =
        [
            ("/no-such-bucket-at-all/k", RawConnection.Unsigned, [], "NoSuchBucket"),
            ("/expecting/k", RawConnection.Unsigned, [("content-md5", "x")], "InvalidDigest"),
            ("/expecting/k", RawConnection.Unsigned, [("x-amz-storage-class", "COLDEST")], "InvalidStorageClass"),
            ($"/expecting/{new string('k', 1025)}", RawConnection.Unsigned, [], "KeyTooLongError"),
        ];
        foreach (var (target, payload, headers, code) in bad)
        {
            using var connection = await RawConnection.OpenAsync(shared.Gateway);
            await connection.SendAsync(connection.Head("PUT", target, payload, out _, [.. headers, ("content-length", "5000000"), ("expect", "100-continue")]));
            var answer = await connection.ReceiveAsync();
            answer.Code.ShouldBe(code);
            answer.Headers["connection"].ShouldBe(["close"]);
            (await connection.EndsAsync()).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Expect_GoodHeaders_GetContinueBeforeTheBody()
    {
        await MakeBucketAsync("/expecting");
        using var connection = await RawConnection.OpenAsync(shared.Gateway);
        await connection.SendAsync(connection.Head("PUT", "/expecting/good", RawConnection.Unsigned, out _, ("content-length", "300000"), ("expect", "100-continue")));
        (await connection.ReceiveAsync(hasBody: false)).Status.ShouldBe(100);
        await connection.SendAsync(new byte[300_000]);
        (await connection.ReceiveAsync()).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Presigned_Expired_IsAccessDenied()
    {
        await MakeBucketAsync("/expired");
        (await AskAsync("PUT", "/expired/k", "abc"u8.ToArray())).Status.ShouldBe(200);
        using var client = S3Clients.WithoutRetries(shared.Gateway);
        var url = client.GetPreSignedURL(new() { BucketName = "expired", Key = "k", Protocol = Amazon.S3.Protocol.HTTP, Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1) });
        using var http = new HttpClient();
        (await http.GetStringAsync(url)).ShouldBe("abc");
        // Another lifetime is another request than the one that was signed.
        var stretched = await http.GetAsync(System.Text.RegularExpressions.Regex.Replace(url, "X-Amz-Expires=\\d+", "X-Amz-Expires=604800"));
        (await stretched.Content.ReadAsStringAsync()).ShouldContain("<Code>SignatureDoesNotMatch</Code>");
        var late = System.Text.RegularExpressions.Regex.Replace(url, "X-Amz-Date=\\d{8}", "X-Amz-Date=20250101");
        var expired = await http.GetAsync(System.Text.RegularExpressions.Regex.Replace(late, "%2F\\d{8}%2F", "%2F20250101%2F"));
        ((int)expired.StatusCode).ShouldBe(403);
        var text = await expired.Content.ReadAsStringAsync();
        text.ShouldContain("<Code>AccessDenied</Code>");
        text.ShouldContain("Request has expired");
    }

    private async Task MakeBucketAsync(string bucket) => (await AskAsync("PUT", bucket, [])).Status.ShouldBe(200);

    private Task<RawConnection.Answer> AskAsync(string method, string target, byte[] body, params (string Name, string Value)[] headers) =>
        RawConnection.AskAsync(shared.Gateway, method, target, RawConnection.Unsigned, body, headers);
}
