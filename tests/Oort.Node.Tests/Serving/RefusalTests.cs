using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Node.Tests.Serving;

/// <summary>What a node MUST reject (docs/formats/node-protocol.md §11), and that it is whole afterwards.</summary>
public sealed class RefusalTests : IAsyncLifetime
{
    private RunningNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await RunningNode.StartAsync();

    public async ValueTask DisposeAsync() => await _node.DisposeAsync();

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/v2/status")]
    [InlineData("DELETE", "/v1/status")]
    [InlineData("GET", "/v1/status/")]
    [InlineData("POST", "/v1/shards/1-2.3")]
    [InlineData("PATCH", "/v1/uploads/00000000000000000000000000000000")]
    [InlineData("PUT", "/v1/logs/a")]
    [InlineData("OPTIONS", "/v1/shards")]
    public async Task Request_UnknownPathOrMethod_IsUnknown(string method, string target) => (await _node.SendAsync(method, target)).Error.ShouldBe("unknown-path");

    [Theory]
    [InlineData("GET", "/v1/shards/1-2.03?offset=0&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=00&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=-1&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0x1&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=9223372036854775808&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0&length=134217729")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0&offset=0&length=1")]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0&length=1&more=1")]
    [InlineData("GET", "/v1/shards/%31-2.3?offset=0&length=1")]
    [InlineData("GET", "/v1/shards/../shards/1-2.3?offset=0&length=1")]
    [InlineData("GET", "/v1/shards?limit=0")]
    [InlineData("GET", "/v1/shards?limit=65537")]
    [InlineData("GET", "/v1/shards?after=x")]
    [InlineData("GET", "/v1/blobs/A")]
    [InlineData("GET", "/v1/blobs/a//b")]
    [InlineData("GET", "/v1/blobs?prefix=_")]
    [InlineData("GET", "/v1/logs?after=_")]
    [InlineData("POST", "/v1/uploads?shard=1-2.3")]
    [InlineData("POST", "/v1/uploads?shard=1-2.3&length=134217729")]
    [InlineData("POST", "/v1/uploads?shard=1-2&length=1")]
    [InlineData("PUT", "/v1/store?cluster=4d")]
    [InlineData("PUT", "/v1/store")]
    [InlineData("POST", "/v1/uploads/00000000000000000000000000000000")]
    public async Task Request_NotInItsOneSpelling_IsBad(string method, string target)
    {
        var answer = await _node.SendAsync(method, target);

        (answer.Status, answer.Error).ShouldBe((400, "bad-request"));
        answer.Body.Length.ShouldBeInRange(1, NodeLimits.ErrorTextSizeMax);
    }

    [Theory]
    [InlineData("GET", "/v1/shards/1-2.3?offset=0&length=1", 404, "not-found")]
    [InlineData("DELETE", "/v1/shards/1-2.3", 404, "not-found")]
    [InlineData("GET", "/v1/receipts/1-2.3", 404, "not-found")]
    [InlineData("GET", "/v1/blobs/a", 404, "not-found")]
    [InlineData("PUT", "/v1/uploads/00000000000000000000000000000000?offset=0", 404, "unknown-upload")]
    [InlineData("PUT", "/v1/store?cluster=00000000000000000000000000000001", 421, "other-store")]
    public async Task Request_ForWhatIsNotThere_SaysSo(string method, string target, int status, string error)
    {
        var answer = await _node.SendAsync(method, target, method == "PUT" ? RunningNode.Checked([]) : null);

        (answer.Status, answer.Error).ShouldBe((status, error));
    }

    [Theory]
    [InlineData("00000000000000000000000000000001", "other-store")]
    [InlineData("1", "bad-request")]
    [InlineData("", "bad-request")]
    public async Task Request_NamingNotTheStore_DoesNothing(string store, string error)
    {
        (await _node.SendCheckedAsync("PUT", "/v1/shards/1-2.3", [1], (NodeHeaders.Store, store))).Error.ShouldBe(error);

        (await _node.SendAsync("HEAD", "/v1/shards/1-2.3")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("PUT", "/v1/shards/1-2.3", (128 << 20) + 1)]
    [InlineData("POST", "/v1/batch", (8 << 20) + 1)]
    [InlineData("PUT", "/v1/blobs/a", (16 << 20) + 1)]
    [InlineData("POST", "/v1/logs/a?offset=0", (64 << 20) + 1)]
    [InlineData("POST", "/v1/challenge", 317)]
    public async Task Body_AboveItsLimit_IsNotRead(string method, string target, long length)
    {
        // Announced, and never sent: the answer does not wait for it.
        var answer = await AnswerToAsync($"{method} {target} HTTP/1.1\r\nHost: node\r\noort-store: {_node.Store}\r\nContent-Length: {length + NodeLimits.CheckSize}\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 413 ");
        answer.ShouldContain("oort-error: too-large");
    }

    [Theory]
    [InlineData("Content-Length: 7\r\n\r\n1234567", "400")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")]
    [InlineData("\r\n", "400")]
    public async Task Body_WithoutLengthOrCheck_IsBad(string rest, string status) =>
        (await AnswerToAsync($"PUT /v1/shards/1-2.3 HTTP/1.1\r\nHost: node\r\noort-store: {_node.Store}\r\n{rest}")).ShouldStartWith($"HTTP/1.1 {status} ");

    [Theory]
    [InlineData("PUT", "/v1/shards/1-2.3", 100)]
    [InlineData("PUT", "/v1/shards/1-2.3", 2_000_000)]
    [InlineData("POST", "/v1/logs/a?offset=0", 100)]
    [InlineData("POST", "/v1/batch", 100)]
    [InlineData("POST", "/v1/challenge", 64)]
    public async Task Body_WithAWrongChecksum_LeavesNothing(string method, string target, int length)
    {
        var body = RunningNode.Checked(new byte[length]);
        body[length / 2] ^= 1;

        var answer = await _node.SendAsync(method, target, body);

        (answer.Status, answer.Error).ShouldBe((422, "bad-body"));
        await ShouldBeEmptyAsync();
    }

    [Theory]
    [InlineData(1000, 0)]
    [InlineData(1000, 500)]
    [InlineData(1000, 1007)]
    [InlineData(3_000_000, 0)]
    [InlineData(3_000_000, 1_500_000)]
    [InlineData(3_000_000, 3_000_000)]
    [InlineData(3_000_000, 3_000_007)]
    public async Task Body_CutOff_LeavesNothing(int length, int sent)
    {
        await using (var stream = await _node.ConnectAsync())
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PUT /v1/shards/1-2.3 HTTP/1.1\r\nHost: node\r\noort-store: {_node.Store}\r\nContent-Length: {length + NodeLimits.CheckSize}\r\n\r\n")));
            await stream.WriteAsync(RunningNode.Checked(new byte[length]).AsMemory(0, sent));
        }

        // Stopping waits for the request, however it ends.
        await _node.RestartAsync();
        await ShouldBeEmptyAsync();
    }

    [Fact]
    public async Task Body_ThatDoesNotMove_IsCutOff()
    {
        // The handshake has this time, too, and must end within it on a busy machine.
        await _node.RestartAsync(options => options with { StallTimeout = TimeSpan.FromSeconds(2) });

        var answer = await AnswerToAsync($"PUT /v1/shards/1-2.3 HTTP/1.1\r\nHost: node\r\noort-store: {_node.Store}\r\nContent-Length: 100\r\n\r\n123");

        answer.ShouldContain("oort-error: bad-body");
        await ShouldBeEmptyAsync();
    }

    [Fact]
    public async Task Caller_NotOnTheList_GetsNothing()
    {
        using var stranger = NodeIdentity.Create();
        using var http = RunningNode.Caller(stranger);
        foreach (var (method, target) in new[] { ("GET", "/v1/status"), ("PUT", $"/v1/store?cluster={RunningNode.Cluster}"), ("GET", "/v1/shards"), ("DELETE", "/v1/shards/1-2.3"), ("GET", "/v3/anything") })
        {
            var answer = await _node.SendAsync(http, method, target, null);
            (answer.Status, answer.Error).ShouldBe((403, "unauthorized"));
        }

        (await _node.SendAsync(http, "PUT", "/v1/shards/1-2.3", RunningNode.Checked([1]))).Status.ShouldBe(403);
        await ShouldBeEmptyAsync();

        // The nearest thing that is let in.
        _node.Host.Allow(stranger.Id).ShouldBeTrue();
        (await _node.SendAsync(http, "GET", "/v1/status", null)).Status.ShouldBe(200);
        _node.Host.Allow(stranger.Id).ShouldBeFalse();
        await _node.RestartAsync();
        (await _node.SendAsync(http, "GET", "/v1/status", null)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Caller_WithoutACertificate_IsNotConnected()
    {
        using var http = RunningNode.Caller(null);

        await Should.ThrowAsync<HttpRequestException>(() => _node.SendAsync(http, "GET", "/v1/status", null));
    }

    [Fact]
    public async Task Caller_WithAnOlderTls_IsNotConnected() =>
        await Should.ThrowAsync<Exception>(async () =>
        {
            await using var stream = await _node.ConnectAsync(SslProtocols.Tls12);
        });

    [Theory]
    [InlineData("\0\u0001\u0002\u0003\r\n\r\n")]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET /v1/status HTTP/9.9\r\n\r\n")]
    [InlineData("GET /v1/status HTTP/1.1\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("PUT /v1/shards/1-2.3 HTTP/1.1\r\nHost: node\r\nContent-Length: x\r\n\r\n")]
    [InlineData("GET /v1/status HTTP/1.1\r\nHost: node\r\nContent-Length: -1\r\n\r\n")]
    public async Task Garbage_OnAConnection_EndsItAndNothingElse(string garbage)
    {
        (await AnswerToAsync(garbage)).ShouldNotStartWith("HTTP/1.1 2");

        (await _node.SendAsync("GET", "/v1/status")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Headers_AboveTheirLimit_AreRefused()
    {
        (await _node.SendAsync("GET", "/v1/blobs/" + new string('a', 9000))).Status.ShouldBe(414);
        (await _node.SendAsync("GET", "/v1/status", null, ("x-long", new string('a', 9000)))).Status.ShouldBe(431);
        (await _node.SendAsync("GET", "/v1/status")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Bodies_BeyondTheMemory_AreSentAwayAndThoseAfterThemServed()
    {
        await _node.RestartAsync(options => options with { BodyBytesMax = NodeOptions.BodyBytesMin });

        // One that announces most of it and stands still, and one for which there is no room.
        await using var stream = await _node.ConnectAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"POST /v1/logs/a?offset=0 HTTP/1.1\r\nHost: node\r\noort-store: {_node.Store}\r\nContent-Length: {64 << 20}\r\n\r\n")));
        RunningNode.Answer answer;
        do
        {
            // The first may not have been read yet.
            answer = await AnswerToBlobAsync();
        }
        while (answer.Status == 409);
        (answer.Status, answer.Error, answer.Header("Retry-After")).ShouldBe((503, "throttled", "1"));

        await stream.DisposeAsync();
        while ((answer = await AnswerToBlobAsync()).Status == 503) await Task.Yield();
        answer.Error.ShouldBe("conflict");

        Task<RunningNode.Answer> AnswerToBlobAsync() => _node.SendCheckedAsync("PUT", "/v1/blobs/a", new byte[16 << 20]);
    }

    private async Task ShouldBeEmptyAsync()
    {
        ShardPage.TryRead((await _node.SendAsync("GET", "/v1/shards")).Content(), out var page).ShouldBeTrue();
        page.Shards.ShouldBeEmpty();
        Encoding.ASCII.GetString((await _node.SendAsync("GET", "/v1/blobs")).Content()).ShouldBe("end\n");
        Encoding.ASCII.GetString((await _node.SendAsync("GET", "/v1/logs")).Content()).ShouldBe("end\n");
    }

    /// <summary>Sends bytes and reads to the end of the headers of what comes, or of the connection.</summary>
    private async Task<string> AnswerToAsync(string request)
    {
        await using SslStream stream = await _node.ConnectAsync();
        var answer = new StringBuilder();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            var buffer = new byte[4096];
            while (!answer.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) is > 0 and var read)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Cut off, which is an answer.
        }

        return answer.ToString();
    }
}
