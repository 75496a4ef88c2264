using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Oort.Objects.Events;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Events;

public sealed partial class NotificationDocumentTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("notification", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("notification", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndWhatIsWritten()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "notification.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("notification", "two-rules").Bytes);
        var document = NotificationDocument.Decode(bytes);
        var pictures = document.Rules[0];
        (pictures.Id, pictures.Form, pictures.Arn, pictures.Prefix, pictures.Suffix).ShouldBe(("pictures", NotificationForm.Queue, "arn:oort:sqs::thumbs:webhook", "in/", ".jpg"));
        document.Rules[1].Events.ShouldBe(["s3:ObjectRemoved:Delete", "s3:LifecycleExpiration:*"]);
        Convert.ToHexStringLower(document.Encode()).ShouldBe(Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void Decode_EveryTruncationAndFlippedByte_IsRejectedOrKeepsTheRules()
    {
        var bytes = FormatVector.Read("notification", "two-rules").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            Outcome(bytes[..at]).ShouldBe("reject");
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (Outcome(flipped) == "ok") NotificationDocument.Decode(flipped).Rules.ShouldAllBe(rule => NotificationRule.IsTargetName(rule.Target) && rule.Events.All(EventNames.IsKnown));
        }
    }

    [Theory]
    [InlineData(100, "ok")]
    [InlineData(101, "reject")]
    public void Decode_ManyRules_AreAtMostAHundred(int count, string expected) =>
        Outcome(new NotificationDocument([.. Enumerable.Range(0, count).Select(index => Rule("s3:ObjectCreated:*") with { Id = $"{index}" })]).Encode()).ShouldBe(expected);

    [Theory]
    [InlineData("s3:ObjectCreated:*", "in/", ".jpg", "s3:ObjectCreated:Put", "in/a.jpg", true)]
    [InlineData("s3:ObjectCreated:Copy", "in/", ".jpg", "s3:ObjectCreated:Put", "in/a.jpg", false)]
    [InlineData("s3:ObjectCreated:*", "in/", ".jpg", "s3:ObjectRemoved:Delete", "in/a.jpg", false)]
    [InlineData("s3:ObjectCreated:*", "in/", ".jpg", "s3:ObjectCreated:Put", "in/a.JPG", false)]
    [InlineData("s3:ObjectCreated:*", "in/", ".jpg", "s3:ObjectCreated:Put", "in", false)]
    [InlineData("s3:ObjectCreated:*", null, null, "s3:ObjectCreated:Post", "", true)]
    public void Fits_EventAndKey_BothMust(string events, string? prefix, string? suffix, string name, string key, bool expected) =>
        (Rule(events) with { Prefix = prefix, Suffix = suffix }).Fits(name, key).ShouldBe(expected);

    [Theory]
    [InlineData("s3:ObjectCreated:*", "a", "x", "s3:ObjectCreated:Put", "ab", "yx", true)]
    [InlineData("s3:ObjectCreated:*", "a", "x", "s3:ObjectCreated:Put", "b", "x", false)]
    [InlineData("s3:ObjectCreated:*", "a", "x", "s3:ObjectCreated:Put", "a", "y", false)]
    [InlineData("s3:ObjectCreated:Put", null, null, "s3:ObjectCreated:Put", "a", "y", true)]
    [InlineData("s3:ObjectCreated:Put", null, null, "s3:ObjectCreated:Copy", null, null, false)]
    public void Overlaps_OneEventOfOneKey_CouldFitBoth(string events, string? prefix, string? suffix, string otherEvents, string? otherPrefix, string? otherSuffix, bool expected)
    {
        var (one, other) = (Rule(events) with { Prefix = prefix, Suffix = suffix }, Rule(otherEvents) with { Prefix = otherPrefix, Suffix = otherSuffix });
        one.Overlaps(other).ShouldBe(expected);
        other.Overlaps(one).ShouldBe(expected);
    }

    private static NotificationRule Rule(string name) => new("r", NotificationForm.Queue, "t", ImmutableArray.Create(name));

    private static string Outcome(byte[] bytes)
    {
        try
        {
            NotificationDocument.Decode(bytes);
            return "ok";
        }
        catch (NotificationFormatException)
        {
            return "reject";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
