using System.Net;
using System.Text.Json;
using Oort.Conformance.Harness;
using Oort.Node.Protocol;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Nodes;

/// <summary>What strangers, thieves and clumsy owners get at a real gateway's door for nodes.</summary>
public sealed class JoinTests(JoinTests.Gateway shared) : IClassFixture<JoinTests.Gateway>, IDisposable
{
    private readonly NodeIdentity _node = NodeIdentity.Create();
    private readonly byte[] _nonce = [.. Enumerable.Range(0, JoinProof.NonceSize).Select(i => (byte)i)];

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Join_WithATokenTwice_IsTheSameForTheSameNodeAndRefusedForAnother()
    {
        var token = await TokenAsync();
        var request = Request(token, _node);

        var answer = await PostAsync(MembershipLimits.JoinPath, request);
        JoinAnswer.TryRead(answer.Body, token, _node.Id, _nonce, out _).ShouldBeTrue();
        (await PostAsync(MembershipLimits.JoinPath, request)).Status.ShouldBe(HttpStatusCode.OK);

        using var other = NodeIdentity.Create();
        await ShouldRefuseAsync(MembershipLimits.JoinPath, Request(token, other), HttpStatusCode.Forbidden, "TokenUsed");
        (await shared.Members.ListAsync())[_node.Id.ToString()].GetProperty("state").GetString().ShouldBe("joining");
    }

    [Fact]
    public async Task Join_WithATokenThatNobodyGaveOut_IsRefused()
    {
        var token = await TokenAsync();

        await ShouldRefuseAsync(MembershipLimits.JoinPath, Request(token with { Secret = new byte[32] }, _node), HttpStatusCode.Forbidden, "BadProof");
        await ShouldRefuseAsync(MembershipLimits.JoinPath, Request(token with { Cluster = _node.Id }, _node), HttpStatusCode.Forbidden, "OtherCluster");
        await ShouldRefuseAsync(MembershipLimits.JoinPath, Request(token with { Id = token.Id + 1 }, _node), HttpStatusCode.Forbidden, "BadProof");
    }

    [Fact]
    public async Task Join_AsAnotherNode_IsRefused()
    {
        var token = await TokenAsync();
        using var victim = NodeIdentity.Create();
        var request = Request(token, _node);
        // The thief has a token, and puts the public key of somebody else in his request.
        victim.PublicKey.CopyTo(request.AsSpan(24));

        await ShouldRefuseAsync(MembershipLimits.JoinPath, request, HttpStatusCode.Forbidden, "BadProof");
    }

    [Fact]
    public async Task Heartbeat_OfAMember_IsTakenOnceAndOnlyFromIt()
    {
        var token = await TokenAsync();
        (await PostAsync(MembershipLimits.JoinPath, Request(token, _node))).Status.ShouldBe(HttpStatusCode.OK);

        // Without the gateway's session it is not taken, and the session is told.
        var first = Beat(token, 0, 1, 5);
        var told = Answer(token, first, await PostAsync(MembershipLimits.HeartbeatPath, first));
        told.Outcome.ShouldBe(HeartbeatOutcome.Again);
        var beat = Beat(token, told.Session, 2, 5);
        Answer(token, beat, await PostAsync(MembershipLimits.HeartbeatPath, beat)).Outcome.ShouldBe(HeartbeatOutcome.Taken);
        // The same once more: somebody has overheard it.
        Answer(token, beat, await PostAsync(MembershipLimits.HeartbeatPath, beat)).Outcome.ShouldBe(HeartbeatOutcome.Again);

        // A second process with the same key, and then the first again.
        var second = Beat(token, told.Session, 1, 6);
        Answer(token, second, await PostAsync(MembershipLimits.HeartbeatPath, second)).Outcome.ShouldBe(HeartbeatOutcome.Taken);
        var third = Beat(token, told.Session, 3, 5);
        var contested = Answer(token, third, await PostAsync(MembershipLimits.HeartbeatPath, third));
        contested.Outcome.ShouldBe(HeartbeatOutcome.Contested);
        (await shared.Members.ListAsync())[_node.Id.ToString()].GetProperty("trouble").GetString()!.ShouldContain("Two processes");

        // Signed by another key.
        using var thief = NodeIdentity.Create();
        var forged = Beat(token, told.Session, 9, 6);
        thief.Sign(forged.AsSpan(0, forged.Length - 64), forged.AsSpan(forged.Length - 64));
        await ShouldRefuseAsync(MembershipLimits.HeartbeatPath, forged, HttpStatusCode.Forbidden, "BadProof");
    }

    [Fact]
    public async Task Heartbeat_OfNobody_IsRefused()
    {
        var token = await TokenAsync();

        await ShouldRefuseAsync(MembershipLimits.HeartbeatPath, Beat(token, 0, 1, 5), HttpStatusCode.NotFound, "UnknownNode");
        await ShouldRefuseAsync(MembershipLimits.HeartbeatPath, Beat(token with { Cluster = _node.Id }, 0, 1, 5), HttpStatusCode.Forbidden, "OtherCluster");
    }

    [Theory]
    [InlineData(1, HttpStatusCode.BadRequest, "BadMessage")]
    [InlineData(MembershipLimits.MessageSizeMax, HttpStatusCode.BadRequest, "BadMessage")]
    [InlineData(MembershipLimits.MessageSizeMax + 1, HttpStatusCode.RequestEntityTooLarge, "TooLarge")]
    public async Task Message_ThatIsNone_IsRefused(int size, HttpStatusCode status, string code)
    {
        await ShouldRefuseAsync(MembershipLimits.JoinPath, new byte[size], status, code);
        await ShouldRefuseAsync(MembershipLimits.HeartbeatPath, new byte[size], status, code);
    }

    [Theory]
    [InlineData("--expires", "59s", "A token lives")]
    [InlineData("--expires", "31d", "A token lives")]
    [InlineData("--expires", "soon", "--expires")]
    [InlineData("--url", "ftp://a/", "is not a URL of a gateway")]
    [InlineData("--country", "Nederland", "two capital letters")]
    [InlineData("--price", "-1", "The price")]
    public async Task Invite_WithABadOption_SaysWhich(string option, string value, string said)
    {
        var result = await shared.Members.RunAsync("node", "invite", option, value);

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain(said);
    }

    [Fact]
    public async Task Verb_OfANodeThatIsNot_SaysSo() => (await shared.Members.RunAsync("node", "pause", "0123456789")).Error.ShouldContain("There is no node 0123456789");

    [Theory]
    [InlineData("oort1-AAAA", "not a join token")]
    [InlineData("", "not a join token")]
    public async Task NodeJoin_WithATokenThatIsNone_SaysSoAndMakesNothing(string token, string said)
    {
        var data = shared.Folder["never"];
        var result = await Tool.RunAsync(GatewayProcess.Executable, ["node", "join", token, "--data", data]);

        result.ExitCode.ShouldBe(2);
        result.Error.ShouldContain(said);
        Directory.Exists(data).ShouldBeFalse();
    }

    [Fact]
    public async Task Pause_OfANode_GivesItNothingNewUntilItIsResumed()
    {
        await using var node = await NodeProcess.JoinAsync(await shared.Members.InviteAsync("--vetting"), shared.Folder["paused"], "--space", "2GiB");
        var id = node.Address.Id.ToString();
        await shared.Members.UntilStatesAsync("the node is active", nodes => nodes.TryGetValue(id, out var one) && Membership.State(one) == "active/online");
        var geometry = (await shared.Members.JsonAsync("status")).GetProperty("geometry").GetString();

        (await shared.Members.JsonAsync("node", "pause", id[..12])).GetProperty("state").GetString().ShouldBe("paused");

        (await shared.Members.JsonAsync("status")).GetProperty("geometry").GetString().ShouldNotBe(geometry);
        (await shared.Members.JsonAsync("node", "resume", id)).GetProperty("state").GetString().ShouldBe("active");
        (await shared.Members.JsonAsync("status")).GetProperty("geometry").GetString().ShouldBe(geometry);
        var shown = (await shared.Members.RunAsync("node", "show", id)).ShouldSucceed().Output;
        shown.ShouldContain("Paused by an operator.");
        shown.ShouldContain("Resumed by an operator.");
        // It is audited from the start, and a stranger's.
        shown.ShouldContain("fast 1.000 (0.6 or more), slow 1.000");
        (await shared.Members.ListAsync())[id].GetProperty("standing").GetString().ShouldBe("vetting");

        // One that is there is drained, not given up; one that is gone can be.
        (await shared.Members.RunAsync("node", "remove", id)).Error.ShouldContain("drain it");
        await node.KillAsync();
        await shared.Members.UntilStatesAsync("the node is offline", nodes => Membership.State(nodes[id]) == "active/offline");
        (await shared.Members.JsonAsync("node", "remove", id)).GetProperty("state").GetString().ShouldBe("removed");
    }

    private async Task<JoinToken> TokenAsync() => JoinToken.TryParse(await shared.Members.InviteAsync(), out var token) ? token : throw new ShouldAssertException("It is no token.");

    private byte[] Request(JoinToken token, NodeIdentity node) => JoinRequest.Create(node, token, new() { Address = "127.0.0.1:1" }, _nonce).Bytes.ToArray();

    private byte[] Beat(JoinToken token, UInt128 session, ulong counter, UInt128 instance) =>
        new Heartbeat(token.Cluster, _node.PublicKey.ToArray(), session, counter, instance, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), new() { Address = "127.0.0.1:1" }).Sign(_node);

    private static HeartbeatAnswer Answer(JoinToken token, byte[] heartbeat, (HttpStatusCode Status, byte[] Body) answer) =>
        HeartbeatAnswer.TryRead(answer.Body, token.Cluster, heartbeat, out var read) ? read : throw new ShouldAssertException($"{answer.Status}: {System.Text.Encoding.UTF8.GetString(answer.Body)}");

    private async Task ShouldRefuseAsync(string path, byte[] message, HttpStatusCode status, string code)
    {
        var answer = await PostAsync(path, message);
        answer.Status.ShouldBe(status);
        JsonDocument.Parse(answer.Body).RootElement.GetProperty("code").GetString().ShouldBe(code);
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> PostAsync(string path, byte[] message)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(new Uri(shared.Process.Endpoint), path), new ByteArrayContent(message));
        return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync());
    }

    /// <summary>One gateway for all of these, with two disks of its own.</summary>
    public sealed class Gateway : IAsyncLifetime
    {
        internal TemporaryFolder Folder { get; } = new();

        internal GatewayProcess Process { get; private set; } = null!;

        internal Membership Members { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Process = await GatewayProcess.StartAsync(Folder["data"], "--disk", Folder["disk1"], "--disk", Folder["disk2"]);
            Members = new(Process, Folder.FullPath);
        }

        public async ValueTask DisposeAsync()
        {
            await Process.DisposeAsync();
            Folder.Dispose();
        }
    }
}
