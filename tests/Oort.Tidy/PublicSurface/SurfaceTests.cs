using System.Reflection;
using Oort.Tidy.Projects;
using Shouldly;
using Xunit;

namespace Oort.Tidy.PublicSurface;

/// <summary>What each library offers is a text file, so that a change of it shows in the diff.</summary>
/// <remarks>To write the files anew: <c>OORT_UPDATE_SURFACE=1 dotnet run --project tests/Oort.Tidy -- -namespace Oort.Tidy.PublicSurface</c></remarks>
public sealed class SurfaceTests
{
    public static TheoryData<string> Libraries => [.. Project.Libraries.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_OffersWhatItsFileSays(string name)
    {
        var path = Tree.Full($"tests/Oort.Tidy/surface/{name}.txt");
        var surface = SurfaceWriter.Write(Assembly.Load(name));
        if (Environment.GetEnvironmentVariable("OORT_UPDATE_SURFACE") == "1") File.WriteAllText(path, surface);

        File.Exists(path).ShouldBeTrue($"{path} is missing: see this class for the command that writes it");
        var written = File.ReadAllText(path).Split('\n');
        var actual = surface.Split('\n');
        written.Except(actual).ShouldBeEmpty("no longer there, or changed (this class has the command that writes the file anew)");
        actual.Except(written).ShouldBeEmpty("new, or changed (this class has the command that writes the file anew)");
        actual.ShouldBe(written);
    }

    [Fact]
    public void Files_BelongToALibrary()
    {
        var expected = Project.Libraries.Select(project => $"tests/Oort.Tidy/surface/{project.Name}.txt").ToHashSet();
        Tree.Files.Where(path => path.StartsWith("tests/Oort.Tidy/surface/", StringComparison.Ordinal) && !expected.Contains(path)).ShouldBeEmpty();
    }
}
