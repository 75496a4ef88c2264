using System.ComponentModel.DataAnnotations;

namespace Oort.Objects.Tiering;

/// <summary>How objects move between storage classes, and come back from archives.</summary>
public sealed record TieringOptions
{
    /// <summary>Limits of <see cref="DayLength"/>: below a second, restored copies would expire before anybody has read them.</summary>
    public static TimeSpan DayLengthMin { get; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="DayLengthMin"/>
    public static TimeSpan DayLengthMax { get; } = TimeSpan.FromDays(1);

    /// <summary>How long a day of lifecycle rules and restores is. Default and limit 24 hours; shorter for trials and tests. All gateways of a cluster must have the same.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DayLength { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Bytes a second that moves and restores write anew at most, so that clients keep the larger part of disks and lines; 0: no limit.</summary>
    public long BytesPerSecond { get; init; } = 64L * 1024 * 1024;
}
