using Oort.Crypto;
using Oort.Objects.Tests.Shards;

namespace Oort.Objects.Tests.World;

/// <summary>A file of tests/vectors (docs/formats/README.md, "Vectors").</summary>
internal sealed class FormatVector
{
    private readonly Dictionary<string, string> fields;

    private FormatVector(string path)
    {
        var lines = File.ReadAllLines(path);
        var split = Array.IndexOf(lines, "");
        fields = lines[..split].Where(line => !line.StartsWith('#')).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Bytes = Convert.FromHexString(string.Concat(lines[(split + 1)..]));
    }

    public byte[] Bytes { get; }

    public string Expect => fields["expect"];

    public string this[string name] => fields[name];

    public byte[] Hex(string name) => Convert.FromHexString(fields[name]);

    /// <summary>The values of prefix-0, prefix-1, …</summary>
    public string[] All(string prefix) => [.. Enumerable.Range(0, fields.Count).Select(index => fields.GetValueOrDefault($"{prefix}-{index}")).OfType<string>()];

    public static IEnumerable<string> Names(string format, string pattern) =>
        Directory.GetFiles(Path.Combine(Repository.Root, "tests", "vectors", format), pattern).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    public static FormatVector Read(string format, string name) => new(Path.Combine(Repository.Root, "tests", "vectors", format, name + ".txt"));

    /// <summary>The keyring of the page, whose keys the vectors of journal and snapshot use.</summary>
    public static Keyring ExampleKeyring()
    {
        var vector = Read("keyring", "new");
        using var root = new RootKey(vector.Hex("root"));
        return Keyring.TryOpen(vector.Bytes, root, out var keyring, out var error) ? keyring : throw new InvalidDataException(error.ToString());
    }
}
