using System.Globalization;

namespace Oort.S3;

/// <summary>Dates of HTTP (RFC 9110 §5.6.7): the preferred form and the two obsolete ones that a recipient must accept.</summary>
public static class HttpDate
{
    private static readonly string[] Forms =
    [
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "dddd, dd-MMM-yy HH:mm:ss 'GMT'",
        "ddd MMM d HH:mm:ss yyyy",
        "ddd MMM  d HH:mm:ss yyyy",
        // What old S3 tools send in Date: the same with an offset, or without the day's name.
        "ddd, d MMM yyyy HH:mm:ss 'GMT'",
        "ddd, dd MMM yyyy HH:mm:ss zzz",
        "dd MMM yyyy HH:mm:ss 'GMT'",
        "yyyy-MM-dd'T'HH:mm:ss'Z'",
        "yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
    ];

    /// <summary>Writes the preferred form; fractions of a second are cut off.</summary>
    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("r", CultureInfo.InvariantCulture);

    public static bool TryParse(string? text, out DateTimeOffset time)
    {
        time = default;
        // "+0000" is not what zzz reads; it wants a colon.
        var value = text?.Trim();
        if (value is { Length: > 5 } && value[^5] is '+' or '-' && value[^4..].All(char.IsAsciiDigit))
            value = $"{value[..^2]}:{value[^2..]}";
        return DateTimeOffset.TryParseExact(value, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>Cuts a time to whole seconds, as HTTP dates are compared.</summary>
    public static DateTimeOffset ToSeconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
