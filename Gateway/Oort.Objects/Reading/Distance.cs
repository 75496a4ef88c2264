namespace Oort.Objects.Reading;

/// <summary>When a store is far away, beside others that would do or at all: so that a read asks the nearest, does not decode for the sake of a millisecond, and has enough on the way.</summary>
/// <remarks>A read of data shards alone costs k times less than a decoding one where it is of a single cell, and no arithmetic: that is worth some waiting.</remarks>
internal static class Distance
{
    /// <summary>Below this the wait for a scheduler or a disk weighs as much as the way.</summary>
    private const double DifferenceMin = 20;

    private const double RatioMin = 2;

    /// <summary>Round trips, in milliseconds, from which on reads are longer.</summary>
    public const double FarMin = 10;

    private const double VeryFarMin = 30;

    /// <summary>Round trips, in milliseconds, up to which a store is as good as one with this.</summary>
    public static double Limit(double nearest) => RatioMin * nearest + DifferenceMin;

    /// <summary>How many times longer than otherwise the runs are that are read at a time: with two of them on the way, a round trip of 50 ms allows some 80 MB/s instead of 20. Few steps, so that readers of one object can share their runs.</summary>
    /// <param name="reach">Round trip, in milliseconds.</param>
    public static int RunFactor(double reach) => reach < FarMin ? 1 : reach < VeryFarMin ? 2 : 4;

    /// <summary>What to wait beside the usual before others are asked: an answer from there takes a round trip, and under load another.</summary>
    public static TimeSpan Patience(double reach) => TimeSpan.FromMilliseconds(2 * reach);
}
