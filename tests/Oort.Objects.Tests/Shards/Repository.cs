namespace Oort.Objects.Tests.Shards;

internal static class Repository
{
    internal static string Root { get; } = Find();

    internal static string[] Page => File.ReadAllLines(Path.Combine(Root, "docs", "formats", "shard.md"));

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Oort.sln"))) directory = directory.Parent;
        return directory.FullName;
    }
}
