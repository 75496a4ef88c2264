namespace Oort.Objects;

/// <summary>How the health of stores is watched.</summary>
public sealed record StoreSetOptions
{
    /// <summary>Time between two probes of a store. A store that is pulled out is noticed at the next write anyway; the probe notices it when idle.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a probe or the opening of a store may take before it counts as failed. Disks that spin up need a few seconds.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Transient failures in a row, without a good probe between them, that make a store <see cref="StoreHealth.Suspect"/>.</summary>
    public int SuspectAfterFailures { get; init; } = 3;

    /// <summary>Failed probes in a row that take a store offline: one may be a hiccup, three are an outage.</summary>
    public int OfflineAfterProbes { get; init; } = 3;

    /// <summary>How long a store stays offline or read-only before it is closed and opened anew, since a poisoned volume does not heal by probing.</summary>
    public TimeSpan ReopenAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Free bytes at which a full store takes shards again: room for a few segments, so that it does not flap. A twentieth of a small medium.</summary>
    public long RoomBytes { get; init; } = RoomBytesDefault;

    internal const long RoomBytesDefault = 512L * 1024 * 1024;

    /// <summary>How long one call for a blob or a log or a delete may take before it counts as failed: longer than any disk that works needs for the largest, 16 MiB.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
