using System.Text.RegularExpressions;
using Oort.Identity.Accounts;
using Oort.Identity.Model;
using Oort.Identity.Sessions;
using Oort.Identity.Store;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests;

/// <summary>docs/formats/identities.md and session-token.md, with their vectors.</summary>
public sealed partial class IdentityFormatTests
{
    public static TheoryData<string> Records => [.. Names("identities")];

    public static TheoryData<string> Sessions => [.. Names("session-token")];

    [Theory]
    [MemberData(nameof(Records))]
    public void DecodeRecord_Vector_EndsAsItExpects(string file)
    {
        var (setting, expect, bytes) = Read("identities", file);
        Func<byte[]> again = setting == IdentityLog.SettingName ? () => IdentityLog.Decode(bytes).Encode() : () => IdentityRecords.Encode(IdentityRecords.Decode(setting, bytes));
        if (expect == "reject") Should.Throw<InvalidDataException>(() => again()).Message.ShouldNotBeEmpty();
        else if (expect == "ok") again().ShouldBe(bytes);
        else again().Length.ShouldBeGreaterThan(bytes.Length);
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public void DecodeSession_Vector_EndsAsItExpects(string file)
    {
        var (_, expect, bytes) = Read("session-token", file);
        if (expect == "reject") Session.Decode(bytes).ShouldBeNull();
        else Session.Decode(bytes).ShouldNotBeNull().Encode().ShouldBe(bytes);
    }

    [Theory]
    [InlineData("account")]
    [InlineData("user")]
    [InlineData("role")]
    [InlineData("policy")]
    public void DecodeRecord_CutOffAnywhere_IsRefused(string file)
    {
        var (setting, _, bytes) = Read("identities", file + ".txt");
        for (var length = 0; length < bytes.Length; length++) Should.Throw<InvalidDataException>(() => IdentityRecords.Decode(setting, bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Pages_Examples_AreTheirVectorsAndSayWhatTheyShould()
    {
        var group = (Model.Group)IdentityRecords.Decode("iam/group/111122223333/readers", Example("identities", "group"));
        (group.Arn, group.Permissions.Inline["read"].Identity.Kind).ShouldBe(("arn:aws:iam::111122223333:group/readers", Access.Policies.PolicyKind.Identity));
        var user = (User)IdentityRecords.Decode("iam/user/111122223333/anna", Read("identities", "user.txt").Bytes);
        (user.Arn, user.Keys[0].IsActive, user.Groups[0], user.Permissions.Boundary, user.Tags["team"]).ShouldBe(("arn:aws:iam::111122223333:user/staff/Anna", false, group.Id, "arn:aws:iam::111122223333:policy/most", "blue"));
        ((Account)IdentityRecords.Decode("iam/account/111122223333", Read("identities", "account.txt").Bytes)).Email.ShouldBe("photos@example.com");

        var session = Session.Decode(Example("session-token", "user")).ShouldNotBeNull();
        (session.KeyId, session.Kind, session.Holder, session.Expires).ShouldBe(("OORSAAAAAAAAAAAAAAAA", SessionKind.User, "AIDAAAAAAAAAAAAAAAAAA", new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero)));
    }

    [Theory]
    [InlineData(3, 3, 0)]
    [InlineData(2, 3, 1)]
    [InlineData(0, 3, -1)]
    [InlineData(4, 3, -1)]
    public void Log_SinceARevision_NamesWhatChangedOrDoesNotKnow(long known, long now, int changes)
    {
        var log = new IdentityLog(now, [["iam/user/1/a"], ["iam/user/1/b"]]);
        if (changes < 0) log.Since(known).ShouldBeNull();
        else log.Since(known).ShouldNotBeNull().Count.ShouldBe(changes);
    }

    private static IEnumerable<string> Names(string folder) => Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "vectors", folder), "*.txt").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal);

    private static (string Setting, string Expect, byte[] Bytes) Read(string folder, string file)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "vectors", folder, file));
        string After(string head) => lines.FirstOrDefault(line => line.StartsWith(head, StringComparison.Ordinal))?[head.Length..] ?? "";
        return (After("# setting: "), After("expect: "), Convert.FromHexString(string.Concat(lines.SkipWhile(line => line.Length > 0))));
    }

    private static byte[] Example(string folder, string vector)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", folder + ".md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(text).Groups[1].Value, ""));
        bytes.ShouldBe(Read(folder, vector + ".txt").Bytes);
        return bytes;
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s")]
    private static partial Regex Whitespace();
}
