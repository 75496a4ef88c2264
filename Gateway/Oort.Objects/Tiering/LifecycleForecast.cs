using System.Runtime.CompilerServices;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>When a lifecycle will end something, and by which rule.</summary>
/// <param name="At">The beginning of a day.</param>
public sealed record LifecycleEnd(DateTimeOffset At, string RuleId);

/// <summary>Says ahead what the lifecycle of a bucket will end: the first of the rules that apply.</summary>
/// <remarks>Thread-safe. What is read of a bucket's row is kept as long as the row.</remarks>
public static class LifecycleForecast
{
    private static readonly ConditionalWeakTable<BucketRow, Rules> read = [];

    /// <summary>The end of a current version; null: there is none, or the rules cannot be read.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public static LifecycleEnd? Of(BucketRow bucket, VersionRow version, TimeSpan dayLength) =>
        version.IsDeleteMarker || !HasRules(bucket) ? null : FirstOf(bucket, version, dayLength);

    /// <summary>The end of an upload; null: likewise.</summary>
    /// <param name="dayLength"><see cref="TieringOptions.DayLength"/>.</param>
    public static LifecycleEnd? Of(BucketRow bucket, UploadRow upload, TimeSpan dayLength) =>
        !HasRules(bucket) ? null : First(bucket, rule => rule.AbortUploadsAfterDays is { } days && rule.Filter.TakesKey(upload.Key) ? LifecycleDays.After(upload.Initiated, days, dayLength) : null);

    private static bool HasRules(BucketRow bucket) => bucket.Settings.ContainsKey(LifecycleDocument.SettingName);

    // Apart, so that reads and writes of buckets without rules allocate nothing for what this captures.
    private static LifecycleEnd? FirstOf(BucketRow bucket, VersionRow version, TimeSpan dayLength) =>
        First(bucket, rule => rule.Filter.Takes(version) ? rule.Expiration?.DueAt(version.LastModified, dayLength) : null);

    private static LifecycleEnd? First(BucketRow bucket, Func<LifecycleRule, DateTimeOffset?> dueAt)
    {
        LifecycleEnd? first = null;
        foreach (var rule in read.GetValue(bucket, Read).Enabled)
            if (dueAt(rule) is { } at && !(at >= first?.At)) first = new(at, rule.Id);
        return first;
    }

    /// <summary>Who carries the rules out says so when they cannot be read.</summary>
    private static Rules Read(BucketRow bucket)
    {
        try
        {
            return new([.. LifecycleDocument.Of(bucket)?.Rules.Where(rule => rule.IsEnabled) ?? []]);
        }
        catch (LifecycleFormatException)
        {
            return new([]);
        }
    }

    private sealed record Rules(LifecycleRule[] Enabled);
}
