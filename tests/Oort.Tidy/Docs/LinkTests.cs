using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Docs;

/// <summary>What documentation and comments point at is there.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Links_InPages_Resolve()
    {
        var broken = from path in Tree.Files.Where(path => path.EndsWith(".md", StringComparison.Ordinal))
                     from line in new MarkdownPage(path).OutsideCode()
                     from match in Link().Matches(line)
                     let target = match.Groups[1].Value.Split('#')[0]
                     where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
                     where !Path.Exists(Path.Combine(Path.GetDirectoryName(Tree.Full(path))!, target))
                     select $"{path} → {target}";
        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Pages_NamedInSources_Exist()
    {
        var broken = from path in Tree.CSharpFiles
                     from match in PageName().Matches(Tree.Text(path))
                     where !Tree.Exists(match.Value)
                     select $"{path} → {match.Value}";
        broken.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Decisions_AreNumberedWithoutGap()
    {
        var numbers = Tree.Files.Where(path => path.StartsWith("docs/decisions/0", StringComparison.Ordinal)).Select(path => path["docs/decisions/".Length..][..4]).ToList();
        numbers.ShouldBe(Enumerable.Range(1, numbers.Count).Select(number => number.ToString("d4", null)));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bdocs/(formats|decisions)/[a-z0-9-]+\.md")]
    private static partial Regex PageName();
}
