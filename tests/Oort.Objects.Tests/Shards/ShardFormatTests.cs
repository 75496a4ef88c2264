using System.Globalization;
using System.Reflection;
using Oort.Backends;
using Oort.Erasure;
using Oort.Objects.Shards;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Shards;

/// <summary>Page and program say the same (docs/formats/shard.md).</summary>
public sealed class ShardFormatTests
{
    [Theory]
    [InlineData(typeof(ShardHeader), 16)]
    [InlineData(typeof(CellEntry), 2)]
    public void Page_FieldTable_EqualsTheConstants(Type type, int fieldCount)
    {
        var rows = Repository.Page.SkipWhile(line => line != $"<!-- table: {type.FullName} -->").Skip(3).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        rows.Count.ShouldBe(fieldCount);
        var next = 0;
        foreach (var row in rows)
        {
            var (offset, bytes, name) = (int.Parse(row[1], CultureInfo.InvariantCulture), int.Parse(row[2], CultureInfo.InvariantCulture), row[4].Trim('`'));
            offset.ShouldBe(next, name);
            Constant(type, name + "Offset").ShouldBe(offset, name);
            next += bytes;
        }

        next.ShouldBe(Constant(type, "Size"));
    }

    [Fact]
    public void Page_Numbers_EqualTheConstants()
    {
        var page = string.Join('\n', Repository.Page);
        page.ShouldContain($"`{System.Text.Encoding.ASCII.GetString(ShardHeader.Magic)}`");
        page.ShouldContain($"`FormatVersion` | {ShardHeader.FormatVersion} |");
        page.ShouldContain($"`Suite` | {ShardHeader.Suite}:");
        page.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"L is 1 … {ShardLayout.PayloadLengthMax:N0}:"));
        page.ShouldContain($"n ≤ {ShardLayout.TotalShardsMax}:");
        page.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"`CellSize` | {ShardLayout.FullCellSize:N0}:"));
        ReedSolomon.TotalShardsMax.ShouldBe(ShardLayout.TotalShardsMax);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndIsRead()
    {
        var hex = Repository.Page.SkipWhile(line => line != "```hex").Skip(1).TakeWhile(line => line != "```").Select(line => line.Split("  ")[0]);
        var example = Convert.FromHexString(string.Concat(hex));
        var vector = ShardVector.Read("data-1");
        example.ShouldBe(vector.Bytes);
        using var tagger = vector.CreateTagger();
        ShardFile.Check(example, vector.Id, vector.Layout, tagger).IsGood.ShouldBeTrue();
    }

    /// <summary>The matrices that the page prints, against what the code does to single bytes.</summary>
    [Theory]
    [InlineData(6, 3, 0)]
    [InlineData(8, 4, 1)]
    public void Page_Matrix_IsWhatEncodes(int k, int m, int column)
    {
        var lines = Repository.Page.SkipWhile(line => !line.StartsWith("6+3   ", StringComparison.Ordinal)).TakeWhile(line => line != "```")
            .Select(line => column == 0 ? line[..Math.Min(line.Length, 24)] : line[24..]).Select(line => line.Replace("6+3", "").Replace("8+4", "").Replace(" ", ""));
        var matrix = lines.Where(line => line.Length > 0).Select(Convert.FromHexString).ToArray();
        matrix.Length.ShouldBe(m);
        for (var j = 0; j < k; j++)
        {
            var data = new byte[k];
            data[j] = 1;
            var parity = new byte[m];
            ReedSolomon.For(k, m).Encode(data, parity, 1);
            parity.ShouldBe([.. matrix.Select(row => row[j])]);
        }
    }

    /// <summary>What the fast writer wrote, the reader written from the page reads: payload back, parity right.</summary>
    [Theory]
    [InlineData(4, 2, 300_000)]
    [InlineData(3, 2, 65_536 * 3)]
    [InlineData(6, 3, 1)]
    [InlineData(2, 3, 140_001)]
    [InlineData(1, 0, 66_000)]
    [InlineData(8, 4, 4_096)]
    public void NaiveReader_WrittenShards_GivesThePayloadBack(int k, int m, int length)
    {
        var key = ShardVector.Read("data-1");
        using var tagger = key.CreateTagger();
        var payload = new byte[length];
        new Random(length).NextBytes(payload);
        var files = ShardWriter.Write(key.Id.Segment, new Geometry(k, m), payload, tagger);
        var shards = files.Select((file, index) => NaiveShard.Read(file, key.TagKey, key.SegmentBytes, index, k, m, length).Shard.ShouldNotBeNull()).ToArray();
        NaiveShard.Join(shards[..k], length).AsSpan().SequenceEqual(payload).ShouldBeTrue();
        for (var i = 0; i < m; i++)
            for (var stripe = 0; stripe < shards[0].Cells.Count; stripe++)
                for (var at = i; at < shards[0].Cells[stripe].Length; at += 101)
                    shards[k + i].Cells[stripe][at].ShouldBe(NaiveShard.Parity(k, m, i, shards[..k].Select(shard => shard.Cells[stripe][at])));
    }

    [Fact]
    public void Write_NoRoomOrNoSuchShard_ThrowsAndWritesNothing()
    {
        using var tagger = ShardVector.Read("data-1").CreateTagger();
        var layout = new ShardLayout(new Geometry(4, 2), 100);
        var header = new byte[128];
        Should.Throw<ArgumentException>(() => ShardHeader.Write(header.AsSpan(1), new(new(1, 2), 1), layout, tagger));
        Should.Throw<ArgumentException>(() => ShardHeader.Write(header, new(new(1, 2), 6), layout, tagger));
        header.ShouldAllBe(b => b == 0);
    }

    private static int Constant(Type type, string name) =>
        (int)type.GetField(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public).ShouldNotBeNull(name).GetRawConstantValue()!;
}
