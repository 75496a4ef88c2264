using Shouldly;

namespace Oort.S3.Tests;

/// <summary>Who is let in, and what is said of requests that are over.</summary>
public sealed class S3CompletionTests
{
    [Fact]
    public async Task Request_NotAdmitted_IsSentAwayBeforeItIsLookedAt()
    {
        var isOpen = false;
        await using var gateway = await Gateway.StartAsync(new() { [S3Operation.GetObject] = static (_, _) => default }, admit: (_, _) => isOpen ? default : throw new S3Exception(S3Errors.SlowDown));
        foreach (var path in new[] { "/bucket/key", "/%zz", "/_oort/signed" })
        {
            using var connection = await gateway.ConnectAsync();
            await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            var answer = await connection.ReceiveAsync();
            (answer.Status, answer.Code, answer.Headers["retry-after"].Single()).ShouldBe((503, "SlowDown", "1"));
            gateway.Completions.Take(TestContext.Current.CancellationToken).Principal.ShouldBeNull();
        }

        isOpen = true;
        using var later = await gateway.ConnectAsync();
        await later.SendAsync($"GET /%zz HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
        (await later.ReceiveAsync()).Code.ShouldBe("InvalidURI");
    }

    [Fact]
    public async Task Completion_OfEachCaller_SaysWhoItWas()
    {
        await using var gateway = await Gateway.StartAsync(new() { [S3Operation.GetObject] = static (_, _) => default }, authorize: (_, _) => default);
        (await CompleteAsync(gateway.Sign("GET", "/bucket/key", SigV4.EmptyHash))).AccessKeyId.ShouldBe(Gateway.AccessKey);
        var anonymous = await CompleteAsync($"GET /bucket/key HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
        (anonymous.Principal?.AccessKeyId, anonymous.AccessKeyId, anonymous.ClaimedAccessKeyId).ShouldBe(("", null, null));
        var refused = await CompleteAsync(gateway.Sign("GET", "/bucket/key", SigV4.EmptyHash).Replace($"={Gateway.AccessKey}/", "=NOBODY/", StringComparison.Ordinal));
        (refused.Principal, refused.AccessKeyId, refused.ClaimedAccessKeyId, refused.Status).ShouldBe((null, null, "NOBODY", 403));

        async Task<S3Completion> CompleteAsync(string request)
        {
            using var connection = await gateway.ConnectAsync();
            await connection.SendAsync(request);
            return gateway.Completions.Take(TestContext.Current.CancellationToken);
        }
    }
}
