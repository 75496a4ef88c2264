using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests;

/// <summary>Each file of tests/vectors/node-protocol is one message, and says what reading it must give.</summary>
public sealed class ProtocolVectorTests
{
    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder(), "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_Vector_GivesWhatItExpects(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder(), name + ".txt"));
        var headers = lines.TakeWhile(line => line.Length > 0).Where(line => !line.StartsWith('#')).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var bytes = Hex(string.Concat(lines.SkipWhile(line => line.Length > 0)));

        (Describe(name.Split('-')[0], bytes, headers) ?? "refused").ShouldBe(headers["expect"]);
    }

    /// <summary>What a message says, in a line; null when it is refused.</summary>
    private static string? Describe(string kind, byte[] bytes, Dictionary<string, string> headers) => kind switch
    {
        "receipt" => StorageReceipt.TryRead(bytes, out var receipt)
            ? Text($"{receipt.Shard} store {receipt.Store:x32} length {receipt.Length} crc {receipt.Crc:x16} time {receipt.Time} root {Convert.ToHexStringLower(receipt.Root.Span)} node {receipt.Node}")
            : null,
        "challenge" => Challenge.TryRead(bytes, out var challenge) ? Text($"{challenge.Shard} leaves {string.Join(' ', challenge.Leaves)} nonce {Convert.ToHexStringLower(challenge.Nonce.Span)}") : null,
        "answer" => Challenge.TryRead(Hex(headers["challenge"]), out var asked) && ChallengeAnswer.TryRead(bytes, asked, out var answer)
            ? Text($"{answer.Shard} store {answer.Store:x32} length {answer.Length} time {answer.Time} root {Convert.ToHexStringLower(answer.Root.Span)} leaves {string.Join(' ', answer.Leaves.Select(leaf => Text($"{leaf.Index}:{leaf.Content.Length}:{leaf.Path.Length / 32}")))} node {answer.Node}")
            : null,
        "batch" => ShardBatch.TryRead(bytes, out var shards) ? string.Join(' ', shards.Select(shard => $"{shard.Shard}={Encoding.ASCII.GetString(shard.Content.Span)}")) : null,
        "outcomes" => BatchAnswer.TryRead(bytes, int.Parse(headers["count"], CultureInfo.InvariantCulture), out var outcomes) ? string.Join(' ', outcomes.Select(outcome => $"{outcome.Code}:{outcome.Text}")) : null,
        "shards" => ShardPage.TryRead(bytes, out var page) ? $"more {page.HasMore}: {string.Join(' ', page.Shards.Select(shard => Text($"{shard.Shard}={shard.Length}")))}" : null,
        "names" => NamePage.TryRead(bytes, out var names) ? $"more {names.HasMore}: {string.Join(' ', names.Names)}" : null,
        "status" => NodeStatus.TryRead(bytes, out var status) ? Text($"protocol {status.Protocol} node {status.Node[..8]} store {status.Store} generation {status.Generation} free {status.FreeBytes} refusal {status.Refusal}") : null,
        _ => throw new InvalidDataException($"'{kind}' is no kind of message."),
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    internal static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));

    private static string Folder() => Path.Combine(Root(), "tests", "vectors", "node-protocol");
}
