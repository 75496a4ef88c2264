using System.Globalization;

namespace Oort.Crypto.Tests.Vectors;

/// <summary>A file under tests/vectors: "name: value" lines, an empty line, then bytes in hex (docs/formats/README.md).</summary>
internal sealed class VectorFile
{
    private readonly List<(string Name, string Value)> fields = [];

    private VectorFile(string path)
    {
        var lines = File.ReadAllLines(path);
        var split = Array.IndexOf(lines, "");
        foreach (var line in lines[..split])
        {
            if (line.StartsWith('#')) continue;
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            fields.Add((line[..colon], line[(colon + 2)..]));
        }
        Bytes = Convert.FromHexString(string.Concat(lines[(split + 1)..]));
    }

    public byte[] Bytes { get; }

    public string Expect => this["expect"];

    public string this[string name] => fields.Single(field => field.Name == name).Value;

    public byte[] Hex(string name) => Convert.FromHexString(this[name]);

    public long Number(string name) => long.Parse(this[name], CultureInfo.InvariantCulture);

    public bool Has(string name) => fields.Exists(field => field.Name == name);

    public IEnumerable<string> All(string name) => fields.Where(field => field.Name == name).Select(field => field.Value);

    public IEnumerable<(int Version, byte[] Key)> Keys() => fields.Where(field => field.Name.StartsWith("key-", StringComparison.Ordinal))
        .Select(field => (int.Parse(field.Name[4..], CultureInfo.InvariantCulture), Convert.FromHexString(field.Value)));

    public static VectorFile Read(string format, string name) => new(Path.Combine(Repository.Root, "tests", "vectors", format, name + ".txt"));

    /// <summary>Names of a format's vectors whose field "expect" or "kind" is as asked.</summary>
    public static IEnumerable<string> Names(string format, Func<VectorFile, bool> where) =>
        Directory.GetFiles(Path.Combine(Repository.Root, "tests", "vectors", format), "*.txt").Order(StringComparer.Ordinal)
            .Where(path => where(new(path))).Select(path => Path.GetFileNameWithoutExtension(path));
}

internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The bytes of the n-th (from 0) fenced block marked "hex" of a page: what stands behind two spaces is a remark.</summary>
    public static byte[] HexBlock(string page, int index)
    {
        var lines = File.ReadAllLines(Path.Combine(Root, "docs", "formats", page));
        var starts = lines.Index().Where(line => line.Item == "```hex").Select(line => line.Index).ToList();
        var hex = lines.Skip(starts[index] + 1).TakeWhile(line => line != "```").Select(line => line.Split("  ")[0].Replace(" ", "", StringComparison.Ordinal));
        return Convert.FromHexString(string.Concat(hex));
    }

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Oort.sln"))) directory = directory.Parent;
        return directory.FullName;
    }
}
