using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class S3AuthenticatorTests
{
    private const string Secret = "secret";
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly S3Options Behind = new() { PublicUrl = new Uri("https://s3.example.com") };

    [Fact]
    public async Task Authenticate_NoSignature_IsAnonymous() =>
        (await RunAsync(RawRequest.Create("GET", "/bucket/key", ("Host", "h")))).ShouldBe("anonymous");

    [Theory]
    [InlineData("AWS4-ECDSA-P256-SHA256 Credential=x", "InvalidRequest")]
    [InlineData("Bearer token", "InvalidArgument")]
    [InlineData("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws4_request, SignedHeaders=host", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws4_request, SignedHeaders=host, Signature=xyz", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=20260102/r/s3/aws4_request, SignedHeaders=host, Signature={0}", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/2026-1-2/r/s3/aws4_request, SignedHeaders=host, Signature={0}", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request, SignedHeaders=host, Signature={0}", "AuthorizationHeaderMalformed")] // another day than x-amz-date's
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/ec2/aws4_request, SignedHeaders=host, Signature={0}", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws5_request, SignedHeaders=host, Signature={0}", "AuthorizationHeaderMalformed")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws4_request, SignedHeaders=x-amz-date, Signature={0}", "AccessDenied")] // host not signed
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20260102/r/s3/aws4_request, SignedHeaders=host, Signature={0}", "SignatureDoesNotMatch")]
    public async Task Authenticate_OtherHeaders_SaysWhy(string authorization, string code)
    {
        var http = RawRequest.Create("GET", "/bucket/key", ("Host", "h"), ("x-amz-date", "20260102T030405Z"), ("x-amz-content-sha256", SigV4.EmptyHash), ("Authorization", authorization.Replace("{0}", new string('0', 64), StringComparison.Ordinal)));
        (await RunAsync(http)).ShouldBe(code);
    }

    [Theory]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA1", "AuthorizationQueryParametersError")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request", "AuthorizationQueryParametersError")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Signature={0}&X-Amz-Expires=-1", "AccessDenied")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Signature={0}&X-Amz-Expires=0", "AccessDenied")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Signature={0}&X-Amz-Expires=604801", "AuthorizationQueryParametersError")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Signature={0}&X-Amz-Expires=abc", "AuthorizationQueryParametersError")]
    [InlineData("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260102/r/s3/aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host&X-Amz-Signature={0}&X-Amz-Expires=1", "SignatureDoesNotMatch")]
    public async Task Authenticate_OtherQueries_SaysWhy(string target, string code) =>
        (await RunAsync(RawRequest.Create("GET", target.Replace("{0}", new string('0', 64), StringComparison.Ordinal), ("Host", "h")))).ShouldBe(code);

    [Fact]
    public async Task Authenticate_HeaderAndQuery_IsRefused()
    {
        var http = Signed("GET", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256", SigV4.EmptyHash, ("host", "h"));
        (await RunAsync(http)).ShouldBe("InvalidArgument");
    }

    [Fact]
    public async Task Authenticate_UnknownAccessKey_SaysSo() =>
        (await RunAsync(Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h")), credentials: new OneCredential(Secret, "another"))).ShouldBe("InvalidAccessKeyId");

    [Fact]
    public async Task Authenticate_SessionToken_IsNotKnown() =>
        (await RunAsync(Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h"), ("x-amz-security-token", "t")))).ShouldBe("InvalidToken");

    [Fact]
    public async Task Authenticate_UnsignedAmzHeader_IsDenied()
    {
        var http = Signed("PUT", "/b/k", SigV4.EmptyHash, ("host", "h"));
        http.Request.Headers["x-amz-acl"] = "public-read";
        (await RunAsync(http)).ShouldBe("AccessDenied");
        http.Request.Headers.Remove("x-amz-acl");
        http.Request.Headers["x-amz-cf-id"] = "added by a proxy";
        (await RunAsync(http)).ShouldBe("ok");
    }

    [Theory]
    [InlineData(false, "ok")]
    [InlineData(true, "AuthorizationHeaderMalformed")]
    public async Task Authenticate_OtherRegion_OnlyWhereStrict(bool strict, string expected) =>
        (await RunAsync(Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h")), new S3Options { StrictRegion = strict, Region = "eu-north-1" })).ShouldBe(expected);

    [Theory]
    [InlineData("s3.example.com", "inner:9000", "ok")] // the public URL's host
    [InlineData("evil.example.com", "inner:9000", "SignatureDoesNotMatch")]
    [InlineData("inner", "inner:80", "ok")] // a default port
    [InlineData("inner:80", "inner", "ok")]
    [InlineData("inner:9000", "inner", "SignatureDoesNotMatch")]
    public async Task Authenticate_HostRewritten_OnlyToWhatIsConfigured(string signed, string received, string expected)
    {
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", signed));
        http.Request.Headers.Host = received;
        (await RunAsync(http, Behind)).ShouldBe(expected);
    }

    [Theory]
    [InlineData(true, "ok")]
    [InlineData(false, "SignatureDoesNotMatch")]
    public async Task Authenticate_ForwardedHost_OnlyWhereTrusted(bool trusted, string expected)
    {
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "public.example.com:8443"));
        http.Request.Headers.Host = "inner:9000";
        http.Request.Headers["X-Forwarded-Host"] = "public.example.com:8443";
        (await RunAsync(http, new S3Options { TrustForwardedHost = trusted })).ShouldBe(expected);
    }

    [Theory]
    [InlineData("identity", "gzip, br")]
    [InlineData("gzip", "")]
    [InlineData("identity", "identity")]
    public async Task Authenticate_AcceptEncodingChangedByProxy_IsForgiven(string signed, string received)
    {
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("accept-encoding", signed), ("host", "h"));
        http.Request.Headers.AcceptEncoding = received;
        (await RunAsync(http)).ShouldBe("ok");
    }

    [Fact]
    public async Task Authenticate_ExpectDroppedByProxy_IsForgiven()
    {
        var http = Signed("PUT", "/b/k", SigV4.UnsignedPayload, ("expect", "100-continue"), ("host", "h"));
        http.Request.Headers.Remove("Expect");
        (await RunAsync(http)).ShouldBe("ok");
    }

    [Fact]
    public async Task Authenticate_OtherSignedHeaderChanged_IsNotForgiven()
    {
        var http = Signed("PUT", "/b/k", SigV4.UnsignedPayload, ("content-type", "a/b"), ("host", "h"));
        http.Request.Headers.ContentType = "a/c";
        (await RunAsync(http)).ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Authenticate_RepeatedHeaders_AreJoinedInOrder() =>
        (await RunAsync(Signed("PUT", "/b/k", SigV4.UnsignedPayload, ("host", "h"), ("x-amz-meta-a", "1"), ("x-amz-meta-a", "2")))).ShouldBe("ok");

    [Theory]
    [InlineData("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "NotImplemented")]
    [InlineData("rubbish", "InvalidArgument")]
    [InlineData("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "MissingContentLength")]
    public async Task Authenticate_PayloadForms_AreTold(string payload, string code) => (await RunAsync(Signed("PUT", "/b/k", payload, ("host", "h")))).ShouldBe(code);

    [Fact]
    public async Task Authenticate_HashMissing_IsRefusedWhereStrict()
    {
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h"));
        http.Request.Headers.Remove("x-amz-content-sha256");
        // The header was signed, so to take it away breaks the signature.
        (await RunAsync(http)).ShouldBe("SignatureDoesNotMatch");
        (await RunAsync(http, new S3Options { AcceptMissingPayloadHash = false })).ShouldBe("InvalidRequest");
    }

    [Fact]
    public async Task Authenticate_ChangedSecret_IsNoticedDespiteTheCache()
    {
        var credentials = new Changing();
        var authenticator = new S3Authenticator(new S3Options(), credentials, new FakeTime(Now), NullLogger.Instance);
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h"));
        (await RunAsync(http, authenticator)).ShouldBe("ok");
        (await RunAsync(http, authenticator)).ShouldBe("ok");
        credentials.Current = "new secret";
        (await RunAsync(http, authenticator)).ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Authenticate_KnownClient_IsJudgedAsAnUnknownOne()
    {
        var authenticator = new S3Authenticator(new S3Options(), new OneCredential(Secret), new FakeTime(Now), NullLogger.Instance);
        (await RunAsync(Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h")), authenticator)).ShouldBe("ok");

        var other = Signed("GET", "/b/other", SigV4.EmptyHash, ("host", "h"));
        (await RunAsync(other, authenticator)).ShouldBe("ok");
        var right = other.Request.Headers.Authorization.ToString();
        other.Request.Headers.Authorization = right[..^1] + (right[^1] == '0' ? '1' : '0');
        (await RunAsync(other, authenticator)).ShouldBe("SignatureDoesNotMatch");
        other.Request.Headers.Authorization = right[..^1] + 'g';
        (await RunAsync(other, authenticator)).ShouldBe("AuthorizationHeaderMalformed");
        other.Request.Headers.Authorization = right[..^1];
        (await RunAsync(other, authenticator)).ShouldBe("AuthorizationHeaderMalformed");
        other.Request.Headers.Authorization = right + ", SignedHeaders=host";
        (await RunAsync(other, authenticator)).ShouldBe("SignatureDoesNotMatch");
        other.Request.Headers.Authorization = right;
        other.Request.Headers["x-amz-meta-added"] = "1";
        (await RunAsync(other, authenticator)).ShouldBe("AccessDenied");
        other.Request.Headers.Remove("x-amz-meta-added");
        other.Request.Headers["x-amz-date"] = "20260101T235959Z";
        (await RunAsync(other, authenticator, new S3Options { ClockSkewMax = TimeSpan.FromDays(2) })).ShouldBe("AuthorizationHeaderMalformed");
        other.Request.Headers["x-amz-date"] = "20260102T030405Z";
        (await RunAsync(other, authenticator)).ShouldBe("ok");
    }

    [Fact]
    public async Task Authenticate_RevokedKey_IsNoticedDespiteTheCache()
    {
        var credentials = new Changing();
        var authenticator = new S3Authenticator(new S3Options(), credentials, new FakeTime(Now), NullLogger.Instance);
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h"));
        (await RunAsync(http, authenticator)).ShouldBe("ok");
        credentials.Current = null;
        (await RunAsync(http, authenticator)).ShouldBe("InvalidAccessKeyId");
    }

    [Theory]
    [InlineData("/b//lead", "/b/lead")] // what the AWS SDK for .NET signs and sends for the key "/lead"
    [InlineData("/b///two", "/b//two")]
    [InlineData("/b/lead", "/b//lead")]
    [InlineData("/b/a/../k", "/b/k")]
    [InlineData("/b/a%2F..%2Fk", "/b/k")]
    public async Task Authenticate_PathFoldedToAnotherKey_IsNotForgiven(string signed, string received)
    {
        (await RunAsync(Signed("PUT", signed, SigV4.UnsignedPayload, ("host", "h")))).ShouldBe("ok");
        var folded = RawRequest.Create("PUT", received, [.. Signed("PUT", signed, SigV4.UnsignedPayload, ("host", "h")).Request.Headers.Select(static header => (header.Key, header.Value.ToString()))]);
        (await RunAsync(folded)).ShouldBe("SignatureDoesNotMatch");
    }

    [Fact]
    public async Task Mismatch_Answer_ShowsWhatWasSignedHere()
    {
        var http = Signed("GET", "/b/k", SigV4.EmptyHash, ("host", "h"));
        http.Request.Method = "HEAD";
        var options = new S3Options();
        var authenticator = new S3Authenticator(options, new OneCredential(Secret), new FakeTime(Now), NullLogger.Instance);
        var error = await Should.ThrowAsync<S3Exception>(async () => await authenticator.AuthenticateAsync(http, S3Target.Read(http, options), PieceReader.Of([]), TestContext.Current.CancellationToken));
        var fields = error.Fields.ToDictionary(static field => field.Name, static field => field.Value);
        fields["CanonicalRequest"].ShouldStartWith("HEAD\n/b/k\n\nhost:h\n");
        fields["StringToSign"].ShouldStartWith("AWS4-HMAC-SHA256\n20260102T030405Z\n20260102/us-east-1/s3/aws4_request\n");
        error.ToString().ShouldNotContain(Secret);
    }

    private static async Task<string> RunAsync(HttpContext http, S3Options? options = null, IS3Credentials? credentials = null)
    {
        options ??= new S3Options();
        return await RunAsync(http, new S3Authenticator(options, credentials ?? new OneCredential(Secret), new FakeTime(Now), NullLogger.Instance), options);
    }

    private static async Task<string> RunAsync(HttpContext http, S3Authenticator authenticator, S3Options? options = null)
    {
        try
        {
            var target = S3Target.Read(http, options ?? new S3Options());
            return await authenticator.AuthenticateAsync(http, target, PieceReader.Of([]), TestContext.Current.CancellationToken) is null ? "anonymous" : "ok";
        }
        catch (S3Exception e)
        {
            return e.Error.Code;
        }
    }

    // All headers are signed.
    private static DefaultHttpContext Signed(string method, string target, string payloadHash, params (string Name, string Value)[] headers)
    {
        var timestamp = SigV4.FormatTimestamp(Now);
        var http = RawRequest.Create(method, target, [("x-amz-date", timestamp), ("x-amz-content-sha256", payloadHash), .. headers]);
        var names = http.Request.Headers.Keys.Select(static name => name.ToLowerInvariant()).Order(StringComparer.Ordinal).ToArray();
        var parsed = S3Target.Read(http, new S3Options());
        using var canonical = new PooledBuffer(1024);
        CanonicalRequest.Write(canonical, method, CanonicalRequest.Path(parsed.Path), CanonicalRequest.Query(parsed.Query, null), http.Request.Headers, names, null, payloadHash);
        var scope = SigV4.Scope("20260102", "us-east-1");
        var signature = new byte[SigV4.Size];
        SigV4.Sign(SigV4.DeriveKey(Secret, "20260102", "us-east-1"), SigV4.StringToSign(timestamp, scope, SHA256.HashData(canonical.Written)), signature);
        http.Request.Headers.Authorization = $"AWS4-HMAC-SHA256 Credential=AKID/{scope},SignedHeaders={string.Join(';', names)},Signature={Convert.ToHexStringLower(signature)}";
        return http;
    }

    private sealed class Changing : IS3Credentials
    {
        public string? Current { get; set; } = Secret;

        public ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken) =>
            new(Current is null ? null : new S3Credential(new S3Principal(accessKeyId, "o", "n"), Current));
    }
}
