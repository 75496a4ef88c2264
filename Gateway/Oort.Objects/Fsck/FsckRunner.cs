using System.Collections.Immutable;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Collection;
using Oort.Objects.Shards;

namespace Oort.Objects.Fsck;

/// <summary>Traces references both ways: from each segment's row to its shards (present, right length, right header), and from each shard on a store to its row.</summary>
/// <remarks>Reads headers only; payload is the scrub's.</remarks>
internal sealed class FsckRunner(IMetadataStore metadata, StoreSet stores, Keyring keyring, OrphanScan orphans, IRepairQueue repairs)
{
    private const int PageCount = 500;

    private readonly List<Finding> findings = [];
    private long findingCount;
    private long segmentCount;
    private long shardCount;
    private long orphanCount;

    /// <summary>Checks everything.</summary>
    /// <param name="mend">Repairs a segment and says whether it is whole now; null: only look.</param>
    public async ValueTask<FsckReport> RunAsync(Func<SegmentRow, CancellationToken, ValueTask<bool>>? mend, IProgress<FsckProgress>? progress, CancellationToken cancellationToken)
    {
        var total = (await metadata.GetTotalsAsync(cancellationToken)).Segments;
        await CheckSegmentsAsync(mend, total, progress, cancellationToken);
        await CheckStoresAsync(progress, cancellationToken);
        var isClean = findings.All(f => f.Severity == FindingSeverity.Note || f.Repaired) && findingCount == findings.Count;
        return new(isClean, segmentCount, shardCount, orphanCount, [.. findings]);
    }

    private async ValueTask CheckSegmentsAsync(Func<SegmentRow, CancellationToken, ValueTask<bool>>? mend, long total, IProgress<FsckProgress>? progress, CancellationToken cancellationToken)
    {
        var after = default(SegmentId);
        while (true)
        {
            var page = await metadata.ListSegmentsAsync(after, PageCount, notFullOnly: false, null, cancellationToken);
            if (page.IsEmpty) return;
            foreach (var row in page) await CheckSegmentAsync(row, mend, cancellationToken);
            after = page[^1].Id;
            progress?.Report(new("segments", segmentCount, Math.Max(total, segmentCount)));
        }
    }

    private async ValueTask CheckSegmentAsync(SegmentRow row, Func<SegmentRow, CancellationToken, ValueTask<bool>>? mend, CancellationToken cancellationToken)
    {
        segmentCount++;
        var faults = new List<string>();
        using (var tagger = keyring.CreateTagger(Bytes(row.Id)))
        {
            for (var index = 0; index < row.Shards.Length; index++)
                if (await FaultAsync(row, index, tagger, cancellationToken) is { } fault)
                    faults.Add($"shard {index} {fault}");
        }

        if (faults.Count == 0) return;
        // Read again: it may have been dropped or repaired while we looked.
        if (await metadata.FindSegmentAsync(row.Id, cancellationToken) is not { } now || !now.Shards.SequenceEqual(row.Shards)) return;
        var isLost = row.Shards.Length - faults.Count < row.Geometry.DataShards;
        var isMended = mend is not null && !isLost && await mend(row, cancellationToken);
        if (!isMended) repairs.Enqueue(row.Id, -1, RepairReason.BadShard);
        Add(new(isLost ? FindingSeverity.Lost : FindingSeverity.Degraded, $"segment {row.Id}", $"Coded {row.Geometry}: {string.Join("; ", faults)}.", isMended));
    }

    /// <summary>What is wrong with one shard, or null.</summary>
    private async ValueTask<string?> FaultAsync(SegmentRow row, int index, SegmentTagger tagger, CancellationToken cancellationToken)
    {
        if (row.Shards[index] == StoreId.None) return "has no store";
        if (stores.Find(row.Shards[index]) is not { } store) return $"is on store {row.Shards[index]}, which is away";
        var layout = new ShardLayout(row.Geometry, row.PayloadLength);
        var id = new ShardId(row.Id, (byte)index);
        try
        {
            shardCount++;
            if (await store.StatAsync(id, cancellationToken) is not { } length) return $"is missing on {store.Location}";
            if (length != layout.ShardLength) return $"has {length} bytes instead of {layout.ShardLength} on {store.Location}";
            var header = new byte[ShardHeader.Size];
            var count = await store.ReadAsync(id, 0, header, cancellationToken);
            var outcome = ShardHeader.Check(header.AsSpan(0, count), id, layout, tagger);
            return outcome == ShardHeaderOutcome.Ok ? null : $"has a bad header ({outcome}) on {store.Location}";
        }
        catch (BackendException e)
        {
            stores.Report(store.Id, e);
            return $"cannot be read on {store.Location} ({e.Kind})";
        }
    }

    private async ValueTask CheckStoresAsync(IProgress<FsckProgress>? progress, CancellationToken cancellationToken)
    {
        var readable = stores.Readable();
        for (var i = 0; i < readable.Length; i++)
        {
            progress?.Report(new("stores", i, readable.Length));
            try
            {
                await foreach (var shard in orphans.FindAsync(readable[i], cancellationToken))
                {
                    orphanCount++;
                    Add(new(FindingSeverity.Note, $"shard {shard}", $"No row names it on {readable[i].Location}; the collector keeps it in quarantine, then deletes it.", false));
                }
            }
            catch (BackendException e)
            {
                stores.Report(readable[i].Id, e);
                Add(new(FindingSeverity.Degraded, readable[i].Location, $"It cannot be listed: {e.Message}", false));
            }
        }
    }

    private void Add(Finding finding)
    {
        findingCount++;
        if (findings.Count < ScrubReport.FindingCountMax) findings.Add(finding);
    }

    private static byte[] Bytes(SegmentId segment)
    {
        var id = new byte[SegmentId.Size];
        segment.Write(id);
        return id;
    }
}
