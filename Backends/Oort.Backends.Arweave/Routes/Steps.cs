using Oort.Backends.Arweave.Items;

namespace Oort.Backends.Arweave.Routes;

/// <summary>What a step makes of an item.</summary>
internal static class Steps
{
    /// <summary>Confirmations from which on a transaction counts as there to stay.</summary>
    public const int ConfirmationCountMin = 50;

    /// <summary>Times that one item may be lost by the network before it is given up.</summary>
    public const int LossCountMax = 5;

    /// <summary>Nobody's names or types: what every sealed shard says of itself. Without it some gateways guess.</summary>
    public static readonly IReadOnlyList<DataItemTag> Tags = [new("Content-Type", "application/octet-stream")];

    /// <summary>The item after a step that worked.</summary>
    public static NetworkItem Next(NetworkItem item, ItemState state, DateTimeOffset nextStep) => item with { State = state, ResumeState = state, NextStep = nextStep, FailureCount = 0, Reason = "" };

    /// <summary>The item from when on the network says that it is stored.</summary>
    public static NetworkItem Confirmed(NetworkItem item, SendingProgress progress, DateTimeOffset now) => Next(item, ItemState.Confirmed, now) with { Progress = (progress with { Since = now }).Encode() };

    /// <summary>The notes of an item that the network has lost; what was signed is to be sent again, or signed anew.</summary>
    /// <exception cref="BackendException">Permanent: it was lost too often.</exception>
    public static SendingProgress Lost(SendingProgress progress, string how) => progress.LossCount < LossCountMax
        ? new() { Kind = progress.Kind, Header = progress.Header, LossCount = (ushort)(progress.LossCount + 1) }
        : throw new BackendException(BackendErrorKind.Permanent, $"{how}, for the {LossCountMax + 1}th time; the item is given up, and its copy is placed elsewhere. Check that service, or configure another.");
}
