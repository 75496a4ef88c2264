using Oort.Backends;
using Oort.Objects.Shards;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Shards;

/// <summary>Every flipped byte and every truncation of a shard with three cells ends in the documented outcome, in both readers.</summary>
public sealed class ShardDamageTests
{
    private static readonly ShardVector key = ShardVector.Read("data-1");
    private static readonly Geometry geometry = new(1, 2);
    private static readonly byte[] payload = [.. Enumerable.Range(0, 2 * 65_536 + 10).Select(i => (byte)(i * 31 >> 3))];

    [Fact]
    public void Check_EveryFlippedByte_NamesWhatIsDamaged()
    {
        using var tagger = key.CreateTagger();
        var file = ShardWriter.Write(key.Id.Segment, geometry, payload, tagger)[2];
        var id = new ShardId(key.Id.Segment, 2);
        var layout = new ShardLayout(geometry, payload.Length);
        Outcomes.Of(ShardFile.Check(file, id, layout, tagger)).ShouldBe("Ok");
        for (var at = 0; at < file.Length; at += Step(at, layout))
        {
            file[at] ^= 0x10;
            var report = ShardFile.Check(file, id, layout, tagger);
            Outcomes.Of(report).ShouldBe(Expected(at, layout), $"byte {at}");
            if (report.Header == ShardHeaderOutcome.Ok) report.BadCells.ShouldHaveSingleItem().Stripe.ShouldBe(Stripe(at, layout), $"byte {at}");
            file[at] ^= 0x10;
        }
    }

    // The small vector, byte by byte and bit by bit, also through the reader written from the page.
    [Fact]
    public void BothReaders_EveryFlippedBit_Agree()
    {
        using var tagger = key.CreateTagger();
        var file = key.Bytes;
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << bit % 8);
            var expected = Expected(bit / 8, key.Layout);
            Outcomes.Of(ShardFile.Check(file, key.Id, key.Layout, tagger)).ShouldBe(expected, $"bit {bit}");
            NaiveShard.Read(file, key.TagKey, key.SegmentBytes, 1, 4, 2, 100).Outcome.ShouldBe(expected, $"bit {bit}");
            file[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void BothReaders_EveryTruncation_Agree()
    {
        using var tagger = key.CreateTagger();
        for (var length = 0; length < key.Bytes.Length; length++)
        {
            var expected = length < ShardHeader.Size ? "Truncated" : "BadLength";
            Outcomes.Of(ShardFile.Check(key.Bytes.AsSpan(0, length), key.Id, key.Layout, tagger)).ShouldBe(expected);
            Outcomes.Of(ShardFile.CheckAlone(key.Bytes.AsSpan(0, length))).ShouldBe(expected);
            NaiveShard.Read(key.Bytes[..length], key.TagKey, key.SegmentBytes, 1, 4, 2, 100).Outcome.ShouldBe(expected);
        }
    }

    /// <summary>A cell put in another stripe's or another shard's place, with its own entry: right CRC, wrong tag.</summary>
    [Fact]
    public void Check_CellsExchanged_IsBadTag()
    {
        using var tagger = key.CreateTagger();
        var files = ShardWriter.Write(key.Id.Segment, geometry, payload, tagger);
        var layout = new ShardLayout(geometry, payload.Length);
        var file = files[0].ToArray();
        Copy(files[0], 0, file, 1, layout);
        Copy(files[0], 1, file, 0, layout);
        ShardFile.Check(file, new(key.Id.Segment, 0), layout, tagger).BadCells.ShouldBe([new(0, CellOutcome.BadTag), new(1, CellOutcome.BadTag)]);

        file = [.. files[0]];
        Copy(files[2], 1, file, 1, layout);
        ShardFile.Check(file, new(key.Id.Segment, 0), layout, tagger).BadCells.ShouldBe([new(1, CellOutcome.BadTag)]);
        ShardFile.CheckAlone(file).IsGood.ShouldBeTrue();
    }

    private static void Copy(byte[] from, int fromStripe, byte[] to, int toStripe, ShardLayout layout)
    {
        from.AsSpan((int)layout.CellOffset(fromStripe), layout.CellSize(fromStripe)).CopyTo(to.AsSpan((int)layout.CellOffset(toStripe)));
        from.AsSpan((int)layout.EntryOffset(fromStripe), CellEntry.Size).CopyTo(to.AsSpan((int)layout.EntryOffset(toStripe)));
    }

    /// <summary>All of header, table and ends of cells; a sample of what is inside cells.</summary>
    private static int Step(int at, ShardLayout layout) =>
        at < ShardHeader.Size || at >= layout.TableOffset - 70 || (at - ShardHeader.Size) % ShardLayout.FullCellSize is < 3 or > ShardLayout.FullCellSize - 300 ? 1 : 251;

    private static int Stripe(int at, ShardLayout layout) =>
        at < layout.TableOffset ? (at - ShardHeader.Size) / ShardLayout.FullCellSize : (int)(at - layout.TableOffset) / CellEntry.Size;

    /// <summary>What the page says of a flipped bit at each place.</summary>
    private static string Expected(int at, ShardLayout layout) => at switch
    {
        < 8 => "BadMagic",
        < 12 => "UnknownVersion",
        < 112 => "BadChecksum",
        < 128 => "BadMac",
        _ when at >= layout.TableOffset && (at - layout.TableOffset) % 24 >= 8 => "BadCellTag",
        _ => "BadCellChecksum",
    };
}
