using Oort.Backends.Arweave.Items;
using Shouldly;

namespace Oort.Backends.Arweave.Tests.Items;

public sealed class DataItemTagsTests
{
    [Fact]
    public void Tags_AtTheirLimits_GoThereAndBack()
    {
        foreach (var tags in (DataItemTag[][])[[], [new("n", "v")], [new("ü", "日本")], [new(new('n', 1024), new('v', 3000))], [.. Enumerable.Range(0, 128).Select(i => new DataItemTag($"n{i}", "v"))]])
            DataItemTags.Decode(DataItemTags.Encode(tags), tags.Length).ShouldBe(tags);
    }

    [Fact]
    public void Tags_BeyondTheirLimits_AreNotWritten()
    {
        foreach (var tags in (DataItemTag[][])[[new("", "v")], [new("n", "")], [new(new('n', 1025), "v")], [new("n", new('v', 3073))], [new(new('n', 1024), new('v', 3072))], [.. Enumerable.Repeat(new DataItemTag("n", "v"), 129)]])
            Should.Throw<ArgumentException>(() => DataItemTags.Encode(tags));
    }

    [Theory]
    [InlineData("0202780279" + "00", 1, true)]
    [InlineData("0202780279" + "00", 2, false)]
    [InlineData("0202780279" + "00", 0, false)]
    [InlineData("0202780279", 1, false)]
    [InlineData("0202780279" + "0000", 1, false)]
    // A block with its size in front, which Avro allows; two blocks; a count with a byte too many.
    [InlineData("01080278027900", 1, false)]
    [InlineData("02027802790202780279" + "00", 2, false)]
    [InlineData("82000278027900", 1, false)]
    // No name; no value; a negative length; a length beyond the end; bytes that are no UTF-8.
    [InlineData("0200027900", 1, false)]
    [InlineData("0202780000", 1, false)]
    [InlineData("0201780279" + "00", 1, false)]
    [InlineData("0202780879" + "00", 1, false)]
    [InlineData("0202ff027900", 1, false)]
    [InlineData("", 1, false)]
    [InlineData("", 0, true)]
    public void Tags_InTheOneSpelling_AreRead(string hex, int count, bool isRead) => (DataItemTags.Decode(Convert.FromHexString(hex), count) is not null).ShouldBe(isRead);
}
