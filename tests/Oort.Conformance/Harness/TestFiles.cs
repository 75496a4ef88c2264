using System.Security.Cryptography;

namespace Oort.Conformance.Harness;

/// <summary>Files with contents that depend on a seed alone.</summary>
internal static class TestFiles
{
    /// <summary>The folder tests/interop of the source tree, where scripts and npm packages for outside clients lie.</summary>
    public static string Interop { get; } = FindInterop();

    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Writes files of many sizes and names, in folders, and answers their paths relative to <paramref name="folder"/>.</summary>
    public static IReadOnlyList<string> WriteTree(string folder, int seed)
    {
        (string Name, int Size)[] files =
        [
            ("empty", 0), ("one", 1), ("chunk", 65520), ("chunk and one", 65521), ("pack", 256 * 1024), ("pack+1", 256 * 1024 + 1),
            ("deep/er/and/deeper.bin", 700_001), ("ünï/cödé 😀.txt", 1234), ("a&b=c;d'e", 99), ("large.bin", 20 * 1024 * 1024 + 17),
        ];
        foreach (var (name, size) in files)
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Bytes(seed++, size));
        }

        return [.. files.Select(f => f.Name)];
    }

    /// <summary>Paths whose bytes differ between two folders, those missing on either side included.</summary>
    public static IReadOnlyList<string> Differences(string left, string right)
    {
        var a = Digests(left);
        var b = Digests(right);
        return [.. a.Keys.Union(b.Keys).Where(k => !a.TryGetValue(k, out var x) || !b.TryGetValue(k, out var y) || x != y)];
    }

    private static Dictionary<string, string> Digests(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
            path => Path.GetRelativePath(folder, path),
            path =>
            {
                using var stream = File.OpenRead(path);
                return Convert.ToHexString(SHA256.HashData(stream));
            });

    private static string FindInterop()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "interop");
            if (Directory.Exists(candidate)) return candidate;
        }

        throw new DirectoryNotFoundException("tests/interop is not above the test's folder.");
    }
}
