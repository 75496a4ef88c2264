using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Projects;

/// <summary>Packages are pinned: centrally, exactly, and with lock files.</summary>
public sealed partial class PackageTests
{
    [Fact]
    public void Versions_InTheCentralFile_AreExactAndUnique()
    {
        var versions = XDocument.Parse(Tree.Text("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(element => (Name: element.Attribute("Include")!.Value, Version: element.Attribute("Version")!.Value)).ToList();
        versions.ShouldNotBeEmpty();
        versions.Where(package => !ExactVersion().IsMatch(package.Version)).ShouldBeEmpty();
        versions.GroupBy(package => package.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key).ShouldBeEmpty();
    }

    [Fact]
    public void References_InProjects_NameNoVersion() =>
        Project.All.SelectMany(project => project.Packages.Where(package => package.Attributes().Any(attribute => attribute.Name.LocalName.StartsWith("Version", StringComparison.Ordinal)))
            .Select(package => $"{project.Path}: {package}")).ShouldBeEmpty();

    [Fact]
    public void Projects_AllHaveALockFile() =>
        Project.All.Where(project => !Tree.Exists($"{project.Folder}/packages.lock.json")).Select(project => project.Path).ShouldBeEmpty();

    [Fact]
    public void NodeLockFiles_NameNoPlaceOfOrigin()
    {
        var locks = Tree.Files.Where(path => path.EndsWith("package-lock.json", StringComparison.Ordinal)).ToList();
        locks.Where(path => Tree.Text(path).Contains("\"resolved\"", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex(@"^\d+\.\d+(\.\d+){0,2}(-[0-9A-Za-z.]+)?$")]
    private static partial Regex ExactVersion();
}
