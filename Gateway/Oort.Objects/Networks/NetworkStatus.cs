using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Networks;

/// <summary>How an outside network does, as this gateway saw it last.</summary>
/// <param name="Items">Items there, by state.</param>
/// <param name="Bytes">Bytes of items that count as copies.</param>
/// <param name="OldestUnsealed">For how long, as far as this gateway knows, the oldest item that is to be sealed has not been; null: there is none.</param>
/// <param name="Account">What is left to pay with, as the network said last; null: it has not, or has no account.</param>
/// <param name="AccountAsOf">When it said so.</param>
/// <param name="Counts">What this gateway asked of it since its start.</param>
/// <param name="Warnings">What somebody should see to.</param>
public sealed record NetworkStatus(
    string Name,
    ImmutableSortedDictionary<ItemState, int> Items,
    long Bytes,
    TimeSpan? OldestUnsealed,
    NetworkAccount? Account,
    DateTimeOffset? AccountAsOf,
    NetworkCounts Counts,
    ImmutableArray<NetworkWarning> Warnings);

/// <summary>Requests to a network since the start.</summary>
/// <param name="StepsFailed">By what went wrong.</param>
/// <param name="Reads">Those that failed among them.</param>
/// <param name="ReadTime">What they took together.</param>
/// <param name="Waiting">Short shards that wait on stores now, until there are enough of them for an item.</param>
public sealed record NetworkCounts(long StepsTaken, ImmutableArray<(BackendErrorKind Kind, long Count)> StepsFailed, long Reads, long ReadBytes, long ReadsFailed, TimeSpan ReadTime, (int Shards, long Bytes) Waiting);

/// <summary>What is wrong with a network.</summary>
public enum NetworkTrouble
{
    /// <summary>It cannot be opened by its settings.</summary>
    Closed,

    /// <summary>It has not answered for a while.</summary>
    Silent,

    /// <summary>Its account will not pay for what is there much longer.</summary>
    AccountLow,

    /// <summary>Its account is all but used up.</summary>
    AccountEnding,

    /// <summary>Items wait since nothing is left to pay for them with, or no room.</summary>
    Funds,

    /// <summary>Items wait for somebody to mend the settings.</summary>
    Refused,

    /// <summary>Items came to nothing, or were lost.</summary>
    Lost,

    /// <summary>Items are paid for only until soon.</summary>
    Expiring,
}

/// <summary>A sentence for people about a network.</summary>
/// <param name="IsUrgent">Data, or the way there, is at stake now.</param>
public sealed record NetworkWarning(NetworkTrouble Trouble, bool IsUrgent, string Text);
