using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Reputation;

namespace Oort.Objects.Audits;

/// <summary>Audits the stores that have a reputation, when it is their time, and has repaired what they lack.</summary>
/// <remarks>
/// A store's audits come at the times of a Poisson process: every tick one is due with a chance that depends on nothing before it. So nothing of the schedule need be kept over
/// a restart, and nobody can tell when the next one comes. A store that is away when it is due is recorded as away: audits see its presence as they see its shards, by samples.
/// </remarks>
internal sealed partial class AuditRound(IMetadataStore metadata, StoreSet stores, ReputationBook reputations, ShardAuditor auditor, IRepairQueue repairs, AuditOptions options, TimeProvider time, Random random, ILogger<AuditRound> logger)
{
    /// <summary>Shards with an open timeout that a store is asked for again in one tick.</summary>
    private const int PendingPerTick = 4;

    /// <summary>Beside so many of the audits that were drawn, one of a shard whose receipt is kept.</summary>
    private const double KeptShare = 0.25;

    private readonly ShardDraw draw = new(metadata, random);
    private readonly Pacer pacer = new(options.BytesPerSecond, time);
    private readonly long[] outcomes = new long[Enum.GetValues<AuditOutcome>().Length];
    private readonly ConcurrentDictionary<StoreId, long> complaintsHeardAt = [];
    private long drawnAt;
    private volatile int storeCount;

    public AuditStatus Status => new(storeCount, CountOf(AuditOutcome.Pass), CountOf(AuditOutcome.Fail), CountOf(AuditOutcome.Timeout), CountOf(AuditOutcome.Offline), auditor.BytesRead);

    /// <summary>Audits until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await TickAsync(stop);
            await Task.Delay(options.Tick, time, stop);
        }
    }

    /// <summary>1. Who is audited. 2. Shards are drawn, when it is time. 3. Each store that owes answers or is due; one that fails keeps no other from its turn.</summary>
    internal async Task TickAsync(CancellationToken stop)
    {
        // 1.
        var audited = stores.Slots.Where(slot => slot.State != StoreState.Removed && reputations.Find(slot.Id) is { Standing: not StoreStanding.Disqualified }).ToList();
        storeCount = audited.Count;
        if (audited.Count == 0) return;

        // 2.
        if (IsDrawDue(audited))
        {
            await draw.WalkAsync(audited.Select(slot => slot.Id), options.DrawCount, stop);
            drawnAt = Math.Max(1, time.GetTimestamp());
        }

        // 3. When most are away at once, it is the gateway's own line that is cut: then that says nothing of them.
        var isCutOff = audited.Count(slot => !slot.TakesReads) * 2 > audited.Count;
        var due = new List<Turn>();
        foreach (var slot in audited)
        {
            var turn = new Turn(slot, [.. OwedBy(slot).Take(PendingPerTick)], IsDue(slot) ? await TakeAsync(slot.Id, stop) : null, ComplaintOf(slot), IsLook: false);
            due.Add(slot.TakesReads ? turn : turn with { Owed = [], Complaint = null, IsLook = !isCutOff && turn.Drawn is not null });
        }

        await Parallel.ForEachAsync(due.Where(turn => turn.IsLook || turn.Drawn is not null || turn.Complaint is not null || turn.Owed.Length > 0), new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = stop }, TakeTurnAsync);
    }

    private bool IsDrawDue(List<StoreSlot> audited)
    {
        if (drawnAt == 0) return true;
        var age = time.GetElapsedTime(drawnAt);
        return age >= options.DrawAgeMax || (age >= options.DrawInterval && audited.Exists(slot => draw.IsSpent(slot.Id)));
    }

    /// <summary>A shard that was drawn and is still to be on the store: where objects come and go, one that has gone must not take the place of an audit. Null when none is left.</summary>
    private async ValueTask<ShardId?> TakeAsync(StoreId store, CancellationToken stop)
    {
        while (draw.Take(store) is { } shard)
            if (await metadata.FindSegmentAsync(shard.Segment, stop) is { } row && shard.Index < row.Shards.Length && row.Shards[shard.Index] == store) return shard;
        return null;
    }

    /// <summary>Mean pause between two audits of a store.</summary>
    internal TimeSpan IntervalOf(StoreId store, StoreStanding standing)
    {
        if (standing is StoreStanding.Vetting or StoreStanding.Suspended) return options.ProbationInterval;
        var perDay = Math.Min(options.AuditsPerDayMax, options.AuditsPerDayMin + draw.CountOf(store) / options.ShardsPerAudit);
        return TimeSpan.FromDays(1) / perDay;
    }

    private bool IsDue(StoreSlot slot) =>
        reputations.Find(slot.Id) is { } reputation && random.NextDouble() < 1 - Math.Exp(-(options.Tick / IntervalOf(slot.Id, reputation.Standing)));

    /// <summary>The read for a client that a store is to be asked for again now; null: none, or it was asked for another not long ago.</summary>
    private StoreSlot.ReadComplaint? ComplaintOf(StoreSlot slot) =>
        slot.Complaint is { } complaint && (!complaintsHeardAt.TryGetValue(slot.Id, out var at) || time.GetElapsedTime(at) >= options.ComplaintInterval) ? complaint : null;

    private IEnumerable<ShardId> OwedBy(StoreSlot slot)
    {
        if (reputations.Find(slot.Id) is not { } reputation) yield break;
        foreach (var pending in ReputationRules.Due(reputation, time.GetUtcNow()))
            if (ShardId.TryParse(pending.Shard, out var shard)) yield return shard;
    }

    private async ValueTask TakeTurnAsync(Turn turn, CancellationToken stop)
    {
        try
        {
            if (turn.IsLook)
            {
                await RecordAsync(turn.Slot.Id, new(turn.Drawn!.Value, AuditOutcome.Offline, "the store could not be reached"), stop);
                return;
            }

            foreach (var shard in turn.Owed) await AuditAsync(turn.Slot.Id, shard, stop);
            if (turn is { Complaint: { } complaint, Slot.TakesReads: true })
            {
                complaintsHeardAt[turn.Slot.Id] = time.GetTimestamp();
                if (!IsPending(turn.Slot.Id, complaint.Shard)) await AuditAsync(turn.Slot.Id, complaint.Shard, stop, isDrawn: false, complaint);
                turn.Slot.ForgetComplaint();
            }

            // What it owes is asked for at its own time, not sooner.
            if (turn.Drawn is not { } drawn || !turn.Slot.TakesReads) return;
            if (!IsPending(turn.Slot.Id, drawn)) await AuditAsync(turn.Slot.Id, drawn, stop);

            // Only shards that were shown before have a receipt. Their passes would hide a loss among the others: a store that lost a twentieth would never be disqualified.
            var kept = await ReadReceiptsAsync(turn.Slot.Id, stop);
            if (kept.Entries.IsEmpty || random.NextDouble() >= KeptShare) return;
            var held = kept.Entries[random.Next(kept.Entries.Length)].Shard;
            if (!IsPending(turn.Slot.Id, held)) await AuditAsync(turn.Slot.Id, held, stop, isDrawn: false);
        }
        catch (Exception failure) when (failure is ReputationFormatException or BackendException or MetadataUnavailableException)
        {
            LogFailed(logger, turn.Slot.Endpoint.Location, failure);
        }
    }

    private bool IsPending(StoreId store, ShardId shard) => reputations.Find(store) is { } reputation && reputation.Pending.Any(pending => pending.Shard == shard.ToString());

    /// <summary>Audits one shard; what it shows is durable, and its repair asked for, when it returns.</summary>
    /// <param name="isDrawn">By chance from all that the store has: false says that a pass is no sample, and is not recorded.</param>
    /// <param name="asked">A read for a client that came to nothing, which is made again.</param>
    internal async Task AuditAsync(StoreId store, ShardId shard, CancellationToken stop, bool isDrawn = true, StoreSlot.ReadComplaint? asked = null)
    {
        var kept = await ReadReceiptsAsync(store, stop);
        var (report, after) = await auditor.RunAsync(store, shard, kept, asked, pacer, stop);
        if (report is { } known && (isDrawn || known.Outcome != AuditOutcome.Pass)) await RecordAsync(store, known, stop);
        else if (IsPending(store, shard)) await reputations.ReleaseAsync(store, shard, stop);
        // After the record: a receipt that is lost with a crash in between is had anew, and one that its store has broken must not be forgotten before that is known.
        if (after != kept) await metadata.PutSettingAsync(KeptReceipts.SettingName(store), after.Entries.IsEmpty ? null : after.Encode(), CancellationToken.None);
    }

    private async ValueTask<KeptReceipts> ReadReceiptsAsync(StoreId store, CancellationToken stop) =>
        await metadata.GetSettingAsync(KeptReceipts.SettingName(store), stop) is { } setting && KeptReceipts.Decode(setting) is { } read ? read : KeptReceipts.None;

    private async Task RecordAsync(StoreId store, AuditReport report, CancellationToken stop)
    {
        Interlocked.Increment(ref outcomes[(int)report.Outcome]);
        if (ReputationRules.IsLoss(reputations.Find(store), report, time.GetUtcNow()))
        {
            // Before the record: a crash in between must not leave a loss that is known and not repaired; asked for twice it is repaired once.
            LogFailedAudit(logger, store, report.Shard, report.Evidence);
            repairs.Enqueue(report.Shard.Segment, report.Shard.Index, report.Outcome == AuditOutcome.Fail ? RepairReason.BadShard : RepairReason.Reported);
        }

        await reputations.RecordAsync(store, report, stop);
    }

    private long CountOf(AuditOutcome outcome) => Interlocked.Read(ref outcomes[(int)outcome]);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Store {Store} failed an audit of shard {Shard}: {Evidence}.")]
    private static partial void LogFailedAudit(ILogger logger, StoreId store, ShardId shard, string evidence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The audit of {Location} could not be done.")]
    private static partial void LogFailed(ILogger logger, string location, Exception failure);

    /// <param name="Owed">Shards that it is asked for again.</param>
    /// <param name="Drawn">The shard of its audit; null: none is due.</param>
    /// <param name="Complaint">A read for a client that it is asked for again.</param>
    /// <param name="IsLook">It is away, and that is what is recorded.</param>
    private sealed record Turn(StoreSlot Slot, ShardId[] Owed, ShardId? Drawn, StoreSlot.ReadComplaint? Complaint, bool IsLook);
}
