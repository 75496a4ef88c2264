using System.Globalization;

namespace Oort.Node;

/// <summary>Hours of the day by the machine's own clock and zone, from the one to before the other; over midnight when the end is not behind the beginning.</summary>
/// <param name="From">0 to 23.</param>
/// <param name="To">0 to 24.</param>
public readonly record struct DailyHours(int From, int To)
{
    /// <summary>The whole day.</summary>
    public static DailyHours All { get; } = new(0, 24);

    /// <summary>Reads "22-07".</summary>
    public static bool TryParse(string text, out DailyHours hours)
    {
        hours = default;
        var parts = text.Split('-');
        if (parts.Length != 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from) || from > 23
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var to) || to > 24 || from == to)
            return false;
        hours = new(from, to);
        return true;
    }

    /// <summary>Whether it is such an hour.</summary>
    public bool Contains(DateTimeOffset localTime) => From < To ? localTime.Hour >= From && localTime.Hour < To : localTime.Hour >= From || localTime.Hour < To;

    /// <summary>"22-07".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{From:00}-{To:00}");
}
