using Oort.Backends;

namespace Oort.Objects.Placement;

/// <summary>A store that a policy allows.</summary>
/// <param name="Weight">How much of the load it should get, relative to the others; above 0.</param>
/// <param name="IsVetted">Whether it has passed its first audits, or needs none.</param>
/// <param name="IsUsable">Whether it takes writes now.</param>
internal readonly record struct Candidate(StoreId Id, StoreTraits Traits, double Weight, bool IsVetted = true, bool IsUsable = true);

/// <summary>What a selection could not keep.</summary>
[Flags]
public enum PlacementShortfall
{
    None = 0,

    /// <summary>Fewer stores take writes than the segment has shards.</summary>
    Stores = 1,

    /// <summary>More unvetted stores than the policy's share.</summary>
    Unvetted = 2,

    /// <summary>Fewer countries than the policy's least number.</summary>
    Countries = 4,

    /// <summary>More shards in one domain than its cap; or caps that can be kept one by one but not together.</summary>
    Caps = 8,
}
