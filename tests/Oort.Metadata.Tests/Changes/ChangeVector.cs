namespace Oort.Metadata.Tests.Changes;

/// <summary>A file of tests/vectors/journal about row changes: "name: value" lines, an empty line, then bytes in hex (docs/formats/README.md).</summary>
internal sealed record ChangeVector(string Expect, byte[] Bytes)
{
    public static string Folder { get; } = FindFolder();

    public static ChangeVector Load(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, name));
        var expect = lines.Single(line => line.StartsWith("expect: ", StringComparison.Ordinal))["expect: ".Length..];
        return new(expect, Hex(lines.SkipWhile(line => line.Length > 0)));
    }

    /// <summary>Bytes of hex lines; spaces, and all after '#', say nothing.</summary>
    public static byte[] Hex(IEnumerable<string> lines) =>
        Convert.FromHexString(string.Concat(lines.Select(line => line.Split('#')[0].Replace(" ", "", StringComparison.Ordinal))));

    private static string FindFolder()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var folder = Path.Combine(directory.FullName, "tests", "vectors", "journal");
            if (Directory.Exists(folder)) return folder;
        }
        throw new DirectoryNotFoundException("tests/vectors/journal");
    }
}
