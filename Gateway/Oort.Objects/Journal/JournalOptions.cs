namespace Oort.Objects;

/// <summary>How the journal is written.</summary>
public sealed record JournalOptions
{
    /// <summary>Size at which a log is ended and the next one begun: what a lagging copy has to be given again at most, and what a start reads at most.</summary>
    public long LogSizeMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>Records of a log: their hashes are kept in memory (48 bytes each), so that what one copy gives another is checked.</summary>
    public int LogRecordCountMax { get; init; } = 65_536;

    /// <summary>Newest bytes of a log that are kept in memory for copies that lag; what is older is read from another copy.</summary>
    public int MemoryBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long an append waits for its quorum before it says that the journal is unavailable. Longer than a disk's hiccup, shorter than a client's patience.</summary>
    public TimeSpan QuorumTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For how long a copy beyond the quorum may lack the newest record: it takes it together with the next one, or when none came for so long. It is also how long the stores that were
    /// asked may take before the others are asked too. Longer than a sync under load, shorter than a client notices.
    /// </summary>
    public TimeSpan RestTime { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>For how long a copy that kept a record waiting for <see cref="RestTime"/> is not counted on for the quorum.</summary>
    public TimeSpan StallAvoidance { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause before a copy that failed is tried again, when its store's health does not say earlier that it is back.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);
}
