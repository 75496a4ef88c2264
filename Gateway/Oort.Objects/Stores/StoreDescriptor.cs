using Oort.Backends;

namespace Oort.Objects;

/// <summary>What is thought of a store that others run.</summary>
public enum StoreStanding
{
    /// <summary>It has passed its first audits, or is the gateway's own and needs none.</summary>
    Vetted,

    /// <summary>It is new: gets a small share of new data until it has passed enough audits.</summary>
    Vetting,

    /// <summary>Too many audits failed or it was away too often: gets nothing new; its shards are read, and count as missing where repair asks how many there are.</summary>
    Suspended,

    /// <summary>It has lost or altered what it was given. Everything is moved away, for good.</summary>
    Disqualified,
}

/// <summary>Standing and reputation of a store.</summary>
/// <param name="Score">Between 0 and 1.</param>
public sealed record StoreRating(StoreStanding Standing, double Score)
{
    /// <summary>Of stores that nobody audits.</summary>
    public static StoreRating Trusted { get; } = new(StoreStanding.Vetted, 1);
}

/// <summary>A store with everything that placement knows of it.</summary>
/// <param name="State">"active", "vetting", "suspended", "disqualified", "draining", "removed", "offline", "full" or "readonly": the one of these that says most.</param>
/// <param name="LatencyMilliseconds">Mean round trip of recent probes; 0 while none was made.</param>
public sealed record StoreDescriptor(StoreId Id, string Location, StoreTraits Traits, string State, StoreSpace Space, double LatencyMilliseconds, double Reputation);
