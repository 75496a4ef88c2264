using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Oort.Identity.Grants;
using Oort.Identity.Texts;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.Grants;

/// <summary>docs/formats/grant.md and its vectors, which another program has written from the page.</summary>
public sealed partial class GrantFormatTests
{
    private static readonly string folder = Path.Combine(AppContext.BaseDirectory, "vectors/grant");

    public static TheoryData<string> Vectors => [.. Directory.EnumerateFiles(folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Parse_Vector_EndsAsItExpects(string name)
    {
        var (lines, token) = Read(name);
        var grant = Grant.Parse(token);
        (grant?.DeriveSecret(lines["secret"]) ?? "refused").ShouldBe(lines["expect"]);
        Grant.IsGrant(token).ShouldBe(name != "reject-start");
        if (grant is null) return;
        grant.SessionToken.ShouldBe(lines.GetValueOrDefault("session"));
        var credential = new GrantCredential("AKID", lines["secret"], grant.SessionToken);
        foreach (var caveat in grant.Caveats) credential = Grant.Narrow(credential, caveat);
        credential.ShouldBe(new GrantCredential("AKID", lines["expect"], token));
    }

    [Fact]
    public void Vectors_OfEveryRule_AreThere() => Vectors.Count.ShouldBeGreaterThan(50);

    [Fact]
    public void Parse_EveryField_IsRead()
    {
        var caveat = Grant.Parse(Read("every-field").Token)!.Caveats.ShouldHaveSingleItem();
        (caveat.Bucket, caveat.Prefix, caveat.Key, caveat.Verbs).ShouldBe(("site", null, "ключ", GrantVerbs.Read));
        (caveat.NotBefore, caveat.NotAfter).ShouldBe((DateTimeOffset.UnixEpoch, DateTimeOffset.FromUnixTimeSeconds(253402300799)));
        caveat.Networks!.Value.ShouldBe([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")]);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndReadsAsItSays()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/grant.md"));
        var body = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        var (lines, token) = Read("example");
        token.ShouldBe("oortg1." + StrictBase64Url.Encode(body));
        page.ShouldContain(lines["secret"]);
        var grant = Grant.Parse(token)!;
        grant.Caveats[0].ShouldBe(new GrantCaveat { Bucket = "site", Prefix = "photos/2027/", Verbs = GrantVerbs.Read | GrantVerbs.List });
        grant.Caveats[1].ShouldBe(new GrantCaveat { NotAfter = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000) });
        grant.NotAfter.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    }

    [Theory]
    [InlineData("example")]
    [InlineData("every-field")]
    public void Parse_EveryFlippedByteAndTruncation_IsRefusedOrHasAnotherSecret(string name)
    {
        var (lines, token) = Read(name);
        var secret = Grant.Parse(token)!.DeriveSecret(lines["secret"]);
        for (var i = 0; i < token.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
                if (Grant.Parse($"{token[..i]}{(char)(token[i] ^ (1 << bit))}{token[(i + 1)..]}") is { } flipped) flipped.DeriveSecret(lines["secret"]).ShouldNotBe(secret);
            if (Grant.Parse(token[..i]) is { } shorter) shorter.DeriveSecret(lines["secret"]).ShouldNotBe(secret);
        }
    }

    private static (Dictionary<string, string> Lines, string Token) Read(string name)
    {
        var parts = File.ReadAllText(Path.Combine(folder, name + ".txt")).Split("\n\n", 2);
        var lines = parts[0].Split('\n').Where(line => !line.StartsWith('#')).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        return (lines, Encoding.ASCII.GetString(Convert.FromHexString(WhiteSpace().Replace(parts[1], ""))));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex WhiteSpace();
}
