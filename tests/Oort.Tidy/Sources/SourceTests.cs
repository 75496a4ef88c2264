using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Sources;

/// <summary>What a source file looks like.</summary>
public sealed partial class SourceTests
{
    private const int LineCountMax = 450;

    /// <summary>Longer files, each with the reason for which it is not cut.</summary>
    private static readonly Dictionary<string, string> longFiles = [];

    [Fact]
    public void Files_AreAtMost450Lines()
    {
        var tooLong = Tree.CSharpFiles.Where(path => !longFiles.ContainsKey(path)).Select(path => (path, Lines: Tree.Lines(path).Length)).Where(file => file.Lines > LineCountMax);
        tooLong.ShouldBeEmpty();
    }

    [Fact]
    public void LongFiles_OfTheList_AreStillLong() =>
        longFiles.Keys.Where(path => !Tree.Exists(path) || Tree.Lines(path).Length <= LineCountMax).ShouldBeEmpty();

    [Fact]
    public void Namespaces_AreFileScopedAndOfTheirProject()
    {
        var broken = new List<string>();
        foreach (var path in Tree.CSharpFiles)
        {
            foreach (var line in Tree.Lines(path).Where(line => line.StartsWith("namespace ", StringComparison.Ordinal)))
            {
                var name = line["namespace ".Length..].TrimEnd(';', ' ', '{');
                var project = path.Split('/').First(folder => folder.StartsWith("Oort.", StringComparison.Ordinal));
                if (!line.TrimEnd().EndsWith(';')) broken.Add($"{path}: namespace {name} is not file-scoped");
                if (name != project && !name.StartsWith(project + ".", StringComparison.Ordinal)) broken.Add($"{path}: namespace {name} is not of {project}");
            }
        }
        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Files_HaveNoUnfinishedWork()
    {
        // Written so that this file does not find itself.
        string[] marks = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception", "Thread." + "Sleep(", "Sk" + "ip = \"", "#pragma warning " + "disable CS"];
        var found = from path in Tree.CSharpFiles
                    from line in Tree.Lines(path).Index()
                    from mark in marks
                    where line.Item.Contains(mark, StringComparison.Ordinal)
                    select $"{path}:{line.Index + 1}: {mark}";
        found.ShouldBeEmpty();
    }

    [Fact]
    public void CatchBlocks_AreNeverEmpty()
    {
        // An empty one that is right says why in a comment between its braces.
        var empty = Tree.CSharpFiles.Where(path => EmptyCatch().IsMatch(Tree.Text(path)));
        empty.ShouldBeEmpty();
    }

    [Fact]
    public void Types_HaveTheWordsOfTheField()
    {
        // A word that names two things names neither: ARCHITECTURE.md has the list.
        var broken = from path in Tree.ProductFiles
                     where !path.StartsWith("Ledger/", StringComparison.Ordinal) && !path.Contains("Filecoin", StringComparison.Ordinal) && !path.Contains("Ipfs", StringComparison.Ordinal)
                     from match in OtherFieldsWord().Matches(Tree.Text(path))
                     select $"{path}: {match.Value}";
        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Types_AreNotNamedAfterNothing()
    {
        var broken = from path in Tree.ProductFiles
                     from match in EmptyName().Matches(Tree.Text(path))
                     select $"{path}: {match.Value}";
        broken.ShouldBeEmpty();
    }

    [GeneratedRegex(@"catch\s*(\([^)]*\))?\s*(when\s*\([^)]*\)\s*)?\{\s*\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+\w*(Piece|Fragment|Deal|Cid)\b|\b(class|struct|record|interface|enum)\s+(Block|Transaction|File)\w*Id\b")]
    private static partial Regex OtherFieldsWord();

    [GeneratedRegex(@"\b(class|struct|record|interface)\s+\w*(Helper|Helpers|Util|Utils|Utility|Manager)\b")]
    private static partial Regex EmptyName();
}
