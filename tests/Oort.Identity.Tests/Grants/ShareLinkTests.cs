using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.Grants;

/// <summary>docs/formats/share-link.md, with its vectors.</summary>
public sealed partial class ShareLinkTests
{
    private static readonly GrantCredential narrow = Grant.Narrow(new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null), new() { Bucket = "photos", Prefix = "2026/", Verbs = GrantVerbs.Read | GrantVerbs.List });

    public static TheoryData<string> Vectors => [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "vectors", "share-link");

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Parse_Vector_EndsAsItExpects(string file)
    {
        var (expect, text) = Read(file);
        var link = ShareLink.Parse(text);
        if (expect == "reject") link.ShouldBeNull();
        else link.ShouldNotBeNull().ToString().ShouldBe(text);
    }

    [Fact]
    public void Page_Example_IsWhatTheGrantGives()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "share-link.md"));
        var example = Encoding.ASCII.GetString(Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, "")));
        example.ShouldBe(ShareLink.Make(narrow).ToString());
        example.ShouldBe(Read("photos.txt").Text);

        // As the page says it, by nothing of the product.
        var proof = HMACSHA256.HashData(Encoding.UTF8.GetBytes(narrow.SecretKey), Encoding.UTF8.GetBytes("oort share link v1\0" + narrow.SessionToken));
        example.Split('.')[1].ShouldBe(Convert.ToBase64String(proof).TrimEnd('=').Replace('+', '-').Replace('/', '_'));
    }

    [Fact]
    public void Proof_OfAnotherSecretOrToken_IsNone()
    {
        var link = ShareLink.Make(narrow);
        link.IsProvenBy(narrow.SecretKey).ShouldBeTrue();
        link.IsProvenBy(narrow.SecretKey + "x").ShouldBeFalse();
        var wider = Grant.Narrow(new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null), new() { Bucket = "photos" });
        (link with { GrantToken = wider.SessionToken! }).IsProvenBy(wider.SecretKey).ShouldBeFalse();
        (link with { GrantToken = wider.SessionToken! }).IsProvenBy(narrow.SecretKey).ShouldBeFalse();
        for (var i = 0; i < link.Proof.Length; i++)
        {
            var flipped = (byte[])link.Proof.Clone();
            flipped[i] ^= 1;
            (link with { Proof = flipped }).IsProvenBy(narrow.SecretKey).ShouldBeFalse();
        }
    }

    [Fact]
    public void Link_SignsNothing()
    {
        // Neither the secret of the grant nor that of what it was made from can be had from what is in the link.
        var text = ShareLink.Make(narrow).ToString();
        text.ShouldNotContain(narrow.SecretKey);
        text.ShouldNotContain("wJalrXUtnFEMI");
    }

    private static (string Expect, string Text) Read(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, file));
        return (lines.First(line => line.StartsWith("expect: ", StringComparison.Ordinal))[8..], Encoding.Latin1.GetString(Convert.FromHexString(string.Concat(lines.SkipWhile(line => line.Length > 0)))));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s")]
    private static partial Regex Whitespace();
}
