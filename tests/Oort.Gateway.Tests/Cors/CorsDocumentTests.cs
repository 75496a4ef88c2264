using System.Text.RegularExpressions;
using Oort.Gateway.Cors;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Cors;

/// <summary>The setting "cors" of buckets, as docs/formats/cors.md has it.</summary>
public sealed partial class CorsDocumentTests
{
    public static TheoryData<string> Vectors => [.. FormatVector.Names("cors", "*.txt")];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("cors", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndWhatTheWriterWrites()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "cors.md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("cors", "two-rules").Bytes);

        var rules = CorsDocument.Decode(bytes).Rules;
        (rules.Count, rules[0].Id, rules[0].MaxAgeSeconds, rules[1].Id, rules[1].MaxAgeSeconds).ShouldBe((2, "uploads", 3000, null, null));
        rules[0].AllowedHeaders.ShouldBe(["x-amz-*"]);
        CorsDocument.Encode(CorsDocument.Decode(bytes)).AsSpan().ToArray().ShouldBe(bytes);
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("cors", "two-rules").Bytes;
        for (var length = 0; length < bytes.Length; length++) Outcome(bytes[..length]).ShouldBe("reject");
    }

    [Fact]
    public void Decode_EveryFlippedByte_IsRejectedOrKeepsTheRules()
    {
        var bytes = FormatVector.Read("cors", "two-rules").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (Outcome(flipped) == "ok") CorsRules.ProblemOf(CorsDocument.Decode(flipped)).ShouldBeNull();
        }
    }

    private static string Outcome(byte[] bytes)
    {
        try
        {
            CorsDocument.Decode(bytes);
            return "ok";
        }
        catch (MetadataFormatException)
        {
            return "reject";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
