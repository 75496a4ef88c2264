using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Crypto;
using Oort.Gateway.Tests.Operations;
using Oort.Node.Protocol;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Nodes;

/// <summary>The door for nodes under a clock that a test moves: tokens that end, and crowds.</summary>
public sealed class NodeDoorTests : IAsyncLifetime
{
    private static readonly byte[] s_nonce = new byte[JoinProof.NonceSize];

    private readonly StoppedTime _time = new();
    private readonly RootKey _root = new(new byte[32]);
    private TestStorage _storage = null!;
    private NodeEndpoints _endpoints = null!;
    private NodeMembership _members = null!;
    private NodeRequests _requests = null!;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        _storage = await TestStorage.OpenAsync();
        _endpoints = new NodeEndpoints(_root);
        _members = new NodeMembership(_storage.Inner, _endpoints, _time, NullLogger<NodeMembership>.Instance);
        _requests = new NodeRequests(_members, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _members.DisposeAsync();
        _endpoints.Dispose();
        await _storage.DisposeAsync();
        _root.Dispose();
    }

    [Fact]
    public async Task Join_WithATokenThatIsOver_IsRefusedAndSaysHowToGoOn()
    {
        var (token, late) = (await GiveAsync(), await GiveAsync());
        using var node = NodeIdentity.Create();
        using var other = NodeIdentity.Create();
        await _members.Joins.JoinAsync(Request(token, node), None);

        _time.Advance(TimeSpan.FromSeconds(61));

        var expired = await Should.ThrowAsync<NodeRefusedException>(async () => await _members.Joins.JoinAsync(Request(late, other), None));
        (expired.Status, expired.Code).ShouldBe((403, "TokenExpired"));
        expired.Message.ShouldContain("oort node invite");
        // Nor does the node that it let in come in by it again, however late somebody repeats its request.
        (await Should.ThrowAsync<NodeRefusedException>(async () => await _members.Joins.JoinAsync(Request(token, node), None))).Code.ShouldBe("TokenExpired");
        _members.Members.ShouldHaveSingleItem().Id.ShouldBe(node.Id);

        // Long after, nobody remembers it; the member is one still.
        _time.Advance(TimeSpan.FromDays(8));
        await GiveAsync();
        (await Should.ThrowAsync<NodeRefusedException>(async () => await _members.Joins.JoinAsync(Request(late, other), None))).Code.ShouldBe("TokenUnknown");
        var beat = Beat(node, 0, 1);
        HeartbeatAnswer.TryRead(await _members.Heartbeats.HearAsync(beat, None), _members.Cluster, beat, out var answer).ShouldBeTrue();
        answer.Outcome.ShouldBe(HeartbeatOutcome.Again);
    }

    [Fact]
    public async Task Join_Crowd_IsSentAwayAndLetInLater()
    {
        const int perSecond = 10;
        var token = await GiveAsync();
        using var node = NodeIdentity.Create();

        for (var i = 0; i < perSecond; i++) (await PostAsync(MembershipLimits.JoinPath, [1])).Code.ShouldBe("BadMessage");
        (await PostAsync(MembershipLimits.JoinPath, Request(token, node))).ShouldBe((503, "SlowDown", "5"));
        _time.Advance(TimeSpan.FromSeconds(0.05));
        (await PostAsync(MembershipLimits.JoinPath, Request(token, node))).Status.ShouldBe(503);

        _time.Advance(TimeSpan.FromSeconds(0.05));
        (await PostAsync(MembershipLimits.JoinPath, Request(token, node))).Status.ShouldBe(200);
        (await PostAsync(MembershipLimits.JoinPath, Request(token, node))).Status.ShouldBe(503);
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < perSecond; i++) (await PostAsync(MembershipLimits.JoinPath, [1])).Status.ShouldBe(400);
        (await PostAsync(MembershipLimits.JoinPath, [1])).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Heartbeats_OfACrowdOfStrangers_AreSentAwayAndThoseOfMembersHeard()
    {
        const int perSecond = 100;
        using var member = NodeIdentity.Create();
        await _members.Joins.JoinAsync(Request(await GiveAsync(), member), None);

        for (var i = 0; i < perSecond; i++) (await RefuseStrangerAsync()).ShouldBe("UnknownNode");
        (await RefuseStrangerAsync()).ShouldBe("SlowDown");

        // However many they are.
        await _members.Heartbeats.HearAsync(Beat(member, 0, 1), None);
        _time.Advance(TimeSpan.FromSeconds(0.01));
        (await RefuseStrangerAsync()).ShouldBe("UnknownNode");
        (await RefuseStrangerAsync()).ShouldBe("SlowDown");
        _members.Members.ShouldHaveSingleItem();
    }

    private async Task<string> RefuseStrangerAsync()
    {
        using var stranger = NodeIdentity.Create();
        return (await Should.ThrowAsync<NodeRefusedException>(async () => await _members.Heartbeats.HearAsync(Beat(stranger, 0, 1), None))).Code;
    }

    private ValueTask<JoinToken> GiveAsync() => _members.Tokens.GiveAsync(TimeSpan.FromMinutes(1), [new Uri("http://127.0.0.1:9000/")], new() { Address = "any:1" }, isVetting: false, None);

    private static byte[] Request(JoinToken token, NodeIdentity node) => JoinRequest.Create(node, token, new() { Address = "127.0.0.1:1" }, s_nonce).Bytes.ToArray();

    private byte[] Beat(NodeIdentity node, UInt128 session, ulong counter) =>
        new Heartbeat(_members.Cluster, node.PublicKey.ToArray(), session, counter, 5, _time.GetUtcNow().ToUnixTimeMilliseconds(), new() { Address = "127.0.0.1:1" }).Sign(node);

    private async Task<(int Status, string Code, string RetryAfter)> PostAsync(string path, byte[] message)
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path, http.Request.ContentLength, http.Request.Body) = ("POST", path, message.Length, new MemoryStream(message));
        var answer = new MemoryStream();
        http.Response.Body = answer;
        await _requests.HandleAsync(http);
        var code = http.Response.StatusCode == 200 ? "" : JsonDocument.Parse(answer.ToArray()).RootElement.GetProperty("code").GetString()!;
        return (http.Response.StatusCode, code, http.Response.Headers.RetryAfter.ToString());
    }
}
