using System.Globalization;
using System.Reflection;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Docs;

/// <summary>The pages of docs/formats are whole, indexed, and say the same as the code.</summary>
public sealed class FormatPageTests
{
    private static readonly string[] requiredHeadings = ["Notation", "Picture", "Limits", "writer", "read", "Versions", "Example", "Changes"];

    /// <summary>Pages of a layout: which files lie where. The bytes in them are other pages' formats, so there is nothing to draw or to show in hex.</summary>
    private static readonly string[] layoutPages = ["docs/formats/store-files.md", "docs/formats/node-files.md"];

    /// <summary>Vectors of formats that others define, and whose pages are theirs: Amazon's signatures.</summary>
    private static readonly string[] foreignFormats = ["sigv2", "sigv4"];

    public static TheoryData<string> Pages =>
        [.. Tree.Files.Where(path => path.StartsWith("docs/formats/", StringComparison.Ordinal) && path.EndsWith(".md", StringComparison.Ordinal) && !path.EndsWith("README.md", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_HasEverySection(string path)
    {
        var headings = new MarkdownPage(path).Headings.ToList();
        string[] required = layoutPages.Contains(path) ? ["Limits", "Versions", "Changes"] : requiredHeadings;
        required.Where(word => !headings.Exists(heading => heading.Contains(word, StringComparison.OrdinalIgnoreCase))).ShouldBeEmpty(path);
        Tree.Text(path).ShouldContain("MUST", Case.Sensitive, customMessage: path);
        if (layoutPages.Contains(path)) return;
        Tree.Text(path).ShouldContain("| Offset | Bytes | Type | Name | Meaning |", customMessage: path);
        Tree.Text(path).ShouldContain("```hex", customMessage: path);
    }

    [Fact]
    public void Index_HasEveryPageOnceAndNoOther()
    {
        var indexed = Tree.Lines("docs/formats/README.md").Where(line => line.StartsWith("| [", StringComparison.Ordinal)).Select(line => "docs/formats/" + line[3..line.IndexOf(']', StringComparison.Ordinal)]);
        indexed.Order(StringComparer.Ordinal).ShouldBe(Pages.Select(row => row.Data).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void FieldTables_SayWhatTheConstantsSay(string path)
    {
        foreach (var (typeName, rows) in new MarkdownPage(path).Tables("table"))
        {
            var type = Find(typeName);
            long? end = null;
            foreach (var row in rows)
            {
                // A field whose place or length depends on others has a formula there, which no constant says.
                if (!TryNumber(row["offset"], out var offset)) continue;
                (end ?? offset).ShouldBe(offset, $"{path}: {row["name"]} leaves a gap or overlaps");
                var known = TryNumber(row["bytes"], out var bytes);
                end = known ? offset + bytes : null;
                if (!known) continue;
                if (offset > 0) Constant(type, row["name"] + "Offset").ShouldBe(offset, $"{path}: {typeName}.{row["name"]}Offset");
                (Constant(type, row["name"] + "Size") ?? bytes).ShouldBe(bytes, $"{path}: {typeName}.{row["name"]}Size");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void TagTables_SayWhatTheConstantsSay(string path)
    {
        foreach (var (typeName, rows) in new MarkdownPage(path).Tables("tags"))
        {
            var type = Find(typeName);
            foreach (var row in rows) Constant(type, row["name"] + "Tag").ShouldBe(long.Parse(row["tag"], CultureInfo.InvariantCulture), $"{path}: {typeName}.{row["name"]}Tag");
            var tagCount = type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Count(field => field.IsLiteral && field.Name.EndsWith("Tag", StringComparison.Ordinal));
            rows.Count.ShouldBe(tagCount, $"{path}: {typeName} has other tags than the table");
        }
    }

    [Fact]
    public void Vectors_EachBelongToAPageAndSayWhatToExpect()
    {
        var broken = new List<string>();
        foreach (var path in Tree.Files.Where(path => path.StartsWith("tests/vectors/", StringComparison.Ordinal) && path.EndsWith(".txt", StringComparison.Ordinal)))
        {
            var format = path.Split('/')[2];
            if (!foreignFormats.Contains(format) && !Tree.Exists($"docs/formats/{format}.md")) broken.Add($"{path}: there is no page {format}.md");
            if (!Tree.Lines(path).Any(line => line.StartsWith("expect: ", StringComparison.Ordinal))) broken.Add($"{path}: no line \"expect: …\"");
        }
        broken.ShouldBeEmpty();
    }

    private static Type Find(string name)
    {
        // "Oort.Objects.Shards.ShardHeader" may be in assembly Oort.Objects: the longest prefix that is one.
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            if (!File.Exists(Path.Combine(AppContext.BaseDirectory, name[..dot] + ".dll"))) continue;
            if (Assembly.Load(name[..dot]).GetType(name) is { } type) return type;
        }
        throw new ShouldAssertException($"no assembly has a type {name}");
    }

    private static long? Constant(Type type, string name) =>
        type.GetField(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic) is { IsLiteral: true } field
            ? Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)
            : null;

    private static bool TryNumber(string text, out long number) => long.TryParse(text.Replace(",", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
