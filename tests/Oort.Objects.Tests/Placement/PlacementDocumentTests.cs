using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Placement;

public sealed partial class PlacementDocumentTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("placement-policy", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("placement-policy", name);
        Outcome(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndSaysWhatItShould()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "placement-policy.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("placement-policy", "two-policies").Bytes);

        var document = PlacementDocument.Decode(bytes);
        document.Revision.ShouldBe(3);
        var europe = document.Policies["europe"];
        (europe.FixedGeometry, europe.CountriesMin, europe.RepairBelow, europe.WhenUnmet).ShouldBe((new(8, 4), 2, 10, UnmetAction.Refuse));
        (europe.CapOf(DomainKind.Operator), europe.CapOf(DomainKind.Network), europe.CapOf(DomainKind.Region)).ShouldBe((2, 3, int.MaxValue));
        (europe.Countries.Allows("FR"), europe.Countries.Allows("US"), europe.Countries.Allows(""), europe.Regions.Allows("")).ShouldBe((true, false, false, true));
        var cheap = document.Policies["cheap"];
        (cheap.Budget, cheap.Prefer, cheap.UnvettedPercent, cheap.Geometry).ShouldBe((4.5, new PlacePreference(0, 2), 10, "auto"));
    }

    [Fact]
    public void Encode_AnyDocument_ReadsBackTheSame()
    {
        var document = PlacementDocument.Decode(FormatVector.Read("placement-policy", "two-policies").Bytes);
        var again = PlacementDocument.Decode(document.Encode());
        again.Encode().ShouldBe(document.Encode());
        again.Assignments.ShouldBe(document.Assignments);
        again.Policies["europe"].Countries.Use.ShouldBe(["DE", "FR", "NL"]);
    }

    [Fact]
    public void Decode_EveryTruncation_IsRejected()
    {
        var bytes = FormatVector.Read("placement-policy", "two-policies").Bytes;
        for (var length = 0; length < bytes.Length; length++) Outcome(bytes[..length]).ShouldBe("reject");
    }

    [Fact]
    public void Decode_EveryFlippedByte_IsRejectedOrKeepsTheRules()
    {
        // The journal authenticates the bytes; what is asked of this reader is that no damage gets past the rules or ends in anything but its own exception.
        var bytes = FormatVector.Read("placement-policy", "two-policies").Bytes;
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= 0x11;
            if (Outcome(flipped) == "ok") PlacementDocument.Decode(flipped).Policies.Values.SelectMany(PolicyRules.Problems).ShouldBeEmpty();
        }
    }

    [Fact]
    public void PolicyFor_MostNamedAssignment_Wins()
    {
        var document = PlacementDocument.Decode(FormatVector.Read("placement-policy", "two-policies").Bytes);
        document.PolicyFor(new(7), "STANDARD").Name.ShouldBe("europe");
        document.PolicyFor(new(7), "STANDARD_IA").Name.ShouldBe("europe");
        document.PolicyFor(new(8), "STANDARD_IA").Name.ShouldBe("cheap");
        document.PolicyFor(new(8), "STANDARD").Name.ShouldBe("default");
        var both = document with { Assignments = document.Assignments.Add(new(new BucketId(7), "books", "STANDARD_IA", "cheap")) };
        both.Checked().PolicyFor(new(7), "STANDARD_IA").Name.ShouldBe("cheap");
        document.PolicyOf("gone").Name.ShouldBe("default");
    }

    private static string Outcome(byte[] bytes)
    {
        try
        {
            PlacementDocument.Decode(bytes);
            return "ok";
        }
        catch (PlacementPolicyException)
        {
            return "reject";
        }
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
