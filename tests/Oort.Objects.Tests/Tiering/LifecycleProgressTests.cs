using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed partial class LifecycleProgressTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("lifecycle-progress", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("lifecycle-progress", name);
        (LifecycleProgress.Decode(vector.Bytes) is null ? "reject" : "ok").ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndWhatTheWriterWrites()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "lifecycle-progress.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("lifecycle-progress", "on-its-way").Bytes);
        var read = LifecycleProgress.Decode(bytes)!;
        (read.Stamp, read.Day, read.Target).ShouldBe((7UL, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero)));
        read.Place.ShouldBe(new AgePlace(DateTimeOffset.FromUnixTimeMilliseconds(1764633600123), 4711));
        read.Encode().ShouldBe(bytes);
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("lifecycle-progress", "on-its-way").Bytes;
        for (var length = 0; length < bytes.Length; length++) LifecycleProgress.Decode(bytes.AsSpan(0, length)).ShouldBeNull();
    }

    [Fact]
    public void Decode_EveryFlippedByte_IsRejectedOrWithinItsLimits()
    {
        var bytes = FormatVector.Read("lifecycle-progress", "on-its-way").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (LifecycleProgress.Decode(flipped) is { } read) read.Rules.Length.ShouldBe(64);
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
