using System.Globalization;

namespace Oort.Gateway;

/// <summary>Sizes as people write them: "500GiB", "20 MB", "4096".</summary>
public static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("PiB", 1L << 50),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("PB", 1_000_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    /// <returns>Bytes; null when it is no size, or more than a disk can have.</returns>
    public static long? TryParse(string text)
    {
        var number = text.Trim();
        var factor = 1L;
        foreach (var (unit, bytes) in s_units)
        {
            if (!number.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (number, factor) = (number[..^unit.Length].TrimEnd(), bytes);
            break;
        }

        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value * factor <= 1L << 60 ? (long)(value * factor) : null;
    }
}
