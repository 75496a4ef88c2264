using Oort.Objects.Shards;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Shards;

/// <summary>Each file of tests/vectors/shard, read by the product and by the naive reader.</summary>
public sealed class ShardVectorTests
{
    public static TheoryData<string> Names => new(ShardVector.Names);

    public static TheoryData<string> GoodNames => new(ShardVector.Names.Where(name => ShardVector.Read(name).Expect == "Ok"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Check_Vector_EndsAsItExpects(string name)
    {
        var vector = ShardVector.Read(name);
        using var tagger = vector.CreateTagger();
        Outcomes.Of(ShardFile.Check(vector.Bytes, vector.Id, vector.Layout, tagger)).ShouldBe(vector.Expect);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = ShardVector.Read(name);
        var (outcome, _) = NaiveShard.Read(vector.Bytes, vector.TagKey, vector.SegmentBytes, vector.Id.Index, vector.Geometry.DataShards, vector.Geometry.ParityShards, vector.Layout.PayloadLength);
        outcome.ShouldBe(vector.Expect);
    }

    // What the key would have shown, a store does not see; all else it does.
    [Theory]
    [MemberData(nameof(Names))]
    public void CheckAlone_Vector_EndsAsItExpectsButForTheKey(string name)
    {
        var vector = ShardVector.Read(name);
        var expected = vector.Expect is "Mismatch" or "BadMac" or "BadCellTag" ? "Ok" : vector.Expect;
        Outcomes.Of(ShardFile.CheckAlone(vector.Bytes)).ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(GoodNames))]
    public void Writer_PayloadOfVector_WritesTheVector(string name)
    {
        var vector = ShardVector.Read(name);
        using var tagger = vector.CreateTagger();
        ShardWriter.Write(vector.Id.Segment, vector.Geometry, vector.Payload, tagger)[vector.Id.Index].ShouldBe(vector.Bytes);
    }

    [Theory]
    [MemberData(nameof(GoodNames))]
    public void Read_GoodVector_GivesItsLayout(string name)
    {
        var vector = ShardVector.Read(name);
        using var tagger = vector.CreateTagger();
        ShardHeader.Read(vector.Bytes, vector.Id, tagger, out var header).ShouldBe(ShardHeaderOutcome.Ok);
        header.ShouldBe(new ShardHeader(vector.Id, vector.Layout));
    }

    /// <summary>Each "reader must reject" of the page has at least one vector.</summary>
    [Fact]
    public void Vectors_AllOutcomes_AreThere() =>
        ShardVector.Names.Select(name => ShardVector.Read(name).Expect).Distinct().Order(StringComparer.Ordinal).ShouldBe(
            ["BadCellChecksum", "BadCellTag", "BadChecksum", "BadLength", "BadMac", "BadMagic", "Malformed", "Mismatch", "Ok", "Truncated", "UnknownVersion"]);
}

internal static class Outcomes
{
    /// <summary>A report as the vectors name it.</summary>
    internal static string Of(ShardFileReport report) => report switch
    {
        { Header: not ShardHeaderOutcome.Ok } => report.Header.ToString(),
        { LengthRight: false } => "BadLength",
        { BadCells: [var first, ..] } => first.Outcome == CellOutcome.BadTag ? "BadCellTag" : "BadCellChecksum",
        _ => "Ok",
    };
}
