namespace Oort.Objects.Audits;

/// <summary>How often stores that have a reputation are audited, and what it may cost. Audits come at random times: who knew when would only have to be honest then.</summary>
public sealed record AuditOptions
{
    /// <summary>Pause between two looks which stores are due.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Mean pause between two audits of a store that is being vetted, or is suspended: 100 take some 17 hours.</summary>
    public TimeSpan ProbationInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Audits a day that every other store gets, however little it holds: one that lost a tenth shows a loss within some half a day.</summary>
    public int AuditsPerDayMin { get; init; } = 20;

    /// <summary>A further audit a day for so many shards.</summary>
    public int ShardsPerAudit { get; init; } = 5_000;

    /// <summary>Audits a day at most: one in two minutes.</summary>
    public int AuditsPerDayMax { get; init; } = 720;

    /// <summary>Share of audits that read all of the shard instead of one cell.</summary>
    public double FullReadShare { get; init; } = 0.01;

    /// <summary>How long one answer may take, beside twice the store's usual delay. A node reads the whole shard for a proof: a second at idle priority.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Least pause between two audits of a store that reads for clients have called for. What they show is recorded unless it is a pass: were there many, one read in ten that fails would weigh like most.</summary>
    public TimeSpan ComplaintInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Bytes a second that all audits together read at most; 0: no limit.</summary>
    public long BytesPerSecond { get; init; } = 4L * 1024 * 1024;

    /// <summary>Stores audited at the same time. Each holds a cell, or two, in memory.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>Shards that are drawn for a store in one walk over the segments, to be audited one after the other.</summary>
    public int DrawCount { get; init; } = 64;

    /// <summary>How old a draw may be: what was stored after it is not audited before the next.</summary>
    public TimeSpan DrawAgeMax { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Least pause between two walks over all segments.</summary>
    public TimeSpan DrawInterval { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>What audits have shown since the start.</summary>
/// <param name="Stores">Stores that are audited.</param>
/// <param name="Bytes">Bytes of shards that audits have read.</param>
public sealed record AuditStatus(int Stores, long Passed, long Failed, long TimedOut, long Offline, long Bytes);
