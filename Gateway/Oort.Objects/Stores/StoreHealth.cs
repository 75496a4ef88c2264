using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>What may be asked of a store at the moment.</summary>
public enum StoreHealth
{
    /// <summary>Reads and writes.</summary>
    Online,

    /// <summary>Failed or stalled several times in a row; still used, and watched.</summary>
    Suspect,

    /// <summary>Not used: gone, another one in its place, or it failed for good. Comes back when a probe finds the same identity.</summary>
    Offline,

    /// <summary>Reads only: nothing is placed until it has room again.</summary>
    Full,

    /// <summary>Reads only: it refuses writes, or must be opened anew before it may take them. Comes back when a probe can write.</summary>
    ReadOnly,
}

/// <summary>A change of health, as logs, metrics and waiting workers see it.</summary>
/// <param name="Reason">One sentence for people.</param>
public readonly record struct StoreHealthChange(StoreId Id, string Location, StoreHealth From, StoreHealth To, string Reason);

/// <summary>One store as operators see it.</summary>
/// <param name="Id">Identity, <see cref="StoreId.None"/> while nothing is known of what is there.</param>
/// <param name="State">Its role in the cluster.</param>
/// <param name="Reason">Why it is not online; empty when it is.</param>
/// <param name="Failures">Failures reported since the process started.</param>
public sealed record StoreStatus(StoreId Id, string Location, string FailureDomain, StoreState State, StoreHealth Health, string Reason, StoreSpace Space, long Failures);
