using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Reputation;

/// <summary>How an audit of one shard ended.</summary>
public enum AuditOutcome
{
    /// <summary>The bytes are those that were put: by the gateway's own keyed tags, or by a proof against a root that was checked.</summary>
    Pass,

    /// <summary>The store answered that it does not have the shard, or answered with other bytes.</summary>
    Fail,

    /// <summary>The store could be reached and gave no answer in time, or broke off.</summary>
    Timeout,

    /// <summary>The store could not be reached at all: says nothing about the shard.</summary>
    Offline,
}

/// <summary>An audit, as its auditor tells it.</summary>
/// <param name="Evidence">What was asked and what came, in one sentence for people and disputes: "leaf 17 of 1e-4.2: hash differs".</param>
public readonly record struct AuditReport(ShardId Shard, AuditOutcome Outcome, string Evidence);

/// <summary>A shard whose audit ran into a timeout: it is asked for again until the store has shown it, or has failed.</summary>
/// <param name="Timeouts">When, oldest first; at most three.</param>
/// <param name="NextAt">When it is to be asked for again.</param>
public sealed record PendingAudit(string Shard, ImmutableArray<DateTimeOffset> Timeouts, DateTimeOffset NextAt);

/// <summary>Half a day of a store's presence.</summary>
/// <param name="Seen">Times it was reached.</param>
/// <param name="Asked">Times it was asked.</param>
public readonly record struct OnlineWindow(DateTimeOffset Start, int Seen, int Asked);

public enum ReputationEventKind
{
    AuditFailed,
    TimedOut,
    Vetted,
    Suspended,
    Reinstated,
    Disqualified,
}

/// <summary>Something that a store's operator may ask about: what happened, when, on what evidence, and what it did to the scores.</summary>
/// <param name="Shard">Empty where it is about no single one.</param>
/// <param name="Explanation">One sentence for people.</param>
/// <param name="Evidence">The auditor's.</param>
public sealed record ReputationEvent(DateTimeOffset At, ReputationEventKind Kind, string Shard, string Explanation, string Evidence, double FastScore, double SlowScore);

/// <summary>All that is known of how a store has behaved (docs/formats/reputation.md).</summary>
/// <param name="Fast">Forgets within some twenty audits: catches a store that has lost much.</param>
/// <param name="Slow">Forgets within some thousand: catches one that has lost a tenth.</param>
/// <param name="Patience">The same of timeouts, which suspend and do not disqualify.</param>
/// <param name="AuditCount">Audits that ended in Pass or Fail.</param>
/// <param name="Online">Oldest first.</param>
/// <param name="Pending">At most one a shard.</param>
/// <param name="Events">Newest first.</param>
public sealed record StoreReputation(
    StoreStanding Standing,
    DateTimeOffset Since,
    BetaFilter Fast,
    BetaFilter Slow,
    BetaFilter Patience,
    long AuditCount,
    DateTimeOffset? SuspendedAt,
    ImmutableArray<OnlineWindow> Online,
    ImmutableArray<PendingAudit> Pending,
    ImmutableArray<ReputationEvent> Events)
{
    /// <summary>A store that nothing is known of yet.</summary>
    /// <param name="isVetted">Of an operator that is trusted: gets its full share at once.</param>
    public static StoreReputation New(DateTimeOffset now, bool isVetted = false) => new(
        isVetted ? StoreStanding.Vetted : StoreStanding.Vetting, now,
        BetaFilter.Clean(ReputationRules.FastMemory), BetaFilter.Clean(ReputationRules.SlowMemory), BetaFilter.Clean(ReputationRules.FastMemory),
        0, null, [], [], []);

    /// <summary>Share of the last 30 days that the store could be reached; 1 while too little is known.</summary>
    public double OnlineScore => Online.Length < ReputationRules.OnlineWindowsMin ? 1 : Online.Average(window => window.Asked == 0 ? 1 : (double)window.Seen / window.Asked);

    /// <summary>What placement goes by.</summary>
    public double Score => Math.Min(Fast.Score, Slow.Score) * Patience.Score * OnlineScore;

    public StoreRating Rating => new(Standing, Score);
}
