using System.Xml.Linq;

namespace Oort.Tidy.Projects;

/// <summary>A project file as the rules look at it.</summary>
internal sealed record Project(string Path, string Name, IReadOnlyList<string> References, IReadOnlyList<string> Frameworks, IReadOnlyList<XElement> Packages)
{
    public static IReadOnlyList<Project> All { get; } = [.. Tree.Files.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Select(Read)];

    /// <summary>Everything that is shipped.</summary>
    public static IEnumerable<Project> Product => All.Where(project => project.IsProduct);

    /// <summary>What is shipped and not an executable.</summary>
    public static IEnumerable<Project> Libraries => Product.Where(project => !Tree.Text(project.Path).Contains("<OutputType>Exe</OutputType>", StringComparison.Ordinal));

    public bool IsProduct => !Path.StartsWith("tests/", StringComparison.Ordinal) && !Path.StartsWith("samples/", StringComparison.Ordinal);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    private static Project Read(string path)
    {
        var xml = XDocument.Parse(Tree.Text(path));
        return new(path, System.IO.Path.GetFileNameWithoutExtension(path),
            [.. Includes(xml, "ProjectReference").Select(include => System.IO.Path.GetFileNameWithoutExtension(include.Replace('\\', '/')))],
            [.. Includes(xml, "FrameworkReference")],
            [.. xml.Descendants("PackageReference")]);
    }

    private static IEnumerable<string> Includes(XDocument xml, string item) => xml.Descendants(item).Select(element => element.Attribute("Include")!.Value);
}
