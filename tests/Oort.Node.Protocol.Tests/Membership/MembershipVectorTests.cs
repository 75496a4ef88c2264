using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests.Membership;

/// <summary>Each file of tests/vectors/node-membership is one message, made after the page by another program, and says what reading it must give.</summary>
public sealed partial class MembershipVectorTests
{
    private static readonly string s_folder = Path.Combine(Root(), "tests", "vectors", "node-membership");
    private static readonly NodeIdentity s_cluster = NodeIdentity.FromSeed([.. Enumerable.Range(0, NodeIdentity.SeedSize).Select(i => (byte)i)]);
    private static readonly byte[] s_secret = [.. Enumerable.Repeat((byte)0x5e, JoinToken.SecretSize)];
    private static readonly byte[] s_nonce = [.. Enumerable.Repeat((byte)0x22, JoinProof.NonceSize)];
    private static readonly NodeId s_asking = NodeId.Read([.. Enumerable.Repeat((byte)0x11, NodeId.Size)]);

    public static TheoryData<string> Names => [.. Directory.GetFiles(s_folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_Vector_GivesWhatItExpects(string name)
    {
        var (headers, bytes) = Load(name);

        (Describe(name.Split('-')[0], bytes, headers) ?? "refused").ShouldBe(headers["expect"]);
    }

    [Theory]
    [InlineData("token-whole")]
    [InlineData("join-whole")]
    [InlineData("answer-whole")]
    [InlineData("heartbeat-whole")]
    [InlineData("reply-whole")]
    public void Read_EveryFlippedByteAndEveryTruncation_IsRefused(string name)
    {
        var (headers, bytes) = Load(name);
        var kind = name.Split('-')[0];
        for (var i = 0; i < bytes.Length; i++)
        {
            var flipped = bytes.ToArray();
            flipped[i] ^= 0x41;
            Describe(kind, flipped, headers).ShouldBeNull($"byte {i} flipped");
            Describe(kind, bytes[..i], headers).ShouldBeNull($"{i} bytes");
        }

        Describe(kind, [.. bytes, 0], headers).ShouldBeNull("a byte more");
    }

    [Fact]
    public void Example_IsAnAnswerToAJoin()
    {
        var page = File.ReadAllText(Path.Combine(Root(), "docs", "formats", "node-membership.md"));
        var bytes = Convert.FromHexString(string.Concat(Example().Match(page).Groups[1].Value.Where(char.IsAsciiHexDigit)));

        JoinAnswer.TryRead(bytes, Token(), s_asking, s_nonce, out var answer).ShouldBeTrue();

        answer.Clock.ShouldBe(1_800_000_000_000);
        answer.Encode(s_secret, s_asking, s_nonce).ShouldBe(bytes);
    }

    private static JoinToken Token() => new(default, s_cluster.Id, s_secret, 0, [new Uri("http://a/")]);

    private static string? Describe(string kind, byte[] bytes, Dictionary<string, string> headers) => kind switch
    {
        "token" => JoinToken.TryRead(bytes, out var token)
            ? FormattableString.Invariant($"id {token.Id:x32} cluster {Short(token.Cluster)} secret {Convert.ToHexStringLower(token.Secret.Span[..4])} expires {token.Expires} urls {string.Join(' ', token.Urls.Select(url => url.AbsoluteUri))}")
            : null,
        "join" => JoinRequest.TryRead(bytes, out var request, out _)
            ? $"token {request.Token:x32} node {Short(request.Node)} cluster {Short(request.Cluster)} proven {request.IsProven(s_secret)} address {request.Details.Address} operator {request.Details.Operator} country {request.Details.Country}"
            : null,
        "answer" => JoinAnswer.TryRead(bytes, Token(), s_asking, s_nonce, out var answer) ? FormattableString.Invariant($"cluster {Short(NodeId.OfKey(answer.PublicKey.Span))} nonce {Convert.ToHexStringLower(answer.Nonce.Span[..4])} clock {answer.Clock}") : null,
        "heartbeat" => Heartbeat.TryRead(bytes, out var beat) && Heartbeat.IsSigned(bytes, beat.PublicKey.Span)
            ? FormattableString.Invariant($"node {Short(beat.Node)} cluster {Short(beat.Cluster)} session {beat.Session} counter {beat.Counter} instance {beat.Instance} time {beat.Time} address {beat.Report.Address} store {beat.Report.Store} free {beat.Report.FreeBytes} shards {beat.Report.ShardCount}")
            : null,
        "reply" => HeartbeatAnswer.TryRead(bytes, s_cluster.Id, Convert.FromHexString(headers["heartbeat"]), out var reply)
            ? FormattableString.Invariant($"session {reply.Session} clock {reply.Clock} {reply.Outcome} {reply.State} every {reply.IntervalSeconds} {reply.Message}")
            : null,
        _ => throw new InvalidDataException($"'{kind}' is no kind of message."),
    };

    private static string Root([CallerFilePath] string file = "") => ProtocolVectorTests.Root(Path.GetDirectoryName(file)!);

    private static string Short(NodeId id) => id.ToString()[..16];

    private static (Dictionary<string, string> Headers, byte[] Bytes) Load(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(s_folder, name + ".txt"));
        return (lines.TakeWhile(line => line.Length > 0).Where(line => !line.StartsWith('#')).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]),
            Convert.FromHexString(string.Concat(lines.SkipWhile(line => line.Length > 0))));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
