using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Oort.Node.Protocol.Tests;

/// <summary>What docs/formats/node-protocol.md says beside its field tables, which Oort.Tidy compares.</summary>
public sealed partial class PageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(ProtocolVectorTests.Root(), "docs", "formats", "node-protocol.md"));

    [Fact]
    public void ErrorTable_HasEveryCodeWithNameAndStatus()
    {
        var rows = ErrorRow().Matches(s_page).Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value} {row.Groups[3].Value}");

        rows.ShouldBe(NodeErrors.All.Select(error => $"{(int)error.Code} {error.Name} {error.Status}"));
        NodeErrors.All.Select(error => error.Code).ShouldBe(Enum.GetValues<NodeErrorCode>().Where(code => code != NodeErrorCode.None));
    }

    [Fact]
    public void Example_IsACheckedChallenge()
    {
        var hex = Example().Match(s_page).Groups[1].Value;
        var bytes = Convert.FromHexString(string.Concat(hex.Where(char.IsAsciiHexDigit)));
        var content = bytes[..^NodeLimits.CheckSize];

        Challenge.TryRead(content, out var challenge).ShouldBeTrue();

        challenge.Shard.ToString().ShouldBe("1-2.3");
        challenge.Leaves.ShouldBe([0, 5]);
        challenge.Nonce.ToArray().ShouldBe(Enumerable.Repeat((byte)0xab, 32));
        challenge.Encode().ShouldBe(content);
        Convert.ToHexStringLower(bytes[^NodeLimits.CheckSize..]).ShouldBe(Oort.Checksums.Crc64Nvme.Compute(content).ToString("x16", null));
    }

    [Theory]
    [InlineData("128 MiB", NodeLimits.ShardLengthMax)]
    [InlineData("16 MiB", NodeLimits.BlobSizeMax)]
    [InlineData("64 MiB", NodeLimits.LogAppendSizeMax)]
    [InlineData("4 MiB", NodeLimits.UploadAppendSizeMax)]
    [InlineData("8 MiB", NodeLimits.BatchSizeMax)]
    [InlineData("512 KiB", NodeLimits.BatchShardLengthMax)]
    public void LimitTable_NamesTheLimit(string text, long limit)
    {
        var parts = text.Split(' ');
        (long.Parse(parts[0], null) * (parts[1] == "MiB" ? 1 << 20 : 1 << 10)).ShouldBe(limit);
        var section = s_page[s_page.IndexOf("## 9. Limits", StringComparison.Ordinal)..s_page.IndexOf("## 10.", StringComparison.Ordinal)];
        section.ShouldContain(text);
    }

    [GeneratedRegex(@"^\| (\d+) \| `([a-z-]+)` \| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
