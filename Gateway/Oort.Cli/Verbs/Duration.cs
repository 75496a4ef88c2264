using System.Globalization;

namespace Oort.Cli.Verbs;

/// <summary>Spans of time as people write them: "30m", "24h", "7d".</summary>
internal static class Duration
{
    /// <returns>Null when it is none: a whole number and one of s, m, h, d.</returns>
    public static TimeSpan? TryParse(string text)
    {
        var factor = (text.Length > 0 ? text[^1] : ' ') switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        return factor > 0 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? TimeSpan.FromSeconds((long)number * factor) : null;
    }
}
