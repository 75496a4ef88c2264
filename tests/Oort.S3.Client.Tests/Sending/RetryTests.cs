using Oort.S3.Client.Tests.Support;
using Oort.S3.Tests;
using Shouldly;

namespace Oort.S3.Client.Tests.Sending;

/// <summary>Errors that pass, errors that stay, clocks and regions.</summary>
public sealed class RetryTests
{
    private static readonly CancellationToken none = CancellationToken.None;

    [Theory]
    [InlineData(503, "SlowDown", S3ErrorKind.Throttled, 4)]
    [InlineData(503, "", S3ErrorKind.Throttled, 4)]
    [InlineData(429, "", S3ErrorKind.Throttled, 4)]
    [InlineData(500, "InternalError", S3ErrorKind.Transient, 4)]
    [InlineData(502, "", S3ErrorKind.Transient, 4)]
    [InlineData(400, "RequestTimeout", S3ErrorKind.Transient, 4)]
    [InlineData(409, "OperationAborted", S3ErrorKind.Transient, 4)]
    [InlineData(403, "AccessDenied", S3ErrorKind.Denied, 1)]
    [InlineData(403, "InvalidObjectState", S3ErrorKind.Conflict, 1)]
    [InlineData(400, "InvalidArgument", S3ErrorKind.Invalid, 1)]
    [InlineData(404, "NoSuchKey", S3ErrorKind.NotFound, 1)]
    [InlineData(501, "NotImplemented", S3ErrorKind.NotSupported, 1)]
    [InlineData(302, "", S3ErrorKind.BadAnswer, 1)]
    public async Task Errors_AreTriedAgainOnlyWhereTheyMayPass(int status, string code, S3ErrorKind kind, int attempts)
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(status, "Location: http://127.0.0.1:1/", code.Length > 0 ? $"<Error><Code>{code}</Code><Message>why</Message></Error>" : "<html>no XML of S3"));
        using var client = server.Client();
        var failure = await Should.ThrowAsync<S3ClientException>(client.GetTagsAsync("bucket", "key", null, none));
        (failure.Kind, failure.Code).ShouldBe((kind, code));
        server.Seen.Count.ShouldBe(attempts);
    }

    [Fact]
    public async Task StormOfErrors_ThatEnds_IsSurvived()
    {
        await using var server = new HostileServer((index, _) => index switch
        {
            0 => HostileServer.Answer(500, "", ""),
            1 => [],
            2 => "HTTP/1.1 banana\r\n\r\n"u8.ToArray(),
            _ => HostileServer.Answer(200, "", "<Tagging><TagSet/></Tagging>"),
        });
        using var client = server.Client();
        // What is no HTTP at all will not become it by waiting.
        (await Should.ThrowAsync<S3ClientException>(client.GetTagsAsync("bucket", "key", null, none))).Kind.ShouldBe(S3ErrorKind.BadAnswer);
        server.Seen.Count.ShouldBe(3);
        (await client.GetTagsAsync("bucket", "key", null, none)).ShouldBeEmpty();
    }

    [Fact]
    public async Task RetryAfter_IsWaitedFor_UpToTheLimit()
    {
        var time = new HastyTime(TimeSpan.FromSeconds(60));
        await using var server = new HostileServer((index, _) => index switch
        {
            0 => HostileServer.Answer(503, "Retry-After: 7", ""),
            1 => HostileServer.Answer(503, "Retry-After: 100000", ""),
            2 => HostileServer.Answer(503, "Retry-After: Thu, 01 Jan 2026 00:00:11 GMT", ""),
            _ => HostileServer.Answer(200, "", "<Tagging><TagSet/></Tagging>"),
        });
        using var client = server.Client(options => options with { RetryDelayMax = TimeSpan.FromSeconds(20) }, time);
        (await client.GetTagsAsync("bucket", "key", null, none)).ShouldBeEmpty();
        time.Delays.ShouldBe([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(11)]);
    }

    [Fact]
    public async Task Delays_OfOurOwn_AreRandomBelowDoublingLimits()
    {
        var time = new HastyTime(TimeSpan.FromSeconds(60));
        await using var server = new HostileServer((_, _) => HostileServer.Answer(500, "", ""));
        using var client = server.Client(options => options with { AttemptCountMax = 8, RetryDelayBase = TimeSpan.FromSeconds(1), RetryDelayMax = TimeSpan.FromSeconds(20) }, time);
        await Should.ThrowAsync<S3ClientException>(client.GetTagsAsync("bucket", "key", null, none));
        time.Delays.Count.ShouldBe(7);
        foreach (var (index, delay) in time.Delays.Index()) delay.TotalSeconds.ShouldBeInRange(0, Math.Min(20, Math.Pow(2, index + 1)));
        time.Delays.Distinct().Count().ShouldBe(7);
    }

    [Fact]
    public async Task Clock_ThatDiffers_IsCorrectedOnce()
    {
        var time = new FakeTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var server = new HostileServer((_, request) => request.Header("x-amz-date") == "20260101T030000Z"
            ? HostileServer.Answer(200, "", "<Tagging><TagSet/></Tagging>")
            : HostileServer.Answer(403, "Date: Thu, 01 Jan 2026 03:00:00 GMT", "<Error><Code>RequestTimeTooSkewed</Code></Error>"));
        using var client = server.Client(null, time);
        await client.GetTagsAsync("bucket", "key", null, none);
        await client.GetTagsAsync("bucket", "key", null, none);
        server.Seen.Select(request => request.Header("x-amz-date")).ShouldBe(["20260101T000000Z", "20260101T030000Z", "20260101T030000Z"]);

        await using var liar = new HostileServer((_, _) => HostileServer.Answer(403, "Date: Thu, 01 Jan 2026 03:00:00 GMT", "<Error><Code>RequestTimeTooSkewed</Code></Error>"));
        using var other = liar.Client(null, time);
        (await Should.ThrowAsync<S3ClientException>(other.GetTagsAsync("bucket", "key", null, none))).Kind.ShouldBe(S3ErrorKind.Denied);
        liar.Seen.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(301, "x-amz-bucket-region: eu-west-3", "<Error><Code>PermanentRedirect</Code></Error>")]
    [InlineData(307, "x-amz-bucket-region: eu-west-3\r\nLocation: http://127.0.0.1:1/elsewhere", "")]
    [InlineData(400, "", "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>")]
    public async Task Region_ThatTheServiceNames_IsSignedForFromThenOn(int status, string headers, string body)
    {
        await using var server = new HostileServer((_, request) => request.Header("authorization").Contains("/eu-west-3/s3/", StringComparison.Ordinal)
            ? HostileServer.Answer(200, "", "<Tagging><TagSet/></Tagging>")
            : HostileServer.Answer(status, headers, body));
        using var client = server.Client();
        await client.GetTagsAsync("bucket", "key", null, none);
        await client.GetTagsAsync("bucket", "key", null, none);
        server.Seen.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Region_ThatChangesWithEveryAnswer_IsFollowedOnce()
    {
        await using var server = new HostileServer((index, _) => HostileServer.Answer(301, $"x-amz-bucket-region: region-{index}", ""));
        using var client = server.Client();
        await Should.ThrowAsync<S3ClientException>(client.GetTagsAsync("bucket", "key", null, none));
        server.Seen.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Complete_ThatIsAnsweredWithAnErrorInA200_IsAnError()
    {
        await using var server = new HostileServer((index, _) => HostileServer.Answer(200, "", index == 0
            ? "  \n<?xml version=\"1.0\"?>\n   <Error><Code>InternalError</Code></Error>"
            : index == 1 ? "<CompleteMultipartUploadResult><ETag>\"e-1\"</ETag></CompleteMultipartUploadResult>" : "<Error><Code>InvalidPart</Code></Error>"));
        using var client = server.Client();
        (await client.CompleteUploadAsync("bucket", "key", "id", [new(1, 5, "e")], S3PutOptions.None, none)).ETag.ShouldBe("e-1");
        (await Should.ThrowAsync<S3ClientException>(client.CompleteUploadAsync("bucket", "key", "id", [new(1, 5, "e")], S3PutOptions.None, none))).Code.ShouldBe("InvalidPart");
    }

    [Fact]
    public async Task Secrets_AreInNoMessage()
    {
        await using var server = new HostileServer((_, _) => HostileServer.Answer(403, "", "<Error><Code>SignatureDoesNotMatch</Code></Error>"));
        var keys = new AccessKeys("AKID", "a-secret-that-signs", "a-session-token");
        keys.ToString().ShouldBe("AKID ***");
        using var client = new S3Client(new() { Endpoint = server.Endpoint }, keys, TimeProvider.System, new Random(1));
        var failure = (await Should.ThrowAsync<S3ClientException>(client.ListBucketsAsync(none))).ToString();
        failure.ShouldNotContain(keys.Secret);
        failure.ShouldNotContain(keys.SessionToken!);
        server.Seen[0].Header("x-amz-security-token").ShouldBe(keys.SessionToken);
    }
}
