namespace Oort.Objects.Tiering;

/// <summary>How lifecycle and restores count days: whole ones since the Unix epoch, so that with days of 24 hours everything falls due at midnight UTC.</summary>
public static class LifecycleDays
{
    /// <summary>The end of the day in which so many days have passed: the sum, rounded up to the next day's beginning (S3 API: "Lifecycle rules: based on an object's age").</summary>
    /// <param name="days">0 or more.</param>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    /// <returns>The end of time where the sum lies beyond it.</returns>
    public static DateTimeOffset After(DateTimeOffset from, int days, TimeSpan dayLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(dayLength, TimeSpan.Zero);

        // 128 bits: 2^31 days are more ticks than a time has.
        var passed = (Int128)(from.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) + (Int128)days * dayLength.Ticks;
        var over = passed % dayLength.Ticks;
        var rounded = over == 0 ? passed : passed - over + (over > 0 ? dayLength.Ticks : 0);
        return rounded > DateTimeOffset.MaxValue.Ticks - DateTimeOffset.UnixEpoch.Ticks ? DateTimeOffset.MaxValue : new(DateTimeOffset.UnixEpoch.Ticks + (long)rounded, TimeSpan.Zero);
    }
}
