using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Sources;

/// <summary>What is in no file, because it belongs to a machine or to a person and not to the project.</summary>
public sealed partial class HygieneTests
{
    [Fact]
    public void Files_NameNoPackageRegistry()
    {
        // Where packages come from is the business of the machine that builds. (Written so that this file does not find itself.)
        string[] hosts = ["registry." + "npmjs", "registry." + "yarnpkg", "api." + "nuget.org", "nuget.org/" + "v3", "pypi." + "org", "files." + "pythonhosted", "proxy." + "golang", "static." + "crates"];
        Find(line => hosts.FirstOrDefault(host => line.Contains(host, StringComparison.OrdinalIgnoreCase))).ShouldBeEmpty();
    }

    [Fact]
    public void Files_NameNoPathOfAMachine() =>
        Find(line => MachinePath().Match(line) is { Success: true } match ? match.Value : null).ShouldBeEmpty();

    [Fact]
    public void Files_HoldNoPrivateKey() =>
        Find(line => line.Contains("PRIVATE " + "KEY-----", StringComparison.Ordinal) ? "a private key" : null).ShouldBeEmpty();

    [Fact]
    public void TextFiles_EndInOneLineFeedAndHaveNoCarriageReturn()
    {
        // The package manager writes its lock files as it likes, and vectors are bytes as they were given.
        var ours = Tree.TextFiles.Where(path => !path.EndsWith("packages.lock.json", StringComparison.Ordinal) && !path.StartsWith("tests/vectors/", StringComparison.Ordinal));
        var broken = ours.Where(path =>
        {
            var bytes = File.ReadAllBytes(Tree.Full(path));
            return bytes.Length > 0 && (bytes[^1] != '\n' || bytes.Contains((byte)'\r'));
        });
        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Scripts_CanBeRun()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        if (OperatingSystem.IsWindows()) return;
        foreach (var path in Tree.TextFiles.Where(path => Tree.Text(path).StartsWith("#!", StringComparison.Ordinal) && Path.GetExtension(path) is "" or ".sh"))
            if (Tree.Text(path).StartsWith("#!", StringComparison.Ordinal)) File.GetUnixFileMode(Tree.Full(path)).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue(path);
    }

    private static IEnumerable<string> Find(Func<string, string?> look) =>
        from path in Tree.TextFiles
        from line in Tree.Lines(path).Index()
        let found = look(line.Item)
        where found is not null
        select $"{path}:{line.Index + 1}: {found}";

    [GeneratedRegex(@"(?<![\w.$}/-])/(home|Users|root|work)/[\w.-]+")]
    private static partial Regex MachinePath();
}
