namespace Oort.Tidy.Docs;

/// <summary>A page of documentation, cut into what the rules look at.</summary>
internal sealed class MarkdownPage(string path)
{
    private readonly string[] lines = Tree.Lines(path);

    public string Path { get; } = path;

    public IEnumerable<string> Headings => OutsideCode().Where(line => line.StartsWith('#')).Select(line => line.TrimStart('#', ' '));

    /// <summary>Lines that are not in a fenced block.</summary>
    public IEnumerable<string> OutsideCode()
    {
        var inCode = false;
        foreach (var line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inCode = !inCode;
            else if (!inCode) yield return line;
        }
    }

    /// <summary>Tables declared by a comment "&lt;!-- kind: Type --&gt;" on the line above them.</summary>
    public IEnumerable<(string Type, IReadOnlyList<IReadOnlyDictionary<string, string>> Rows)> Tables(string kind)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            var prefix = $"<!-- {kind}: ";
            if (!lines[i].StartsWith(prefix, StringComparison.Ordinal)) continue;
            var type = lines[i][prefix.Length..].Replace("-->", "", StringComparison.Ordinal).Trim();
            var header = Cells(lines[i + 1]);
            var rows = lines.Skip(i + 3).TakeWhile(line => line.StartsWith('|')).Select(Cells)
                .Select(cells => (IReadOnlyDictionary<string, string>)header.Zip(cells).ToDictionary(pair => pair.First.ToLowerInvariant(), pair => pair.Second));
            yield return (type, [.. rows]);
        }
    }

    private static string[] Cells(string line) => [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Trim('`'))];
}
