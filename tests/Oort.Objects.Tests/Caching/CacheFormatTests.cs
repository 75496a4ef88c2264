using System.Globalization;
using System.Text.RegularExpressions;
using Oort.Backends;
using Oort.Objects.Caching;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Caching;

/// <summary>Each file of tests/vectors/cell-cache, read by the product and by the naive reader.</summary>
public sealed partial class CacheFormatTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("cell-cache", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("cell-cache", name);
        var (outcome, cells) = Read(vector.Bytes, vector.Hex("cluster"));
        outcome.ShouldBe(vector.Expect);
        cells.ShouldBe(vector.All("cell"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NaiveReader_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("cell-cache", name);
        var (outcome, cells) = NaiveCacheFile.Read(vector.Bytes, vector.Hex("cluster"));
        outcome.ShouldBe(vector.Expect);
        cells.ShouldBe(vector.All("cell"));
    }

    [Fact]
    public void Reader_EveryFlippedByteAndTruncation_IsSeenByBothAlike()
    {
        var vector = FormatVector.Read("cell-cache", "two");
        for (var index = 0; index < vector.Bytes.Length; index++)
        {
            var flipped = vector.Bytes.ToArray();
            flipped[index] ^= 0x20;
            foreach (var damaged in new[] { flipped, vector.Bytes[..index], vector.Bytes[index..][..^1] })
            {
                var (outcome, cells) = Read(damaged, vector.Hex("cluster"));
                (outcome != "Ok" || cells.Any(cell => cell.EndsWith("damaged", StringComparison.Ordinal))).ShouldBeTrue(index.ToString(CultureInfo.InvariantCulture));
                var naive = NaiveCacheFile.Read(damaged, vector.Hex("cluster"));
                naive.Outcome.ShouldBe(outcome);
                naive.Cells.ShouldBe(cells);
            }
        }
    }

    [Fact]
    public void Writer_GoodVectors_WritesTheirBytes()
    {
        foreach (var name in new[] { "one", "two", "none" })
        {
            var vector = FormatVector.Read("cell-cache", name);
            Outcome(vector.Bytes, vector.Hex("cluster"), out var trailer, out var entries).ShouldBe(CacheFileOutcome.Ok);
            CacheTrailer.ToTail(trailer.Cluster, entries.AsSpan(), trailer.DataLength).ShouldBe(vector.Bytes[(int)trailer.DataLength..]);
        }
    }

    [Fact]
    public void Page_Example_IsTheVectorsBytes()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "cell-cache.md"));
        var example = string.Concat(page.Split("```hex\n")[1].Split("```")[0].Split('\n').Select(line => First().Match(line).Value));
        Convert.FromHexString(example).ShouldBe(FormatVector.Read("cell-cache", "one").Bytes);
    }

    [GeneratedRegex("^[0-9a-f]*")]
    private static partial Regex First();

    private static (string Outcome, List<string> Cells) Read(byte[] file, byte[] cluster)
    {
        var cells = new List<string>();
        var outcome = Outcome(file, cluster, out _, out var entries);
        var offset = 0;
        foreach (var entry in entries)
        {
            var cell = file.AsSpan(offset, entry.Length);
            cells.Add(string.Create(CultureInfo.InvariantCulture, $"{entry.Name.Segment} stripe {entry.Name.Stripe} cell {entry.Name.Cell}: {(entry.Fits(cell) ? Convert.ToHexStringLower(cell) : "damaged")}"));
            offset += entry.Length;
        }
        return (outcome.ToString(), cells);
    }

    private static CacheFileOutcome Outcome(byte[] file, byte[] cluster, out CacheTrailer trailer, out System.Collections.Immutable.ImmutableArray<CacheEntry> entries)
    {
        entries = [];
        var outcome = CacheTrailer.Read(file.AsSpan(Math.Max(0, file.Length - CacheTrailer.Size)), file.Length, ClusterId.Read(cluster), out trailer);
        return outcome == CacheFileOutcome.Ok ? trailer.ReadTable(file.AsSpan((int)trailer.DataLength, (int)trailer.TailLength - CacheTrailer.Size), out entries) : outcome;
    }
}
