using Shouldly;
using Xunit;

namespace Oort.Tidy.Projects;

/// <summary>The arrows of ARCHITECTURE.md: which project may refer to which. A new project is a new line here, with its reason there.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> allowed = new()
    {
        // Leaves. Checksums is one that anybody may use: docs/decisions/0001-checksums-leaf.md.
        ["Oort.Checksums"] = [],
        ["Oort.Erasure"] = ["Oort.Checksums"],
        ["Oort.Crypto"] = ["Oort.Checksums"],
        ["Oort.S3"] = ["Oort.Checksums"],
        ["Oort.Access"] = [],
        ["Oort.Backends"] = ["Oort.Checksums"],
        ["Oort.Evm"] = [],
        ["Oort.Ledger"] = [],
        ["Oort.Node.Protocol"] = ["Oort.Checksums"],

        ["Oort.S3.Client"] = ["Oort.S3", "Oort.Checksums"],
        ["Oort.Backends.Memory"] = ["Oort.Backends", "Oort.Checksums"],
        ["Oort.Backends.Local"] = ["Oort.Backends", "Oort.Checksums"],
        ["Oort.Backends.Node"] = ["Oort.Backends", "Oort.Node.Protocol", "Oort.Checksums"],
        ["Oort.Backends.S3"] = ["Oort.Backends", "Oort.S3.Client", "Oort.Checksums"],
        ["Oort.Backends.Arweave"] = ["Oort.Backends", "Oort.Evm"],
        ["Oort.Backends.Filecoin"] = ["Oort.Backends", "Oort.Evm"],
        ["Oort.Backends.Icp"] = ["Oort.Backends"],
        ["Oort.Backends.Ipfs"] = ["Oort.Backends"],
        // What Crust is spoken to with is a pinning service of IPFS.
        ["Oort.Backends.Crust"] = ["Oort.Backends", "Oort.Backends.Ipfs", "Oort.Evm"],
        ["Oort.Metadata"] = ["Oort.Backends", "Oort.Checksums"],
        ["Oort.Objects"] = ["Oort.Erasure", "Oort.Checksums", "Oort.Crypto", "Oort.Backends", "Oort.Metadata"],

        ["Oort.Identity"] = ["Oort.Access", "Oort.Metadata", "Oort.Crypto", "Oort.Evm"],

        // Hosts: the only ones that name concrete backends.
        ["Oort.Gateway"] =
            ["Oort.Access", "Oort.Identity", "Oort.S3", "Oort.S3.Client", "Oort.Objects", "Oort.Metadata", "Oort.Crypto", "Oort.Erasure", "Oort.Checksums", "Oort.Backends", "Oort.Backends.Local", "Oort.Backends.Memory",
             "Oort.Backends.Node", "Oort.Backends.S3", "Oort.Backends.Ipfs", "Oort.Backends.Crust", "Oort.Backends.Arweave", "Oort.Backends.Filecoin", "Oort.Backends.Icp", "Oort.Evm", "Oort.Node.Protocol"],
        ["Oort.Node"] = ["Oort.Node.Protocol", "Oort.Backends", "Oort.Backends.Local", "Oort.Checksums"],
        ["Oort.Cli"] = ["Oort.Gateway", "Oort.Identity", "Oort.Access", "Oort.Node", "Oort.Node.Protocol", "Oort.S3", "Oort.S3.Client", "Oort.Objects", "Oort.Metadata", "Oort.Crypto", "Oort.Backends", "Oort.Backends.Local", "Oort.Checksums"],
    };

    [Fact]
    public void References_OfEveryProductProject_FollowTheArrows()
    {
        var broken = new List<string>();
        foreach (var project in Project.Product)
        {
            if (!allowed.TryGetValue(project.Name, out var targets))
            {
                broken.Add($"{project.Name} has no line in the table of arrows");
                continue;
            }
            broken.AddRange(project.References.Except(targets).Select(target => $"{project.Name} → {target} is not an arrow"));
        }
        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Arrows_OfTheTable_MakeNoCircle()
    {
        foreach (var project in allowed.Keys) Reaches(project, project, []).ShouldBeFalse($"{project} reaches itself");

        static bool Reaches(string from, string to, HashSet<string> seen) =>
            allowed.GetValueOrDefault(from, []).Any(next => next == to || (seen.Add(next) && Reaches(next, to, seen)));
    }

    [Theory]
    [InlineData("Oort.Checksums")]
    [InlineData("Oort.Erasure")]
    [InlineData("Oort.Crypto")]
    [InlineData("Oort.Backends")]
    [InlineData("Oort.Backends.Local")]
    [InlineData("Oort.Backends.Memory")]
    [InlineData("Oort.Metadata")]
    [InlineData("Oort.Objects")]
    public void Project_BelowTheHosts_KnowsNoHttp(string name)
    {
        var project = Project.All.Single(project => project.Name == name);
        // The shared framework is also where logging lives; HTTP is what they must not name.
        foreach (var file in Tree.ProductFiles.Where(path => path.StartsWith(project.Folder + "/", StringComparison.Ordinal)))
        {
            Tree.Text(file).ShouldNotContain("Microsoft.AspNetCore", customMessage: file);
            Tree.Text(file).ShouldNotContain("System.Net.Http", customMessage: file);
        }
    }

    [Theory]
    [InlineData("Oort.Checksums")]
    [InlineData("Oort.Erasure")]
    [InlineData("Oort.Crypto")]
    public void PureProject_OfBytes_TakesNoPackageAndNoFramework(string name)
    {
        var project = Project.All.Single(project => project.Name == name);
        project.Packages.ShouldBeEmpty();
        project.Frameworks.ShouldBeEmpty();
    }

    [Fact]
    public void Names_OfProjectsAndFolders_AreNotCommonOrUtils()
    {
        string[] banned = ["Common", "Utils", "Util", "Helpers", "Misc", "Shared"];
        var folders = Tree.ProductFiles.SelectMany(path => path.Split('/')[..^1]).SelectMany(folder => folder.Split('.'));
        folders.Concat(Project.All.SelectMany(project => project.Name.Split('.'))).Distinct().Intersect(banned).ShouldBeEmpty();
    }

    [Fact]
    public void Solution_HasEveryProject()
    {
        var solution = Tree.Text("Oort.sln").Replace('\\', '/');
        Project.All.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)).Select(project => project.Path).ShouldBeEmpty();
    }

    [Fact]
    public void Libraries_AllHaveTests()
    {
        // A backend is tested by its suite, run from Oort.Backends.Tests; a host by Oort.Gateway.Tests and Oort.Conformance.
        var untested = Project.Libraries.Select(project => project.Name.StartsWith("Oort.Backends.", StringComparison.Ordinal) ? "Oort.Backends" : project.Name)
            .Where(name => !Tree.Exists($"tests/{name}.Tests/{name}.Tests.csproj"));
        untested.ShouldBeEmpty();
    }
}
