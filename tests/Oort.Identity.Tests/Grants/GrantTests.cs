using System.Collections.Immutable;
using System.Net;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Oort.Access;
using Oort.Access.Policies;
using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Identity.Tests.Grants;

public sealed partial class GrantTests
{
    private const string Account = "111122223333";

    private static readonly DateTimeOffset now = new(2027, 1, 15, 8, 0, 0, TimeSpan.Zero);
    private static readonly GrantCredential key = new("OORTKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null);
    private static readonly Principal root = Principal.Root(Account, new('0', 64));

    [Fact]
    public void Narrow_Twice_HasTheSecretThatTheGatewayDerives()
    {
        var once = Grant.Narrow(key, new() { Bucket = "site" });
        var twice = Grant.Narrow(once, new() { Verbs = GrantVerbs.Read });
        twice.AccessKeyId.ShouldBe("OORTKEY");
        Grant.Parse(once.SessionToken!)!.DeriveSecret(key.SecretKey).ShouldBe(once.SecretKey);
        var grant = Grant.Parse(twice.SessionToken!)!;
        grant.DeriveSecret(key.SecretKey).ShouldBe(twice.SecretKey);
        grant.Caveats.Length.ShouldBe(2);
        grant.DeriveSecret("another").ShouldNotBe(twice.SecretKey);
        twice.ToString().ShouldNotContain(twice.SecretKey);
    }

    [Fact]
    public void Narrow_TemporaryCredential_KeepsItsTokenAndBindsIt()
    {
        var grant = Grant.Narrow(Grant.Narrow(key with { SessionToken = "TEMP/token+==" }, new() { Bucket = "site" }), new() { Verbs = GrantVerbs.Read });
        Grant.Parse(grant.SessionToken!)!.SessionToken.ShouldBe("TEMP/token+==");
        Grant.Parse(grant.SessionToken!)!.DeriveSecret(key.SecretKey).ShouldBe(grant.SecretKey);
        Grant.Parse(grant.SessionToken!.Replace("TEMP", "TEMQ", StringComparison.Ordinal))!.DeriveSecret(key.SecretKey).ShouldNotBe(grant.SecretKey);
        Grant.Parse(grant.SessionToken![..grant.SessionToken!.IndexOf(".TEMP", StringComparison.Ordinal)])!.DeriveSecret(key.SecretKey).ShouldNotBe(grant.SecretKey);
    }

    [Fact]
    public void Narrow_WhatCannotBe_IsRefusedInASentence()
    {
        foreach (var caveat in (GrantCaveat[])
        [
            new(), new() { Bucket = "a/b" }, new() { Bucket = "" }, new() { Prefix = "x" }, new() { Bucket = "b", Prefix = "" }, new() { Bucket = "b", Prefix = "p", Key = "pk" }, new() { Bucket = "b", Prefix = "\ud800" },
            new() { Bucket = "b", Key = "k", Verbs = GrantVerbs.List }, new() { Verbs = GrantVerbs.None }, new() { Verbs = (GrantVerbs)16 }, new() { NotAfter = DateTimeOffset.UnixEpoch.AddSeconds(-1) }, new() { Networks = [] },
            new() { Networks = [.. Enumerable.Repeat(IPNetwork.Parse("10.0.0.0/8"), 17)] }, new() { Bucket = "b", Prefix = new('p', 100_000) },
        ]) Should.Throw<GrantException>(() => Grant.Narrow(key, caveat)).Message.ShouldEndWith(".");
        var grant = Enumerable.Range(0, 8).Aggregate(key, (wider, _) => Grant.Narrow(wider, new() { Verbs = GrantVerbs.Read }));
        Should.Throw<GrantException>(() => Grant.Narrow(grant, new() { Verbs = GrantVerbs.Read }));
        Should.Throw<GrantException>(() => Grant.Narrow(Grant.Narrow(key, new() { Bucket = "b", Prefix = new('p', 1_000) }), new() { Bucket = "b", Prefix = new('p', 1_000) }));
        Should.Throw<GrantException>(() => Grant.Narrow(Grant.Narrow(key, new() { Bucket = "b" }) with { SecretKey = "AAAA" }, new() { Verbs = GrantVerbs.Read }));
        Should.Throw<GrantException>(() => Grant.Narrow(grant with { SecretKey = "short" }, new() { Verbs = GrantVerbs.Read }));
        Should.Throw<GrantException>(() => Grant.Narrow(key with { SessionToken = "oortg1.none" }, new() { Verbs = GrantVerbs.Read }));
        Should.Throw<GrantException>(() => Grant.Narrow(key with { SessionToken = "two words" }, new() { Verbs = GrantVerbs.Read }));
    }

    [Fact]
    public void Parse_CaveatsDroppedOrReordered_HaveAnotherSecret()
    {
        GrantCaveat[] caveats = [new() { Bucket = "site" }, new() { Verbs = GrantVerbs.Read }, new() { NotAfter = now }];
        var grant = caveats.Aggregate(key, Grant.Narrow);
        foreach (var others in (int[][])[[0, 1], [0, 2], [1, 2], [0], [1], [2], [0, 2, 1], [1, 0, 2], [2, 1, 0], [0, 0, 1, 2], [0, 1, 2, 2]])
        {
            // Whoever has the grant can write any token; the secret that belongs to it is what he has not.
            var token = others.Select(i => caveats[i]).Aggregate(new GrantCredential("OORTKEY", "anything", null), Grant.Narrow).SessionToken!;
            Grant.Parse(token)!.DeriveSecret(key.SecretKey).ShouldNotBe(grant.SecretKey);
        }
    }

    [Fact]
    public void NotAfter_OfSeveral_IsTheEarliest()
    {
        Grant.Parse(Grant.Narrow(key, new() { Verbs = GrantVerbs.Read }).SessionToken!)!.NotAfter.ShouldBe(DateTimeOffset.MaxValue);
        var grant = Grant.Narrow(Grant.Narrow(key, new() { NotAfter = now.AddMilliseconds(900) }), new() { NotAfter = now.AddDays(1) });
        Grant.Parse(grant.SessionToken!)!.NotAfter.ShouldBe(now);
    }

    [Fact]
    public void Policies_OfVerbs_AllowTheActionsOfThePageAndNoOther()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/grant.md"));
        foreach (var verb in (GrantVerbs[])[GrantVerbs.Read, GrantVerbs.Write, GrantVerbs.Delete, GrantVerbs.List])
        {
            var row = page.Split('\n').Single(line => line.StartsWith($"| {verb.ToString().ToLowerInvariant()} |", StringComparison.Ordinal));
            var named = ActionName().Matches(row).Select(match => match.Value).Order(StringComparer.Ordinal).ToList();
            named.ShouldNotBeEmpty();
            Allowed(new() { Verbs = verb }).ShouldBe(named);
        }

        Allowed(new() { NotAfter = now.AddDays(1) }).ShouldAllBe(action => action.StartsWith("s3:", StringComparison.Ordinal));
        Allowed(new() { NotAfter = now.AddDays(1) }).Count.ShouldBe(14);

        static List<string> Allowed(GrantCaveat caveat) => [.. AccessActions.All.Where(action => IsAllowed(action, action.Level == ActionLevel.Object ? "site/a" : "site", Facts(), caveat)).Select(action => action.Name).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("s3:GetObject", "site/photos/a", null, true)]
    [InlineData("s3:GetObject", "site/photos/", null, true)]
    [InlineData("s3:GetObject", "site/photos", null, false)]
    [InlineData("s3:GetObject", "site/other", null, false)]
    [InlineData("s3:GetObject", "site2/photos/a", null, false)]
    [InlineData("s3:PutObject", "site/photos/a", null, false)]
    [InlineData("s3:DeleteObject", "site/photos/a", null, false)]
    [InlineData("s3:PutObjectAcl", "site/photos/a", null, false)]
    [InlineData("s3:ListBucket", "site", "photos/", true)]
    [InlineData("s3:ListBucket", "site", "photos/2027/", true)]
    [InlineData("s3:ListBucket", "site", "photo", false)]
    [InlineData("s3:ListBucket", "site", "", false)]
    [InlineData("s3:ListBucket", "site", null, false)]
    [InlineData("s3:ListBucket", "site2", "photos/", false)]
    [InlineData("s3:ListBucketVersions", "site", "photos/", true)]
    [InlineData("s3:GetBucketLocation", "site", null, true)]
    [InlineData("s3:GetBucketPolicy", "site", null, false)]
    [InlineData("s3:PutBucketPolicy", "site", null, false)]
    public void Policies_OfAPrefix_AllowWhatIsInIt(string action, string path, string? prefix, bool isAllowed) =>
        IsAllowed(AccessActions.Get(action), path, Facts(prefix: prefix), new GrantCaveat { Bucket = "site", Prefix = "photos/", Verbs = GrantVerbs.Read | GrantVerbs.List }).ShouldBe(isAllowed);

    [Theory]
    [InlineData("s3:GetObject", "site/a*b", true)]
    [InlineData("s3:GetObject", "site/axb", false)]
    [InlineData("s3:GetObject", "site/a*bc", false)]
    [InlineData("s3:PutObject", "site/a*b", true)]
    [InlineData("s3:ListBucket", "site", false)]
    [InlineData("s3:GetBucketLocation", "site", false)]
    public void Policies_OfAKey_AllowThatKeyAndListNothing(string action, string path, bool isAllowed) =>
        IsAllowed(AccessActions.Get(action), path, Facts(prefix: "a*b"), new GrantCaveat { Bucket = "site", Key = "a*b" }).ShouldBe(isAllowed);

    [Fact]
    public void Policies_OfKeysWithCharactersOfTheLanguage_TakeThemAsTheyAre()
    {
        foreach (var key in (string[])["*", "?", "${aws:username}", "$", "${", "a:b:c", "\"\\\u0001", "ключ/😀", new string('*', 490)])
        {
            IsAllowed(AccessActions.Get("s3:GetObject"), "site/" + key, Facts(), new GrantCaveat { Bucket = "site", Key = key }).ShouldBeTrue(key);
            IsAllowed(AccessActions.Get("s3:GetObject"), "site/" + key + "x", Facts(), new GrantCaveat { Bucket = "site", Prefix = key }).ShouldBeTrue(key);
            IsAllowed(AccessActions.Get("s3:ListBucket"), "site", Facts(prefix: key + "x"), new GrantCaveat { Bucket = "site", Prefix = key }).ShouldBeTrue(key);
            IsAllowed(AccessActions.Get("s3:ListBucket"), "site", Facts(prefix: "x"), new GrantCaveat { Bucket = "site", Prefix = key }).ShouldBeFalse(key);
            IsAllowed(AccessActions.Get("s3:GetObject"), "site/x", Facts(), new GrantCaveat { Bucket = "site", Prefix = key }).ShouldBeFalse(key);
        }
    }

    [Fact]
    public void Policies_OfTimesAndNetworks_HoldAtTheirEdges()
    {
        var get = AccessActions.Get("s3:GetObject");
        var caveat = new GrantCaveat { NotBefore = now, NotAfter = now.AddSeconds(10), Networks = [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("2001:db8::/32")] };
        IsAllowed(get, "site/a", Facts(now, "192.0.2.9"), caveat).ShouldBeTrue();
        IsAllowed(get, "site/a", Facts(now, "::ffff:192.0.2.9"), caveat).ShouldBeTrue();
        IsAllowed(get, "site/a", Facts(now.AddSeconds(9), "2001:db8::1"), caveat).ShouldBeTrue();
        IsAllowed(get, "site/a", Facts(now.AddSeconds(-1), "192.0.2.9"), caveat).ShouldBeFalse();
        IsAllowed(get, "site/a", Facts(now.AddSeconds(10), "192.0.2.9"), caveat).ShouldBeFalse();
        IsAllowed(get, "site/a", Facts(now, "192.0.3.9"), caveat).ShouldBeFalse();
        IsAllowed(get, "site/a", new RequestFacts(null, null, null), caveat).ShouldBeFalse("What is not known is not allowed.");
    }

    [Fact]
    public void Narrow_AnyGrantByAnyCaveat_AllowsNothingMore()
    {
        var (narrowed, kept) = (0, 0);
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var wider = Enumerable.Range(0, random.Next(1, 4)).Aggregate(key, (credential, _) => Grant.Narrow(credential, AnyCaveat(random)));
            var narrower = Grant.Narrow(wider, AnyCaveat(random));
            var (wide, narrow) = (Grant.Parse(wider.SessionToken!)!.ToPolicies(), Grant.Parse(narrower.SessionToken!)!.ToPolicies());
            for (var i = 0; i < 20; i++)
            {
                var action = AccessActions.All[random.Next(AccessActions.All.Length)];
                if (random.Next(3) > 0) action = AccessActions.Get(Pick(random, "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"));
                var path = action.Level == ActionLevel.Object ? Pick(random, "b/", "c/") + Pick(random, "a", "a/b", "a/bc", "d", "") : Pick(random, "b", "c");
                var facts = Facts(now.AddSeconds(random.Next(-3, 4)), Pick(random, "10.0.0.1", "10.1.0.1", "2001:db8::1"), Pick(random, "a", "a/b", "d", ""));
                var isWide = IsAllowed(action, path, facts, wide);
                var isNarrow = IsAllowed(action, path, facts, narrow);
                if (isNarrow && !isWide) throw new ShouldAssertException($"seed {seed}: {action} {path}");
                if (isNarrow) kept++;
                else if (isWide) narrowed++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
        (narrowed > 100, kept > 100).ShouldBe((true, true), $"{narrowed} narrowed, {kept} kept: else this has compared little.");
    }

    [Fact]
    public void Parse_AnyGrantWithAnyOtherCharacter_IsRefusedOrHasAnotherSecret() => Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
    {
        var random = new Random(seed);
        var credential = Enumerable.Range(0, random.Next(1, 5)).Aggregate(key with { SessionToken = random.Next(2) == 0 ? null : "temp" }, (wider, _) => Grant.Narrow(wider, AnyCaveat(random)));
        var token = credential.SessionToken!;
        Grant.Parse(token)!.DeriveSecret(key.SecretKey).ShouldBe(credential.SecretKey);
        var index = random.Next(token.Length);
        var other = $"{token[..index]}{(char)(token[index] ^ random.Next(1, 128))}{token[(index + 1)..]}";
        if (Grant.Parse(other) is { } grant) grant.DeriveSecret(key.SecretKey).ShouldNotBe(credential.SecretKey, $"seed {seed}");
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    private static bool IsAllowed(AccessAction action, string path, AccessContext facts, GrantCaveat caveat) => IsAllowed(action, path, facts, Grant.Parse(Grant.Narrow(key, caveat).SessionToken!)!.ToPolicies());

    private static bool IsAllowed(AccessAction action, string path, AccessContext facts, ImmutableArray<PolicyDocument> policies)
    {
        var resource = action.Level == ActionLevel.Account ? new Arn("aws", action.Name.Split(':')[0], "", Account, "*") : Arn.OfS3(path);
        return AccessEvaluator.Decide(new(root, action, resource, Account, facts), new() { Grants = policies }).IsAllowed;
    }

    private static RequestFacts Facts(DateTimeOffset? time = null, string address = "10.0.0.1", string? prefix = null) => new(time ?? now, address, prefix);

    private static GrantCaveat AnyCaveat(Random random)
    {
        var caveat = new GrantCaveat();
        if (random.Next(2) == 0) caveat = caveat with { Bucket = Pick(random, "b", "c") };
        if (caveat.Bucket is not null && random.Next(2) == 0) caveat = random.Next(3) == 0 ? caveat with { Key = Pick(random, "a", "a/b", "d") } : caveat with { Prefix = Pick(random, "a", "a/", "a/b", "d") };
        if (random.Next(2) == 0) caveat = caveat with { Verbs = (GrantVerbs)random.Next(1, caveat.Key is null ? 16 : 8) };
        if (random.Next(4) == 0) caveat = caveat with { NotBefore = now.AddSeconds(random.Next(-3, 2)) };
        if (random.Next(4) == 0) caveat = caveat with { NotAfter = now.AddSeconds(random.Next(0, 4)) };
        if (random.Next(4) == 0) caveat = caveat with { Networks = [.. ((string[])["10.0.0.0/16", "10.0.0.0/8", "2001:db8::/32"]).Where(_ => random.Next(2) == 0).DefaultIfEmpty("0.0.0.0/0").Select(text => IPNetwork.Parse(text))] };
        return caveat == new GrantCaveat() ? new() { Verbs = GrantVerbs.All } : caveat;
    }

    private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];

    [GeneratedRegex("s3:[A-Za-z]+")]
    private static partial Regex ActionName();
}
