using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests.Membership;

/// <summary>What writers of membership messages make, their readers take; and the nearest that they do not.</summary>
public sealed class MembershipMessageTests : IDisposable
{
    private static readonly byte[] s_secret = [.. Enumerable.Range(1, JoinToken.SecretSize).Select(i => (byte)i)];
    private static readonly byte[] s_nonce = [.. Enumerable.Repeat((byte)7, JoinProof.NonceSize)];

    private readonly NodeIdentity _cluster = NodeIdentity.Create();
    private readonly NodeIdentity _node = NodeIdentity.Create();

    public void Dispose()
    {
        _cluster.Dispose();
        _node.Dispose();
    }

    [Fact]
    public void Token_WrittenAndRead_IsTheSame()
    {
        var token = Token();

        JoinToken.TryParse($"  {token.Encode()}\n", out var read).ShouldBeTrue();

        (read.Id, read.Cluster, read.Expires).ShouldBe((token.Id, token.Cluster, token.Expires));
        read.Secret.ToArray().ShouldBe(s_secret);
        read.Urls.ShouldBe(token.Urls);
        read.ToString().ShouldBe("***");
    }

    [Fact]
    public void Token_InAnotherSpelling_IsRefused()
    {
        var text = Token().Encode();

        foreach (var wrong in new[] { "", "oort1-", text[1..], text[..^1], text + "=", text.Replace("oort1-", "oort2-", StringComparison.Ordinal), "oort1-" + new string('A', 10_000) })
            JoinToken.TryParse(wrong, out _).ShouldBeFalse(wrong.Length > 40 ? wrong[..40] : wrong);
    }

    [Theory]
    [InlineData("ftp://a/")]
    [InlineData("http://user@a/")]
    [InlineData("http://a/?q")]
    [InlineData("http://a/#f")]
    public void Token_WithAUrlThatIsNone_CannotBeWritten(string url) =>
        Should.Throw<ArgumentException>(() => (Token() with { Urls = [new Uri(url)] }).Encode());

    [Fact]
    public void SecretOf_TheVectorOfAnotherProgram_IsTheSame()
    {
        using var cluster = NodeIdentity.FromSeed([.. Enumerable.Range(0, NodeIdentity.SeedSize).Select(i => (byte)i)]);
        var key = Enumerable.Repeat((byte)7, 32).ToArray();

        Convert.ToHexStringLower(JoinProof.SecretOf(key, UInt128.Parse("000102030405060708090a0b0c0d0e0f", System.Globalization.NumberStyles.HexNumber, null), cluster.Id))
            .ShouldBe("a5290a0d6a78a22aede23d5fd45342bfa9311ed034bf9f42e81829c8322ea40f");
    }

    [Fact]
    public void Join_BothSides_ProveTheSecretToEachOther()
    {
        var token = Token();
        var request = JoinRequest.Create(_node, token, new() { Address = "a:1" }, s_nonce);

        JoinRequest.TryRead(request.Bytes, out var read, out _).ShouldBeTrue();
        read.Node.ShouldBe(_node.Id);
        read.IsProven(s_secret).ShouldBeTrue();
        read.IsProven(new byte[32]).ShouldBeFalse();

        var answer = new JoinAnswer(_cluster.PublicKey.ToArray(), s_nonce, 5).Encode(s_secret, read.Node, read.Nonce);
        JoinAnswer.TryRead(answer, token, _node.Id, s_nonce, out _).ShouldBeTrue();
        JoinAnswer.TryRead(answer, token, _cluster.Id, s_nonce, out _).ShouldBeFalse();
        JoinAnswer.TryRead(answer, token with { Secret = new byte[32] }, _node.Id, s_nonce, out _).ShouldBeFalse();
        JoinAnswer.TryRead(answer, token with { Cluster = _node.Id }, _node.Id, s_nonce, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("a", false)]
    [InlineData("a:0", false)]
    [InlineData(":1", false)]
    [InlineData("a b:1", false)]
    [InlineData("::1:1", false)]
    [InlineData("[::1]:1", true)]
    [InlineData("192.0.2.7:65535", true)]
    [InlineData("node1.example.org:9100", true)]
    public void Details_Address_IsHostAndPort(string address, bool isOne) => (new NodeDetails { Address = address }.Fault() is null).ShouldBe(isOne);

    [Fact]
    public void Heartbeat_SignedByAnother_IsNotTheNodes()
    {
        var beat = new Heartbeat(_cluster.Id, _node.PublicKey.ToArray(), 1, 2, 3, 4, new() { Address = "a:1" });

        Heartbeat.IsSigned(beat.Sign(_node), _node.PublicKey).ShouldBeTrue();
        Heartbeat.IsSigned(beat.Sign(_node), _cluster.PublicKey).ShouldBeFalse();
    }

    [Theory]
    [InlineData("1-2.3", 16, true)]
    [InlineData("ffffffffffffffff-ffffffffffffffff.255", 16, true)]
    [InlineData("1-2.3", 17, false)]
    [InlineData("01-2.3", 1, false)]
    [InlineData("", 1, false)]
    public void Report_WithDamagedShards_TakesSoManyNames(string name, int count, bool isTaken)
    {
        var report = new NodeReport { Address = "a:1", BadShards = [.. Enumerable.Repeat(name, count)] };

        NodeReport.TryRead(report.Encode(), out var read).ShouldBe(isTaken);

        if (isTaken) read!.BadShards.ShouldBe(report.BadShards);
        NodeReport.TryRead("{\"address\":\"a:1\",\"badShards\":[null]}"u8, out _).ShouldBeFalse();
        NodeReport.TryRead(new NodeReport { Address = "a:1" }.Encode(), out read).ShouldBeTrue();
        read!.BadShards.ShouldBeNull();
    }

    [Fact]
    public void HeartbeatAnswer_WithALongMessage_IsCutBetweenCharacters()
    {
        var bytes = new HeartbeatAnswer(1, 2, HeartbeatOutcome.Taken, MembershipState.Active, 15, new string('é', 400)).Sign(_cluster, [1]);

        HeartbeatAnswer.TryRead(bytes, _cluster.Id, [1], out var answer).ShouldBeTrue();

        Encoding.UTF8.GetByteCount(answer.Message).ShouldBe(MembershipLimits.TextSizeMax);
        answer.Message.ShouldAllBe(letter => letter == 'é');
    }

    private JoinToken Token() => new(77, _cluster.Id, s_secret, 1_800_000_000_000, [new Uri("http://127.0.0.1:9000/"), new Uri("https://s3.example.org/")]);
}
