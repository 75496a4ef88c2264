using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed partial class TierDocumentTests
{
    private static readonly DateTimeOffset time = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Names => [.. FormatVector.Names("tiers", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("tiers", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Examples_AreWhatIsWritten()
    {
        var examples = Hex().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "tiers.md"))).Select(match => Convert.FromHexString(Whitespace().Replace(match.Groups[1].Value, ""))).ToList();
        new TierDocument([new("GLACIER", "STANDARD", TierRole.Draining, time)]).Encode().ShouldBe(examples[0]);
        FormatVector.Read("tiers", "one").Bytes.ShouldBe(examples[0]);
        var bucket = BucketMarks.Set(new BucketRow { Id = new(1), Name = "b", OwnerId = "o", Created = time, Region = "r" }, BucketMarks.Migration, time);
        bucket.Settings[BucketMarks.Migration].ShouldBe(examples[1]);
        BucketMarks.Of(bucket, BucketMarks.Migration).ShouldBe(time);
    }

    [Fact]
    public void Mark_ThatCannotBeRead_IsAsOldAsCanBe()
    {
        var bucket = new BucketRow { Id = new(1), Name = "b", OwnerId = "o", Created = time, Region = "r" };
        BucketMarks.Of(bucket, BucketMarks.Restores).ShouldBeNull();
        foreach (var bytes in (byte[][])[[], [1, 0, 0, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 0, 0, 0, 9], [1, 0xff, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0xe6, 0x77, 0xd2, 0x1f, 0xdc, 0]])
            BucketMarks.Of(bucket with { Settings = bucket.Settings.SetItem(BucketMarks.Restores, [.. bytes]) }, BucketMarks.Restores).ShouldBe(DateTimeOffset.UnixEpoch, Convert.ToHexString(bytes));
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("tiers", "two").Bytes;
        for (var length = 0; length < bytes.Length; length++) Outcome(bytes[..length]).ShouldBe("rejected", $"{length}");
    }

    [Fact]
    public void Decode_EveryFlippedBit_IsReadOrRejectedButNothingElse()
    {
        var bytes = FormatVector.Read("tiers", "two").Bytes;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Outcome(changed);
        }
    }

    private static string Outcome(byte[] bytes)
    {
        try
        {
            TierDocument.Decode(bytes);
            return "ok";
        }
        catch (TierException)
        {
            return "rejected";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
