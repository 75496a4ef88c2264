namespace Oort.Objects.Reading;

/// <summary>When a store is far away, beside others that would do: so that a read asks the nearest, and does not decode for the sake of a millisecond.</summary>
/// <remarks>A read of data shards alone costs k times less than a decoding one where it is of a single cell, and no arithmetic: that is worth some waiting.</remarks>
internal static class Distance
{
    /// <summary>Below this the wait for a scheduler or a disk weighs as much as the way.</summary>
    private const double DifferenceMin = 20;

    private const double RatioMin = 2;

    /// <summary>Round trips, in milliseconds, up to which a store is as good as one with this.</summary>
    public static double Limit(double nearest) => RatioMin * nearest + DifferenceMin;
}
