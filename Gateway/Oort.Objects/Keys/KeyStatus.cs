using System.Collections.Immutable;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>A key-encryption key as operators see it.</summary>
/// <param name="State">"current", "old" (still unwraps), or "destroying" (asked for; goes when nothing uses it).</param>
public sealed record KeyVersionStatus(int Version, DateTimeOffset Created, string State);

/// <summary>How the keys of the cluster are.</summary>
/// <param name="Rewrapping">Data keys are being wrapped anew under the current version.</param>
/// <param name="Looked">Data ids looked at in this pass.</param>
/// <param name="Rewrapped">Data keys wrapped anew since the rotation.</param>
/// <param name="Stuck">Data keys of the last pass that could not be unwrapped; while there are any, no version is destroyed.</param>
/// <param name="Waiting">Why a version that shall be destroyed is not yet; empty when nothing waits.</param>
/// <param name="OutdatedCopies">Stores whose copy of the keyring is not the present one, or that are away: until they are back or removed they may hold keys that were destroyed.</param>
public sealed record KeyStatus(ImmutableArray<KeyVersionStatus> Keys, bool Rewrapping, long Looked, long Rewrapped, long Stuck, string Waiting, ImmutableArray<string> OutdatedCopies);

/// <summary>How far wrapped keys of deleted data are gone from everywhere.</summary>
/// <param name="Waiting">Data ids that went and are not shredded yet.</param>
/// <param name="Oldest">Since when the longest waits.</param>
/// <param name="UpTo">All that went in generations up to this is shredded.</param>
/// <param name="HeldBack">Why the last attempt could not claim it; empty when it could.</param>
public sealed record ShredStatus(long Waiting, DateTimeOffset? Oldest, ulong UpTo, string HeldBack)
{
    public static ShredStatus None { get; } = new(0, null, 0, "");
}

/// <summary>What became of a data id.</summary>
/// <param name="State">"live"; "dropped": its wrapped key has left the database and may still be in journals and snapshots; "shredded": it is nowhere any more.</param>
/// <param name="Generation">When its last reference went; 0 while it lives.</param>
public sealed record ErasureStatus(DataId Data, string State, ulong Generation, DateTimeOffset? At);
