using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Collection;

namespace Oort.Objects;

/// <summary>Scrub and fsck.</summary>
public sealed partial class ObjectSystem
{
    /// <summary>Segments of one page of a walk over all.</summary>
    private const int WalkPageSize = 1_000;

    /// <summary>Shards that one look at a store finds missing at most: well below what the repair queue takes.</summary>
    private const int LostCountMax = 10_000;

    /// <summary>Shards of a store that are asked for at once.</summary>
    private const int AskParallelism = 16;

    /// <summary>Times that a segment is looked at whose shards move meanwhile.</summary>
    private const int LookCountMax = 4;

    /// <inheritdoc/>
    public ValueTask<ScrubReport> ScrubAsync(bool repair, IProgress<ScrubProgress>? progress, CancellationToken cancellationToken) =>
        ScrubAsync(repair, Pacer.None, progress, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// 1. The database's own invariants. 2. Each segment: are its shards where the row says, with the right length and header? 3. Each shard: does a row name it, is it
    /// on its way, or in quarantine? 4. Keyring, journal, snapshot.
    /// </remarks>
    public async ValueTask<FsckReport> FsckAsync(bool repair, IProgress<FsckProgress>? progress, CancellationToken cancellationToken)
    {
        var findings = new FindingList();

        // 1.
        progress?.Report(new("database", 0, 1));
        foreach (var problem in await parts.Metadata.CheckAsync(ScrubReport.FindingCountMax, cancellationToken))
            findings.Add(FindingSeverity.Lost, $"database: {problem.Kind}", problem.Detail);

        // 2.
        var total = (await parts.Metadata.GetTotalsAsync(cancellationToken)).Segments;
        long segments = 0;
        await foreach (var row in WalkAsync(cancellationToken))
        {
            await CheckPresenceAsync(row, repair, findings, cancellationToken);
            if (++segments % WalkPageSize == 0) progress?.Report(new("segments", segments, total));
        }

        // 3.
        var (shards, orphans) = await CheckOrphansAsync(findings, progress, cancellationToken);

        // 4.
        progress?.Report(new("copies", 0, 1));
        await HealCopiesAsync(repair, findings, Pacer.None, cancellationToken);
        foreach (var store in parts.Stores.GetStatus().Where(store => store.Health == StoreHealth.Offline))
            findings.Add(FindingSeverity.Degraded, store.Location, $"This disk is away, and was not checked: {store.Reason}");
        return new(findings.OpenCount == 0, segments, shards, orphans, findings.ToImmutable());
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReportDamageAsync(StoreId store, ShardId shard, CancellationToken cancellationToken)
    {
        if (await parts.Metadata.FindSegmentAsync(shard.Segment, cancellationToken) is not { } row || shard.Index >= row.Shards.Length || row.Shards[shard.Index] != store) return false;
        repairs.Enqueue(shard.Segment, shard.Index, RepairReason.Reported);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<(long Lost, bool IsAll)> CheckStoreAsync(StoreId store, CancellationToken cancellationToken)
    {
        healAsked = true;
        var asked = parts.Stores.Find(store) ?? throw new BackendException(BackendErrorKind.Transient, "The store is away.");
        long lost = 0;
        for (var after = default(SegmentId); ;)
        {
            var page = await parts.Metadata.ListSegmentsAsync(after, WalkPageSize, notFullOnly: false, store, cancellationToken);
            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = AskParallelism, CancellationToken = cancellationToken }, async (row, stop) =>
            {
                var length = new Shards.ShardLayout(row.Geometry, row.PayloadLength).ShardLength;
                for (var index = 0; index < row.Shards.Length; index++)
                {
                    if (row.Shards[index] != store || await asked.StatAsync(new(row.Id, (byte)index), stop) == length) continue;
                    repairs.Enqueue(row.Id, index, RepairReason.BadShard);
                    Interlocked.Increment(ref lost);
                }
            });
            if (page.Length < WalkPageSize) return (lost, true);
            if (lost >= LostCountMax) return (lost, false);
            after = page[^1].Id;
        }
    }

    private async ValueTask<ScrubReport> ScrubAsync(bool repair, Pacer pacer, IProgress<ScrubProgress>? progress, CancellationToken cancellationToken)
    {
        var findings = new FindingList();
        var total = (await parts.Metadata.GetTotalsAsync(cancellationToken)).Segments;
        var (segments, bytes, bad, mended) = (0L, 0L, 0L, 0L);
        await foreach (var listed in WalkAsync(cancellationToken))
        {
            var row = listed;
            ImmutableArray<int> suspects = [];
            // A bad cell that is met on the way is rebuilt by a second look.
            for (var look = 0; look < 2; look++)
            {
                (row, var outcome) = await LookAsync(row, repair, suspects, believesNetworks: look == 0, pacer, cancellationToken);
                suspects = outcome.Suspects;
                bytes += outcome.BytesRead;
                mended += outcome.Repaired.Length;
                if (look == 0) bad += outcome.BadCount;
                Describe(row, outcome, findings, isLast: look == 1 || !repair || outcome.Remaining == 0);
                if (!repair || outcome.Remaining == 0 || !outcome.Readable) break;
                if (await parts.Metadata.FindSegmentAsync(row.Id, cancellationToken) is not { } again) break;
                row = again;
            }

            segments++;
            progress?.Report(new(segments, total, bytes, bad));
        }

        var copies = await HealCopiesAsync(repair, findings, pacer, cancellationToken);
        return new(segments, bytes, bad, mended, copies.Bad, copies.Repaired, findings.ToImmutable());
    }

    /// <summary>Looks at a segment as it is now: while others drop and move segments, shards are missed by an old row that nobody misses.</summary>
    /// <param name="believesNetworks">Shards on outside networks are not read where the others suffice: the networks are looked at by themselves, and each read may cost.</param>
    private async ValueTask<(SegmentRow Row, SegmentOutcome Outcome)> LookAsync(SegmentRow row, bool repair, ImmutableArray<int> suspects, bool believesNetworks, Pacer pacer, CancellationToken cancellationToken)
    {
        for (var look = 1; ; look++)
        {
            var outcome = await repairer.RunAsync(row, repair, suspects, believesNetworks, pacer, cancellationToken);
            if (believesNetworks && !outcome.Readable && row.Shards.Any(parts.Stores.Networks.ContainsKey))
                outcome = await repairer.RunAsync(row, repair, suspects, believesNetworks: false, pacer, cancellationToken);
            if (outcome.BadCount == 0 || outcome.Repaired.Length + outcome.Moved.Length > 0) return (row, outcome);
            if (await parts.Metadata.FindSegmentAsync(row.Id, cancellationToken) is not { } now) return (row, SegmentOutcome.Gone);
            if (look == LookCountMax || now.Shards.SequenceEqual(row.Shards)) return (row, outcome);
            row = now;
        }
    }

    private static void Describe(SegmentRow row, SegmentOutcome outcome, FindingList findings, bool isLast)
    {
        if (!outcome.Readable)
        {
            var away = outcome.Conditions.Any(condition => condition == ShardCondition.Away);
            findings.Add(FindingSeverity.Lost, row.Id.ToString(), $"Too few good shards are left to read it{(away ? " while disks are away" : "")}: {string.Join(", ", outcome.Conditions)}.");
            return;
        }

        for (var index = 0; index < outcome.Conditions.Length; index++)
        {
            var condition = outcome.Conditions[index];
            if (condition is ShardCondition.Good or ShardCondition.Away) continue;
            var repaired = outcome.Repaired.Contains(index);
            if (repaired || isLast) findings.Add(FindingSeverity.Degraded, new ShardId(row.Id, (byte)index).ToString(), $"The shard on {row.Shards[index]} was {condition}.", repaired);
        }
    }

    /// <summary>Looks whether each shard is there with the right length. What is not is queued, or repaired at once.</summary>
    private async ValueTask CheckPresenceAsync(SegmentRow row, bool repair, FindingList findings, CancellationToken cancellationToken)
    {
        var (missing, away) = await CountAbsentAsync(row, cancellationToken);
        for (var look = 1; missing > 0; look++)
        {
            // As in a scrub: it may have been dropped or moved meanwhile.
            if (await parts.Metadata.FindSegmentAsync(row.Id, cancellationToken) is not { } now) return;
            if (look == LookCountMax || now.Shards.SequenceEqual(row.Shards)) break;
            row = now;
            (missing, away) = await CountAbsentAsync(row, cancellationToken);
        }

        if (missing == 0) return;
        var present = row.Geometry.TotalShards - missing - away;
        if (repair && present >= row.Geometry.DataShards)
        {
            var outcome = await repairer.RunAsync(row, repair: true, [], believesNetworks: false, Pacer.None, cancellationToken);
            Describe(row, outcome, findings, isLast: true);
            return;
        }

        var severity = present + away < row.Geometry.DataShards ? FindingSeverity.Lost : FindingSeverity.Degraded;
        findings.Add(severity, row.Id.ToString(), string.Create(CultureInfo.InvariantCulture, $"{missing} of its {row.Geometry.TotalShards} shards are missing or have a wrong length, {away} are on disks that are away; {row.Geometry.DataShards} are needed."));
    }

    private async ValueTask<(int Missing, int Away)> CountAbsentAsync(SegmentRow row, CancellationToken cancellationToken)
    {
        var layout = new Shards.ShardLayout(row.Geometry, row.PayloadLength);
        var (missing, away) = (0, 0);
        for (var index = 0; index < row.Shards.Length; index++)
        {
            if (row.Shards[index] != StoreId.None && parts.Stores.Find(row.Shards[index]) is not { } && !parts.Stores.IsGivenUp(row.Shards[index], TimeSpan.MaxValue)) away++;
            else if (!await IsPresentAsync(row, index, layout.ShardLength, cancellationToken)) missing++;
        }

        return (missing, away);
    }

    private async ValueTask<bool> IsPresentAsync(SegmentRow row, int index, long length, CancellationToken cancellationToken)
    {
        if (parts.Stores.Find(row.Shards[index]) is not { } store) return false;
        try
        {
            return await store.StatAsync(new(row.Id, (byte)index), cancellationToken) == length;
        }
        catch (BackendException failure)
        {
            parts.Stores.Report(store.Id, failure);
            return false;
        }
    }

    /// <summary>Counts shards that no row names. They are notes: the collector quarantines and then deletes them.</summary>
    private async ValueTask<(long Shards, long Orphans)> CheckOrphansAsync(FindingList findings, IProgress<FsckProgress>? progress, CancellationToken cancellationToken)
    {
        var scan = new OrphanScan(parts.Metadata, segmentIds);
        var (shards, orphans) = (0L, 0L);
        foreach (var store in parts.Stores.Readable())
        {
            progress?.Report(new($"shards on {store.Location}", shards, 0));
            try
            {
                await foreach (var _ in store.ListAsync(cancellationToken)) shards++;
                await foreach (var shard in scan.FindAsync(store, cancellationToken))
                {
                    orphans++;
                    findings.Add(FindingSeverity.Note, $"{store.Location}: {shard}", "No row names this shard here; it is deleted after its quarantine.");
                }
            }
            catch (BackendException failure)
            {
                parts.Stores.Report(store.Id, failure);
                findings.Add(FindingSeverity.Degraded, store.Location, $"Its shards could not be listed: {failure.Message}");
            }
        }

        return (shards, orphans);
    }

    private ValueTask<(long Bad, long Repaired)> HealCopiesAsync(bool repair, CancellationToken cancellationToken) => HealCopiesAsync(repair, new(), Pacer.None, cancellationToken);

    private async ValueTask<(long Bad, long Repaired)> HealCopiesAsync(bool repair, FindingList findings, Pacer pacer, CancellationToken cancellationToken)
    {
        // A log that has ended is not written any more: its copies can be compared.
        var scrubber = new CopyScrubber(parts.Stores, parts.Keyring, keeper, () => parts.Journal.LogsInUse, parts.Metadata.IsShared ? parts.Identity.Gateway : null, logs.CreateLogger<CopyScrubber>());
        await copies.WaitAsync(cancellationToken);
        try
        {
            return await scrubber.RunAsync(repair, findings, pacer, cancellationToken);
        }
        finally
        {
            copies.Release();
        }
    }

    private async IAsyncEnumerable<SegmentRow> WalkAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = default(SegmentId); ;)
        {
            var page = await parts.Metadata.ListSegmentsAsync(after, WalkPageSize, notFullOnly: false, store: null, cancellationToken);
            foreach (var row in page) yield return row;
            if (page.Length < WalkPageSize) yield break;
            after = page[^1].Id;
        }
    }
}
