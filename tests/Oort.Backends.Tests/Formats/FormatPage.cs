using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Oort.Backends.Tests.Formats;

/// <summary>A page of docs/formats, read for its tables and its example.</summary>
internal sealed partial class FormatPage(string text)
{
    /// <summary>The root of the repository.</summary>
    public static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));

    public static FormatPage Load(string name) => new(File.ReadAllText(Path.Combine(Root(), "docs", "formats", name)));

    /// <summary>Offset and size by name of the field table under a heading; reserved fields are checked to leave no gap and then left out.</summary>
    public Dictionary<string, (int Offset, int Size)> Table(string heading)
    {
        var section = text[text.IndexOf(heading, StringComparison.Ordinal)..];
        var end = section.IndexOf("\n## ", 4, StringComparison.Ordinal);
        var fields = new Dictionary<string, (int, int)>();
        var next = 0;
        foreach (Match row in Row().Matches(end < 0 ? section : section[..end]))
        {
            var (offset, size) = (int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture));
            if (offset != next)
                throw new InvalidDataException($"{heading}: the field at {offset} should begin at {next}.");
            next = offset + size;
            if (row.Groups[3].Value != "reserved")
                fields.Add(row.Groups[3].Value, (offset, size));
        }

        fields.Add("end", (next, 0));
        return fields;
    }

    /// <summary>The bytes of the example: lines of hexadecimal, each after its offset where the page gives one; zeros between.</summary>
    public byte[] Example(int length)
    {
        var bytes = new byte[length];
        var block = Block().Match(text).Groups[1].Value;
        var at = 0;
        foreach (var line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(": ");
            if (parts.Length == 2)
                at = int.Parse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var piece = Convert.FromHexString(parts[^1].Replace(" ", "", StringComparison.Ordinal));
            piece.CopyTo(bytes, at);
            at += piece.Length;
        }

        return bytes;
    }

    [GeneratedRegex(@"^\| (\d+) \| (\d+) \| \w+ \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
