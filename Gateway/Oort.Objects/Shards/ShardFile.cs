using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;

namespace Oort.Objects.Shards;

/// <summary>A cell that is not what was written.</summary>
public readonly record struct BadCell(int Stripe, CellOutcome Outcome);

/// <summary>What a check of a whole shard showed.</summary>
/// <param name="Header">Of the header. Unless Ok, nothing else was looked at.</param>
/// <param name="LengthRight">Whether the file has exactly the length that its header says. Unless so, no cell was looked at.</param>
/// <param name="BadCells">In order of stripes; none where the shard is good.</param>
public sealed record ShardFileReport(ShardHeaderOutcome Header, bool LengthRight, ImmutableArray<BadCell> BadCells)
{
    public bool IsGood => Header == ShardHeaderOutcome.Ok && LengthRight && BadCells.IsEmpty;
}

/// <summary>Looks at a whole shard in memory (scrub, fsck). At most a header, <see cref="ShardLayout.PayloadLengthMax"/> and the table.</summary>
public static class ShardFile
{
    /// <summary>Checks a shard with the key: that it is the expected one, whole, and as this cluster wrote it.</summary>
    public static ShardFileReport Check(ReadOnlySpan<byte> file, ShardId id, in ShardLayout layout, SegmentTagger tagger) =>
        Check(file, layout, ShardHeader.Check(file, id, layout, tagger), id.Index, tagger);

    /// <summary>Checks a shard without the key: accidents show, lies do not.</summary>
    public static ShardFileReport CheckAlone(ReadOnlySpan<byte> file)
    {
        var outcome = ShardHeader.Parse(file, out var header);
        return Check(file, header.Layout, outcome, header.Id.Index, tagger: null);
    }

    private static ShardFileReport Check(ReadOnlySpan<byte> file, in ShardLayout layout, ShardHeaderOutcome header, int shard, SegmentTagger? tagger)
    {
        if (header != ShardHeaderOutcome.Ok) return new(header, LengthRight: false, []);
        if (file.Length != layout.ShardLength) return new(header, LengthRight: false, []);
        var bad = ImmutableArray.CreateBuilder<BadCell>();
        for (var stripe = 0; stripe < layout.StripeCount; stripe++)
        {
            var cell = file.Slice((int)layout.CellOffset(stripe), layout.CellSize(stripe));
            var entry = CellEntry.Read(file[(int)layout.EntryOffset(stripe)..]);
            var outcome = tagger is null
                ? entry.CheckChecksum(cell) ? CellOutcome.Ok : CellOutcome.BadChecksum
                : entry.Check(cell, shard, stripe, tagger);
            if (outcome != CellOutcome.Ok) bad.Add(new(stripe, outcome));
        }

        return new(header, LengthRight: true, bad.ToImmutable());
    }
}
