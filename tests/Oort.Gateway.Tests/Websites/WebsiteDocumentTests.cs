using System.Text.RegularExpressions;
using Oort.Gateway.Websites;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Websites;

/// <summary>The setting "website" of buckets, as docs/formats/website.md has it.</summary>
public sealed partial class WebsiteDocumentTests
{
    public static TheoryData<string> Vectors => [.. FormatVector.Names("website", "*.txt")];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("website", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndWhatTheWriterWrites()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "website.md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("website", "two-rules").Bytes);

        var website = WebsiteDocument.Decode(bytes);
        (website.RedirectAll, website.Index, website.Error).ShouldBe((null, "index.html", "error.html"));
        website.Rules.ShouldBe([new("docs/", null, null, null, "documents/", null, null), new(null, 404, "old.example.org", "https", null, null, 302)]);
        WebsiteDocument.Encode(WebsiteDocument.Decode(bytes)).AsSpan().ToArray().ShouldBe(bytes);
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("website", "two-rules").Bytes;
        for (var length = 0; length < bytes.Length; length++) Outcome(bytes[..length]).ShouldBe("reject");
    }

    [Fact]
    public void Decode_EveryFlippedByte_IsRejectedOrKeepsTheRules()
    {
        var bytes = FormatVector.Read("website", "two-rules").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (Outcome(flipped) == "ok") WebsiteRules.ProblemOf(WebsiteDocument.Decode(flipped)).ShouldBeNull();
        }
    }

    private static string Outcome(byte[] bytes)
    {
        try
        {
            WebsiteDocument.Decode(bytes);
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
