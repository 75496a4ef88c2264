using System.Collections.Immutable;
using System.Globalization;
using Oort.Backends;

namespace Oort.Objects.Reputation;

/// <summary>What audits do to a store's reputation. Pure: the same past and the same report at the same time give the same reputation.</summary>
/// <remarks>
/// Figures: two filters catch what one cannot. By 0.95 / 0.6 a store that lost a tenth is tolerated for ever; by 0.999 / 0.96 it is disqualified after some 510 audits, but one
/// that lost everything only after 41, for which the fast one needs 10. A store with less than 2 % lost is never disqualified by either: what is found missing is repaired,
/// shard by shard.
/// </remarks>
public static class ReputationRules
{
    public const double FastMemory = 0.95;

    public const double FastScoreMin = 0.6;

    public const double SlowMemory = 0.999;

    public const double SlowScoreMin = 0.96;

    /// <summary>A store that runs into timeouts more often than this is suspended.</summary>
    public const double PatienceScoreMin = 0.6;

    /// <summary>Audits after which a new store is vetted.</summary>
    public const int VettingAudits = 100;

    /// <summary>Timeouts of one shard within <see cref="TimeoutMemory"/> that count as a failed audit: a store that never answers for what it has lost gains nothing.</summary>
    public const int TimeoutsToFail = 3;

    /// <summary>Length of a window of presence.</summary>
    public static readonly TimeSpan OnlineWindow = TimeSpan.FromHours(12);

    /// <summary>Windows that are remembered: 30 days.</summary>
    public const int OnlineWindowCount = 60;

    /// <summary>Windows before presence is judged: three days.</summary>
    public const int OnlineWindowsMin = 6;

    /// <summary>A store that is away more than this is suspended.</summary>
    public const double OnlineScoreMin = 0.6;

    /// <summary>Events that are kept.</summary>
    public const int EventCountMax = 100;

    /// <summary>Shards with an open timeout that are kept; a store that lets more run out fails the oldest.</summary>
    public const int PendingCountMax = 1_000;

    /// <summary>Characters of evidence that are kept.</summary>
    public const int EvidenceLengthMax = 500;

    /// <summary>How long a timeout counts.</summary>
    public static readonly TimeSpan TimeoutMemory = TimeSpan.FromHours(24);

    /// <summary>First pause before a shard is asked for again; four times as long after the second timeout. All three fall within a day.</summary>
    public static readonly TimeSpan ChallengeAgainAfter = TimeSpan.FromHours(1);

    /// <summary>How long a store may stay suspended for being away, after which it is disqualified.</summary>
    public static readonly TimeSpan SuspensionMax = TimeSpan.FromDays(37);

    /// <summary>What an audit makes of a reputation.</summary>
    /// <remarks>A disqualified store stays so; its audits change nothing any more.</remarks>
    public static StoreReputation After(StoreReputation before, AuditReport report, DateTimeOffset now)
    {
        if (before.Standing == StoreStanding.Disqualified) return before;
        var seen = Seen(before, report.Outcome != AuditOutcome.Offline, now);
        var judged = report.Outcome switch
        {
            AuditOutcome.Pass => Counted(Without(seen, report), isGood: true) with { Patience = seen.Patience.After(true, FastMemory) },
            AuditOutcome.Fail => Failed(Without(seen, report), report, "It did not have the shard, or answered with other bytes.", now),
            AuditOutcome.Timeout => TimedOut(seen, report, now),
            _ => seen,
        };
        return Judge(judged, report, now);
    }

    /// <summary>What a look whether the store is there makes of a reputation: a heartbeat that came or stayed away.</summary>
    public static StoreReputation AfterLook(StoreReputation before, bool isOnline, DateTimeOffset now) =>
        before.Standing == StoreStanding.Disqualified ? before : Judge(Seen(before, isOnline, now), default, now);

    /// <summary>A shard that is no longer to be on the store: whatever it owed for it is forgotten, and says nothing of it.</summary>
    public static StoreReputation Released(StoreReputation before, ShardId shard) => Without(before, new(shard, AuditOutcome.Pass, ""));

    /// <summary>Whether a report is the one by which its shard counts as lost: other bytes, none, or the last timeout that is waited for.</summary>
    public static bool IsLoss(StoreReputation? before, AuditReport report, DateTimeOffset now) => report.Outcome == AuditOutcome.Fail
        || (report.Outcome == AuditOutcome.Timeout && before?.Pending.FirstOrDefault(pending => pending.Shard == report.Shard.ToString()) is { } known && known.Timeouts.Count(at => now - at < TimeoutMemory) + 1 >= TimeoutsToFail);

    /// <summary>Shards that are to be asked for again now.</summary>
    public static IEnumerable<PendingAudit> Due(StoreReputation reputation, DateTimeOffset now) => reputation.Pending.Where(pending => pending.NextAt <= now);

    private static StoreReputation Counted(StoreReputation before, bool isGood) => before with
    {
        Fast = before.Fast.After(isGood, FastMemory),
        Slow = before.Slow.After(isGood, SlowMemory),
        AuditCount = before.AuditCount + 1,
    };

    private static StoreReputation Failed(StoreReputation before, AuditReport report, string explanation, DateTimeOffset now) =>
        Note(Counted(before, isGood: false), ReputationEventKind.AuditFailed, report, explanation, now);

    /// <summary>1. Old timeouts no longer count. 2. The third within a day fails the shard. 3. Otherwise it is asked for again.</summary>
    private static StoreReputation TimedOut(StoreReputation before, AuditReport report, DateTimeOffset now)
    {
        var shard = report.Shard.ToString();
        var known = before.Pending.FirstOrDefault(pending => pending.Shard == shard);

        // 1.
        ImmutableArray<DateTimeOffset> timeouts = [.. (known?.Timeouts ?? []).Where(at => now - at < TimeoutMemory), now];
        var open = Without(before, report) with { Patience = before.Patience.After(false, FastMemory) };

        // 2.
        if (timeouts.Length >= TimeoutsToFail)
            return Failed(open, report, string.Create(CultureInfo.InvariantCulture, $"It gave no answer for the shard {TimeoutsToFail} times within {TimeoutMemory.TotalHours:0} hours, first on {timeouts[0]:u}."), now);

        // 3.
        var pause = timeouts.Length == 1 ? ChallengeAgainAfter : 4 * ChallengeAgainAfter;
        open = open with { Pending = open.Pending.Add(new(shard, timeouts, now + pause)) };
        if (open.Pending.Length > PendingCountMax)
            open = Failed(open with { Pending = open.Pending.RemoveAt(0) }, report, string.Create(CultureInfo.InvariantCulture, $"It owes an answer for more than {PendingCountMax} shards; the oldest, {open.Pending[0].Shard}, counts as lost."), now);
        return Note(open, ReputationEventKind.TimedOut, report, string.Create(CultureInfo.InvariantCulture, $"It gave no answer in time ({timeouts.Length} of {TimeoutsToFail}); it is asked again."), now);
    }

    private static StoreReputation Without(StoreReputation before, AuditReport report)
    {
        if (before.Pending.IsEmpty) return before;
        var shard = report.Shard.ToString();
        return before with { Pending = before.Pending.RemoveAll(pending => pending.Shard == shard) };
    }

    private static StoreReputation Seen(StoreReputation before, bool isOnline, DateTimeOffset now)
    {
        var online = before.Online;
        if (online.IsEmpty || now - online[^1].Start >= OnlineWindow)
        {
            // Windows in which nobody asked say nothing and are not made up.
            online = online.Add(new(now, isOnline ? 1 : 0, 1));
            if (online.Length > OnlineWindowCount) online = online.RemoveAt(0);
        }
        else
        {
            var last = online[^1];
            online = online.SetItem(online.Length - 1, last with { Seen = last.Seen + (isOnline ? 1 : 0), Asked = last.Asked + 1 });
        }

        return before with { Online = online };
    }

    /// <summary>What the scores say about the standing.</summary>
    private static StoreReputation Judge(StoreReputation now, AuditReport report, DateTimeOffset at)
    {
        if (now.Fast.Score < FastScoreMin || now.Slow.Score < SlowScoreMin)
        {
            var isFast = now.Fast.Score < FastScoreMin;
            return Note(now with { Standing = StoreStanding.Disqualified, Pending = [] }, ReputationEventKind.Disqualified, report, Text(
                $"Too many audits failed: the {(isFast ? "fast" : "slow")} score is {(isFast ? now.Fast : now.Slow).Score:0.####}, below {(isFast ? FastScoreMin : SlowScoreMin)}, after {now.AuditCount} audits."), at);
        }

        var isAway = now.OnlineScore < OnlineScoreMin;
        var isSlow = now.Patience.Score < PatienceScoreMin;
        if (now.Standing == StoreStanding.Suspended)
        {
            if (isAway && at - now.SuspendedAt >= SuspensionMax)
                return Note(now with { Standing = StoreStanding.Disqualified, Pending = [] }, ReputationEventKind.Disqualified, report, Text($"It was suspended on {now.SuspendedAt:u} and could be reached {now.OnlineScore * 100:0.#} % of the last 30 days."), at);
            if (isAway || isSlow) return now;
            var standing = now.AuditCount >= VettingAudits ? StoreStanding.Vetted : StoreStanding.Vetting;
            return Note(now with { Standing = standing, SuspendedAt = null }, ReputationEventKind.Reinstated, report, "It answers again.", at);
        }

        if (isAway || isSlow)
        {
            return Note(now with { Standing = StoreStanding.Suspended, SuspendedAt = at }, ReputationEventKind.Suspended, report, isAway
                ? Text($"It could be reached {now.OnlineScore * 100:0.#} % of the last 30 days; {OnlineScoreMin * 100:0} % are asked for.")
                : Text($"Too many audits ran into a timeout: the score is {now.Patience.Score:0.####}, below {PatienceScoreMin}."), at);
        }

        return now.Standing == StoreStanding.Vetting && now.AuditCount >= VettingAudits
            ? Note(now with { Standing = StoreStanding.Vetted }, ReputationEventKind.Vetted, report, Text($"It has passed its first {VettingAudits} audits."), at)
            : now;
    }

    private static StoreReputation Note(StoreReputation now, ReputationEventKind kind, AuditReport report, string explanation, DateTimeOffset at)
    {
        var evidence = report.Evidence ?? "";
        if (evidence.Length > EvidenceLengthMax) evidence = evidence[..EvidenceLengthMax];
        var one = new ReputationEvent(at, kind, report.Shard == default ? "" : report.Shard.ToString(), explanation, evidence, now.Fast.Score, now.Slow.Score);
        var events = now.Events.Insert(0, one);
        return now with { Events = events.Length > EventCountMax ? events.RemoveAt(EventCountMax) : events };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
