using System.Globalization;
using System.Text.Json;

namespace Oort.Cli.Verbs;

/// <summary>How verbs print.</summary>
internal static class Output
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public static void Json(JsonElement element) => Console.Out.WriteLine(JsonSerializer.Serialize(element, Indented));

    /// <summary>One line a field: all of them, or the named ones that are there.</summary>
    public static void Fields(JsonElement element, params string[] names)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (names.Length > 0 && !names.Contains(property.Name)) continue;
            if (property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null) continue;
            Console.Out.WriteLine($"{Words(property.Name),-22} {Text(property)}");
        }
    }

    /// <summary>Writes columns as wide as their longest cell; never wrapped, so that a line can be grepped and cut.</summary>
    public static void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] lines = [[.. headings.Select(h => h.ToUpperInvariant())], .. rows];
        var widths = headings.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
            Console.Out.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>Bytes for people: "1.5 GiB"; "?" for null.</summary>
    public static string Bytes(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Number) return "?";
        var value = element.GetDouble();
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var unit = 0;
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    /// <summary>US dollars for people: to the cent, small ones to three digits; "-" for null.</summary>
    public static string Money(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Number) return "-";
        var value = element.GetDouble();
        return value is 0 or >= 1 or <= -1 ? value.ToString("0.00", CultureInfo.InvariantCulture) : value.ToString("0.00##", CultureInfo.InvariantCulture);
    }

    private static string Text(JsonProperty property) =>
        property.Name.EndsWith("Bytes", StringComparison.Ordinal) ? Bytes(property.Value) : property.Value.ToString();

    /// <summary>"uptimeSeconds" → "uptime seconds".</summary>
    private static string Words(string name) => string.Concat(name.Select(c => char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString()));
}
