namespace Oort.Objects;

/// <summary>How the journal is written.</summary>
public sealed record JournalOptions
{
    /// <summary>Size at which a log is ended and the next one begun: what a lagging copy has to be given again at most, and what a start reads at most.</summary>
    public long LogSizeMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>Records of a log: their hashes are kept in memory (48 bytes each), so that what one copy gives another is checked.</summary>
    public int LogRecordCountMax { get; init; } = 65_536;

    /// <summary>Newest bytes of a log that are kept in memory for copies that lag; what is older is read from another copy.</summary>
    public int MemoryBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long an append waits for its quorum before it says that the journal is unavailable. Longer than a disk's hiccup, shorter than a client's patience.</summary>
    public TimeSpan QuorumTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before a copy that failed is tried again, when its store's health does not say earlier that it is back.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);
}
