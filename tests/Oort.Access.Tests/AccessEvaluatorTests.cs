using Oort.Access.Policies;
using Oort.Access.Tests.Support;
using Shouldly;
using Xunit;
using static Oort.Access.Tests.Support.Requests;

namespace Oort.Access.Tests;

public sealed class AccessEvaluatorTests
{
    private const string Get = "s3:GetObject";

    private static readonly AccessPolicies nothing = new();

    [Fact]
    public void Decide_NothingSaid_OnlyTheRootOfTheAccountMay()
    {
        Decide(Root(), nothing).Reason.ShouldBe(AccessReason.Root);
        Decide(Root(), nothing).IsAllowed.ShouldBeTrue();
        foreach (var principal in (Principal[])[Root(OtherAccount), User("ann"), User("ann", OtherAccount), Session("role", "s"), Principal.Anonymous]) Decide(principal, nothing).Verdict.ShouldBe(AccessVerdict.NotAllowed, principal.Arn);
    }

    [Fact]
    public void Decide_ByIdentityPolicy_InItsOwnAccountOnly()
    {
        var policies = new AccessPolicies { Identity = [Allow(Get, "bucket/*")] };
        Decide(User("ann"), policies).ShouldBe(new(AccessVerdict.Allowed, AccessReason.Identity, policies.Identity[0], 0));
        Decide(User("ann"), policies, "s3:PutObject").IsAllowed.ShouldBeFalse();
        Decide(User("ann"), policies, Get, "other/key").IsAllowed.ShouldBeFalse();
        Decide(User("ann", OtherAccount), policies).ShouldBe(new(AccessVerdict.NotAllowed, AccessReason.Resource));
    }

    [Theory]
    [InlineData("\"*\"", true, true, true)]
    [InlineData("{\"AWS\":\"arn:aws:iam::111122223333:user/ann\"}", true, false, false)]
    [InlineData("{\"AWS\":\"arn:aws:iam::111122223333:root\"}", false, false, false)]
    [InlineData("{\"AWS\":\"111122223333\"}", false, false, false)]
    [InlineData("{\"CanonicalUser\":\"0000000000000000000000000000000000000000000000000000444455556666\"}", false, true, false)]
    [InlineData("{\"AWS\":\"444455556666\"}", false, true, false)]
    [InlineData("{\"AWS\":\"arn:aws:iam::111122223333:role/role\"}", false, false, false)]
    public void Decide_ByBucketPolicyAlone_WhomItNames(string principal, bool user, bool otherRoot, bool anonymous)
    {
        var policies = new AccessPolicies { Resource = BucketAllow(principal) };
        Decide(User("ann"), policies).IsAllowed.ShouldBe(user);
        Decide(Root(), policies).IsAllowed.ShouldBeTrue("It is the account's root.");
        Decide(Root(OtherAccount), policies).IsAllowed.ShouldBe(otherRoot);
        Decide(Principal.Anonymous, policies).IsAllowed.ShouldBe(anonymous);
        Decide(User("ann", OtherAccount), policies).IsAllowed.ShouldBeFalse("Its own account has not allowed it.");
    }

    [Theory]
    [InlineData("{\"Service\":\"logging.s3.amazonaws.com\"}", true)]
    [InlineData("{\"Service\":[\"other.amazonaws.com\",\"logging.s3.amazonaws.com\"]}", true)]
    [InlineData("{\"Service\":\"s3.amazonaws.com\"}", false)]
    [InlineData("\"*\"", false)]
    [InlineData("{\"AWS\":\"111122223333\"}", false)]
    public void Decide_Service_NeedsToBeNamed(string principal, bool isAllowed)
    {
        var service = Principal.Service("logging.s3.amazonaws.com");
        Decide(service, new() { Resource = BucketAllow(principal) }).IsAllowed.ShouldBe(isAllowed);
        Decide(service, new() { Identity = [Allow(Get, "bucket/*")], Resource = BucketAllow(principal) }).IsAllowed.ShouldBe(isAllowed, "It has no policies of its own.");
        Decide(User("ann"), new() { Resource = BucketAllow("{\"Service\":\"logging.s3.amazonaws.com\"}") }).IsAllowed.ShouldBeFalse();
    }

    [Fact]
    public void Decide_OfAnotherAccount_NeedsBothSides()
    {
        foreach (var named in (string[])["\"*\"", "{\"AWS\":\"444455556666\"}", "{\"AWS\":\"arn:aws:iam::444455556666:user/ann\"}"])
        {
            var policies = new AccessPolicies { Identity = [Allow(Get, "bucket/*")], Resource = BucketAllow(named) };
            Decide(User("ann", OtherAccount), policies).Reason.ShouldBe(AccessReason.Identity);
            Decide(User("ann", OtherAccount), policies).IsAllowed.ShouldBeTrue(named);
            Decide(User("ann", OtherAccount), policies with { Identity = [] }).IsAllowed.ShouldBeFalse(named);
            Decide(User("ann", OtherAccount), policies with { Resource = null }).IsAllowed.ShouldBeFalse(named);
        }

        Decide(User("bob", OtherAccount), new() { Identity = [Allow(Get, "bucket/*")], Resource = BucketAllow("{\"AWS\":\"arn:aws:iam::444455556666:user/ann\"}") }).IsAllowed.ShouldBeFalse();
    }

    [Fact]
    public void Decide_Boundary_LimitsWhatIdentitiesGetAndNotWhatBucketsGiveThem()
    {
        var bounded = new AccessPolicies { Identity = [Allow("s3:*", "bucket/*")], Boundary = Allow("s3:PutObject", "bucket/*") };
        Decide(User("ann"), bounded).ShouldBe(new(AccessVerdict.NotAllowed, AccessReason.Boundary));
        Decide(User("ann"), bounded, "s3:PutObject").IsAllowed.ShouldBeTrue();
        Decide(User("ann"), new() { Boundary = Allow("s3:*", "*") }).IsAllowed.ShouldBeFalse("A boundary gives nothing.");
        Decide(User("ann"), bounded with { Resource = BucketAllow("{\"AWS\":\"arn:aws:iam::111122223333:user/ann\"}") }).Reason.ShouldBe(AccessReason.Resource);
    }

    [Fact]
    public void Decide_Session_HasWhatItsRoleAndAllItsPoliciesAllow()
    {
        var session = new AccessPolicies { Identity = [Allow("s3:*", "bucket/*")], Session = [Allow("s3:Get*", "bucket/*"), Allow("s3:*", "bucket/a*")] };
        Decide(Session("role", "s"), session, Get, "bucket/abc").IsAllowed.ShouldBeTrue();
        Decide(Session("role", "s"), session, Get, "bucket/xyz").ShouldBe(new(AccessVerdict.NotAllowed, AccessReason.Session));
        Decide(Session("role", "s"), session, "s3:PutObject", "bucket/abc").IsAllowed.ShouldBeFalse();

        // What the bucket gives to the role is the session's within its limits; what it gives to the session itself has none.
        var limited = new AccessPolicies { Session = [Allow(Get, "bucket/a*")], Resource = BucketAllow("{\"AWS\":\"arn:aws:iam::111122223333:role/role\"}") };
        Decide(Session("role", "s"), limited, Get, "bucket/abc").IsAllowed.ShouldBeTrue();
        Decide(Session("role", "s"), limited, Get, "bucket/xyz").IsAllowed.ShouldBeFalse();
        var direct = limited with { Resource = BucketAllow("{\"AWS\":\"arn:aws:sts::111122223333:assumed-role/role/s\"}") };
        Decide(Session("role", "s"), direct, Get, "bucket/xyz").IsAllowed.ShouldBeTrue();
        Decide(Session("role", "t"), direct, Get, "bucket/xyz").IsAllowed.ShouldBeFalse();
    }

    [Fact]
    public void Decide_ADenyAnywhere_Wins()
    {
        var all = new AccessPolicies { Identity = [Allow("s3:*", "*")], Boundary = Allow("s3:*", "*"), Session = [Allow("s3:*", "*")], Resource = BucketAllow("\"*\"", "s3:*") };
        Decide(User("ann"), all).IsAllowed.ShouldBeTrue();
        Decide(User("ann"), all with { Identity = [.. all.Identity, Deny(Get, "*")] }).Reason.ShouldBe(AccessReason.Identity);
        Decide(User("ann"), all with { Boundary = Deny(Get, "*") }).Reason.ShouldBe(AccessReason.Boundary);
        Decide(User("ann"), all with { Session = [Deny(Get, "*")] }).Reason.ShouldBe(AccessReason.Session);
        var denied = all with { Resource = Bucket(Statement("Deny", "\"s3:*\"", "\"*\"", "\"*\"")) };
        foreach (var principal in (Principal[])[User("ann"), Root(), Principal.Anonymous])
        {
            Decide(principal, denied).ShouldBe(new(AccessVerdict.Denied, AccessReason.Resource, denied.Resource, 0), principal.Arn);
            Decide(principal, denied with { Listed = ListMatch.Anybody }).Verdict.ShouldBe(AccessVerdict.Denied);
        }
    }

    [Fact]
    public void Decide_DenyOfAnAccount_HoldsForEveryoneInIt()
    {
        var policies = new AccessPolicies { Identity = [Allow("s3:*", "*")], Resource = Bucket(Statement("Deny", "\"s3:*\"", "\"*\"", "{\"AWS\":\"111122223333\"}")) };
        foreach (var principal in (Principal[])[User("ann"), Root(), Session("role", "s")]) Decide(principal, policies).Verdict.ShouldBe(AccessVerdict.Denied);
        Decide(User("ann", OtherAccount), policies).Verdict.ShouldBe(AccessVerdict.NotAllowed);
    }

    [Theory]
    [InlineData("{\"AWS\":\"arn:aws:iam::111122223333:user/ann\"}", true)]
    [InlineData("{\"AWS\":\"arn:aws:iam::111122223333:user/bob\"}", false)]
    [InlineData("{\"AWS\":\"111122223333\"}", false)]
    [InlineData("\"*\"", true)]
    public void Decide_DenyForAllBut_SparesOnlyWhoIsNamed(string spared, bool isSpared)
    {
        var json = Statement("Deny", "\"s3:*\"", "\"*\"", spared).Replace("\"Principal\"", "\"NotPrincipal\"", StringComparison.Ordinal);
        var policies = new AccessPolicies { Identity = [Allow("s3:*", "*")], Resource = Bucket(json) };
        Decide(User("ann"), policies).IsAllowed.ShouldBe(isSpared);
    }

    [Fact]
    public void Decide_ByListOfAnybody_IsAsByAPolicyForAll()
    {
        var listed = nothing with { Listed = ListMatch.Anybody };
        Decide(Principal.Anonymous, listed).ShouldBe(new(AccessVerdict.Allowed, AccessReason.List));
        Decide(User("ann"), listed).IsAllowed.ShouldBeTrue();
        Decide(User("ann", OtherAccount), listed).IsAllowed.ShouldBeFalse("Its own account has not allowed it.");
        Decide(User("ann", OtherAccount), listed with { Identity = [Allow(Get, "bucket/*")] }).IsAllowed.ShouldBeTrue();
        Decide(Root(OtherAccount), listed).IsAllowed.ShouldBeTrue();
    }

    [Fact]
    public void Decide_ByListOfAnAccount_GivesToTheAccountAndNotToItsUsers()
    {
        var listed = nothing with { Listed = ListMatch.Account };
        Decide(Principal.Anonymous, listed).IsAllowed.ShouldBeFalse();
        Decide(Root(OtherAccount), listed).IsAllowed.ShouldBeTrue();
        foreach (var account in (string[])[Account, OtherAccount])
        {
            Decide(User("ann", account), listed).IsAllowed.ShouldBeFalse("Its own account has not allowed it.");
            Decide(User("ann", account), listed with { Identity = [Allow(Get, "bucket/*")] }).IsAllowed.ShouldBeTrue();
        }
    }

    [Fact]
    public void Decide_ObjectOfAnotherAccount_BucketsPolicyForbidsAndDoesNotAllow()
    {
        var foreign = new AccessPolicies { Resource = BucketAllow("\"*\""), IsForeign = true };
        Decide(Principal.Anonymous, foreign).IsAllowed.ShouldBeFalse();
        Decide(Root(OtherAccount), foreign).IsAllowed.ShouldBeFalse();
        Decide(Root(), foreign).Reason.ShouldBe(AccessReason.Root);
        Decide(Root(), foreign with { Resource = Bucket(Statement("Deny", $"\"{Get}\"", "\"*\"", "\"*\"")) }).Verdict.ShouldBe(AccessVerdict.Denied);
        Decide(Principal.Anonymous, foreign with { Listed = ListMatch.Anybody }).Reason.ShouldBe(AccessReason.List);
    }

    [Fact]
    public void Decide_VariablesAndConditions_AreAskedOfTheRequest()
    {
        var policies = new AccessPolicies { Identity = [Identity(Statement("Allow", "\"s3:*\"", "\"arn:aws:s3:::bucket/${aws:username}/*\"", null, """{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:SecureTransport":"true"}}"""))] };
        IsAllowed(("aws:username", "ann"), ("aws:SourceIp", "203.0.113.1"), ("aws:SecureTransport", "true")).ShouldBeTrue();
        IsAllowed(("aws:username", "bob"), ("aws:SourceIp", "203.0.113.1"), ("aws:SecureTransport", "true")).ShouldBeFalse();
        IsAllowed(("aws:username", "ann"), ("aws:SourceIp", "198.51.100.1"), ("aws:SecureTransport", "true")).ShouldBeFalse();
        IsAllowed(("aws:username", "ann"), ("aws:SourceIp", "203.0.113.1"), ("aws:SecureTransport", "false")).ShouldBeFalse();
        IsAllowed(("aws:username", "ann"), ("aws:SourceIp", "203.0.113.1")).ShouldBeFalse();

        bool IsAllowed(params (string, string)[] values) => AccessEvaluator.Decide(Request(User("ann"), Get, "bucket/ann/key", new FakeContext(values)), policies).IsAllowed;
    }

    private static AccessDecision Decide(Principal principal, AccessPolicies policies, string action = Get, string path = "bucket/key") => AccessEvaluator.Decide(Request(principal, action, path), policies);

    [Fact]
    public void Decide_GrantThatDoesNotAllow_IsRefusedWhoeverElseAllows()
    {
        var policies = new AccessPolicies { Grants = [Requests.Allow("s3:GetObject", "bucket/a"), Requests.Allow("s3:*", "bucket/*")], Listed = ListMatch.Anybody };
        AccessEvaluator.Decide(Requests.Request(Requests.Root(), "s3:GetObject", "bucket/a"), policies).IsAllowed.ShouldBeTrue();
        AccessEvaluator.Decide(Requests.Request(Requests.Root(), "s3:PutObject", "bucket/a"), policies).ShouldBe(new(AccessVerdict.NotAllowed, AccessReason.Grant));
        var named = policies with { Resource = Requests.BucketAllow("{\"AWS\":\"arn:aws:iam::111122223333:user/ann\"}", "s3:PutObject") };
        AccessEvaluator.Decide(Requests.Request(Requests.User("ann"), "s3:PutObject", "bucket/a"), named).ShouldBe(new(AccessVerdict.NotAllowed, AccessReason.Grant));
        AccessEvaluator.Decide(Requests.Request(Requests.User("ann"), "s3:PutObject", "bucket/a"), named with { Grants = [], Listed = ListMatch.None }).IsAllowed.ShouldBeTrue();
    }
}
