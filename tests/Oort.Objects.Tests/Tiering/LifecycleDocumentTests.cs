using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed partial class LifecycleDocumentTests
{
    private static readonly LifecycleFilter everything = new(FilterForm.Single);

    public static TheoryData<string> Names => [.. FormatVector.Names("lifecycle", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("lifecycle", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndSaysWhatItShould()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "lifecycle.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("lifecycle", "two-rules").Bytes);

        var document = LifecycleDocument.Decode(bytes);
        document.SmallObjects.ShouldBe(SmallObjects.Stay);
        var reports = document.Rules[0];
        (reports.Id, reports.IsEnabled, reports.Filter.Prefix, reports.Filter.SizeAbove, reports.Filter.SizeBelow).ShouldBe(("reports", true, "reports/", 1048576L, null));
        reports.Transitions.ShouldBe([new("STANDARD_IA", 30), new("GLACIER", 90)]);
        document.Rules[1].NoncurrentTransitions.ShouldBe([new("DEEP_ARCHIVE", 7, 3)]);
    }

    [Fact]
    public void Encode_ExampleOfThePage_IsItsBytes()
    {
        // What is written is canonical, so the bytes of the page are those of the writer.
        var bytes = FormatVector.Read("lifecycle", "two-rules").Bytes;
        Convert.ToHexStringLower(LifecycleDocument.Decode(bytes).Encode()).ShouldBe(Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void Encode_OldForm_KeepsFormAndDate()
    {
        var document = LifecycleDocument.Decode(LifecycleDocument.Decode(FormatVector.Read("lifecycle", "old-form").Bytes).Encode());
        (document.SmallObjects, document.Rules[0].IsEnabled, document.Rules[0].Filter.Form, document.Rules[0].Filter.Prefix).ShouldBe((SmallObjects.ArchiveOnly, false, FilterForm.Prefix, ""));
        document.Rules[0].Transitions[0].Date.ShouldBe(new DateOnly(2027, 1, 31));
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("lifecycle", "two-rules").Bytes;
        for (var length = 0; length < bytes.Length; length++) Outcome(bytes[..length]).ShouldBe("reject");
    }

    [Fact]
    public void Decode_EveryFlippedByte_IsRejectedOrKeepsTheRules()
    {
        var bytes = FormatVector.Read("lifecycle", "two-rules").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (Outcome(flipped) == "ok") LifecycleDocument.Decode(flipped).Rules.ShouldAllBe(rule => rule.Problem == null);
        }
    }

    [Theory]
    [InlineData(1000, "ok")]
    [InlineData(1001, "reject")]
    public void Decode_ManyRules_AreAtMostAThousand(int count, string expected)
    {
        var rules = Enumerable.Range(0, count).Select(index => Rule(everything) with { Id = $"{index}" }).ToImmutableArray();
        Outcome(new LifecycleDocument(SmallObjects.Stay, rules).Encode()).ShouldBe(expected);
    }

    [Theory]
    [InlineData("logs/1", 5, true)]
    [InlineData("logs/", 9, true)]
    [InlineData("Logs/1", 5, false)]
    [InlineData("log", 5, false)]
    [InlineData("logs/1", 4, false)]
    [InlineData("logs/1", 10, false)]
    public void Takes_PrefixAndSizes_AllMustHold(string key, long size, bool expected) =>
        new LifecycleFilter(FilterForm.And, "logs/", SizeAbove: 4, SizeBelow: 10).Takes(Version(key, size)).ShouldBe(expected);

    [Fact]
    public void Takes_Tags_AllMustBeThere()
    {
        var filter = new LifecycleFilter(FilterForm.And, Tags: [new("team", "a"), new("kind", "")]);
        filter.Takes(Version("k", 0, ("kind", ""), ("team", "a"), ("more", "m"))).ShouldBeTrue();
        filter.Takes(Version("k", 0, ("team", "a"))).ShouldBeFalse();
        filter.Takes(Version("k", 0, ("team", "b"), ("kind", ""))).ShouldBeFalse();
        filter.Takes(Version("k", 0)).ShouldBeFalse();
        everything.Takes(Version("k", 0)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(SmallObjects.Stay, "GLACIER", 131072)]
    [InlineData(SmallObjects.Stay, "STANDARD_IA", 131072)]
    [InlineData(SmallObjects.ArchiveOnly, "GLACIER", 0)]
    [InlineData(SmallObjects.ArchiveOnly, "DEEP_ARCHIVE", 0)]
    [InlineData(SmallObjects.ArchiveOnly, "GLACIER_IR", 131072)]
    public void SizeMin_NoSizeInTheFilter_IsTheDocuments(SmallObjects small, string storageClass, long expected)
    {
        var document = new LifecycleDocument(small, [Rule(everything)]);
        document.SizeMin(Rule(new(FilterForm.Single, "a")), storageClass).ShouldBe(expected);
        document.SizeMin(Rule(new(FilterForm.Single, SizeAbove: 1)), storageClass).ShouldBe(0);
        document.SizeMin(Rule(new(FilterForm.Single, SizeBelow: 9)), storageClass).ShouldBe(0);
    }

    [Fact]
    public void Of_BucketWithAndWithoutLifecycle_IsItOrNull()
    {
        var bucket = new BucketRow { Id = new(1), Name = "b", OwnerId = "o", Created = DateTimeOffset.UnixEpoch, Region = "r" };
        LifecycleDocument.Of(bucket).ShouldBeNull();
        var bytes = FormatVector.Read("lifecycle", "two-rules").Bytes;
        LifecycleDocument.Of(bucket with { Settings = bucket.Settings.SetItem("lifecycle", [.. bytes]) })!.Rules.Length.ShouldBe(2);
    }

    private static LifecycleRule Rule(LifecycleFilter filter) => new("r", true, filter, [new("GLACIER", 1)], []);

    private static VersionRow Version(string key, long size, params (string, string)[] tags) => new()
    {
        Bucket = new(1),
        Key = key,
        Id = new(1, 1),
        LastModified = DateTimeOffset.UnixEpoch,
        OwnerId = "o",
        Size = size,
        Attributes = StoredTags.Set(ObjectAttributes.Empty, tags),
    };

    private static string Outcome(byte[] bytes)
    {
        try
        {
            LifecycleDocument.Decode(bytes);
            return "ok";
        }
        catch (LifecycleFormatException)
        {
            return "reject";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
