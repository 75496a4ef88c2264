namespace Oort.Objects.Tiering;

/// <summary>A stretch of the times at which versions were written, or uploads begun.</summary>
/// <param name="After">Not part of it; null: from the first.</param>
/// <param name="Until">Part of it.</param>
internal readonly record struct AgeRange(DateTimeOffset? After, DateTimeOffset Until);

/// <summary>Which ages have come due between two days: what was looked at on the first is not looked at on the second, unless another rule takes it by then.</summary>
/// <remarks>A version of N days is due at the end of the day in which they are over, so on one day those are due that were written up to N days before its beginning.</remarks>
internal static class LifecycleSchedule
{
    /// <summary>Looked at twice: gateways' clocks differ, and a version is in the index a moment after its time.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromMinutes(5);

    /// <summary>The beginning of the day that a time is in.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset time, TimeSpan dayLength)
    {
        var passed = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        return new(DateTimeOffset.UnixEpoch.Ticks + passed - passed % dayLength.Ticks, TimeSpan.Zero);
    }

    /// <summary>Times of versions to look at, ascending and apart from each other.</summary>
    /// <param name="looked">The day up to which all was looked at; null: nothing was.</param>
    /// <param name="today">The beginning of a day.</param>
    /// <remarks>When a version was replaced is the time of the one that did. How many newer ones there are changes with each that comes, and so does what is all that is left of a key: these are looked at when they are new, too.</remarks>
    public static IReadOnlyList<AgeRange> OfVersions(LifecycleDocument lifecycle, DateTimeOffset? looked, DateTimeOffset today, TimeSpan dayLength)
    {
        var ranges = new List<AgeRange>();
        foreach (var rule in lifecycle.Rules.Where(rule => rule.IsEnabled))
        {
            foreach (var one in rule.Transitions) Add(one.Days, one.Date);
            foreach (var one in rule.NoncurrentTransitions) AddNoncurrent(one.Days, one.NewerVersions);
            if (rule.Expiration is { } expiration) Add(expiration.Days ?? (expiration.ExpiredMarkers == true ? 0 : null), expiration.Date);
            if (rule.NoncurrentExpiration is { } noncurrent) AddNoncurrent(noncurrent.Days, noncurrent.NewerVersions);
        }

        return Merge(ranges);

        void AddNoncurrent(int days, int? newer)
        {
            Add(days, null);
            if (newer is not null) Add(0, null);
        }

        void Add(int? days, DateOnly? date)
        {
            if (days is { } count) AddDays(ranges, looked, today, count, dayLength);
            if (date is not { } day) return;
            DateTimeOffset due = new(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
            // On that day all, and then what comes.
            if (due <= today) AddDays(ranges, looked < due ? null : looked, today, 0, dayLength);
        }
    }

    /// <summary>Times of uploads to look at, likewise.</summary>
    public static IReadOnlyList<AgeRange> OfUploads(LifecycleDocument lifecycle, DateTimeOffset? looked, DateTimeOffset today, TimeSpan dayLength)
    {
        var ranges = new List<AgeRange>();
        foreach (var rule in lifecycle.Rules)
            if (rule is { IsEnabled: true, AbortUploadsAfterDays: { } days }) AddDays(ranges, looked, today, days, dayLength);
        return Merge(ranges);
    }

    private static void AddDays(List<AgeRange> ranges, DateTimeOffset? looked, DateTimeOffset today, int days, TimeSpan dayLength)
    {
        // 128 bits: 2^31 days are more ticks than a time has.
        var back = (Int128)days * dayLength.Ticks;
        if (back >= today.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) return;
        var until = today.AddTicks(-(long)back);
        var after = looked - Overlap is { } from && (Int128)from.UtcTicks - back > DateTimeOffset.UnixEpoch.Ticks ? from.AddTicks(-(long)back) : (DateTimeOffset?)null;
        if (after is null || after < until) ranges.Add(new(after, until));
    }

    private static List<AgeRange> Merge(List<AgeRange> ranges)
    {
        var merged = new List<AgeRange>();
        foreach (var range in ranges.OrderBy(range => range.After ?? DateTimeOffset.MinValue))
        {
            if (merged.Count > 0 && (range.After is null || range.After <= merged[^1].Until)) merged[^1] = merged[^1] with { Until = range.Until > merged[^1].Until ? range.Until : merged[^1].Until };
            else merged.Add(range);
        }

        return merged;
    }
}
