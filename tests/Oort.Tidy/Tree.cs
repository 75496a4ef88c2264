namespace Oort.Tidy;

/// <summary>The repository's files as a clone has them: what builds, runs and tools leave behind is not looked at.</summary>
internal static class Tree
{
    private static readonly HashSet<string> skippedFolders =
        [".git", "bin", "obj", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts", ".cache", ".vs", ".idea", "oort-data"];

    private static readonly string[] textExtensions =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".txt", ".sh", ".yml", ".py", ".mjs", ".editorconfig", ".gitignore", ".npmrc"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with slashes, in ordinal order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(new DirectoryInfo(Root)).Order(StringComparer.Ordinal)];

    /// <summary>Files that people wrote or read as text; also those without extension (scripts, Dockerfile).</summary>
    public static IEnumerable<string> TextFiles => Files.Where(path =>
        Path.GetExtension(path) is var extension && (extension.Length == 0 || textExtensions.Contains(extension) || Path.GetFileName(path).StartsWith('.')));

    public static IEnumerable<string> CSharpFiles => Files.Where(path => path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>C# of the product, without tests and samples.</summary>
    public static IEnumerable<string> ProductFiles => CSharpFiles.Where(path =>
        !path.StartsWith("tests/", StringComparison.Ordinal) && !path.StartsWith("samples/", StringComparison.Ordinal));

    public static string Full(string path) => Path.Combine(Root, path);

    public static string Text(string path) => File.ReadAllText(Full(path));

    public static string[] Lines(string path) => File.ReadAllLines(Full(path));

    public static bool Exists(string path) => Path.Exists(Full(path));

    private static IEnumerable<string> Walk(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles())
            if (file.LinkTarget is null) yield return Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');
        foreach (var child in folder.EnumerateDirectories())
        {
            if (child.LinkTarget is not null || skippedFolders.Contains(child.Name)) continue;
            if (child.Name == "data" && folder.FullName == Root) continue;
            foreach (var file in Walk(child)) yield return file;
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Oort.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}
