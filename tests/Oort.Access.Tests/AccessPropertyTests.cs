using FsCheck;
using FsCheck.Fluent;
using Oort.Access.Tests.Support;
using Shouldly;
using Xunit;

namespace Oort.Access.Tests;

public sealed class AccessPropertyTests
{
    private static readonly Config config = Config.QuickThrowOnFailure.WithMaxTest(3_000);

    [Fact]
    public void Decide_AnyPoliciesAndRequest_AsTheNaiveEvaluatorDoes()
    {
        var allowed = 0;
        ForAll(world =>
        {
            var expected = new NaiveEvaluator(world.Context).IsAllowed(world.Principal, world.Action, Arn.OfS3(world.Path).ToString(), Requests.Account, world.Identity, world.Boundary, world.Session, world.Bucket, world.Listed switch { ListMatch.Account => "account", ListMatch.Anybody => "itself", _ => "no" }, world.IsForeign);
            world.IsAllowed().ShouldBe(expected, world.ToString());
            if (expected) allowed++;
        });
        allowed.ShouldBeGreaterThan(300, "Else this has compared little.");
    }

    [Fact]
    public void Decide_WhereAStatementDenies_IsNeverAllowed() => ForAll(world =>
    {
        var deny = Requests.Statement("Deny", $"\"{world.Action}\"", $"\"arn:aws:s3:::{world.Path}\"");
        (world with { Identity = [deny, .. world.Identity] }).IsAllowed().ShouldBeFalse(world.ToString());
        (world with { Session = [.. world.Session, deny] }).IsAllowed().ShouldBeFalse(world.ToString());
        (world with { Boundary = deny }).IsAllowed().ShouldBeFalse(world.ToString());
        (world with { Bucket = Requests.Statement("Deny", $"\"{world.Action}\"", $"\"arn:aws:s3:::{world.Path}\"", "\"*\"") }).IsAllowed().ShouldBeFalse(world.ToString());
    });

    [Fact]
    public void Decide_WithOneMoreDeny_AllowsNothingMore() => ForAll(world =>
    {
        if (world.IsAllowed()) return;
        (world with { Identity = [.. world.Identity, world.Draw.Identity("Deny")] }).IsAllowed().ShouldBeFalse(world.ToString());
        (world with { Session = [.. world.Session, world.Draw.Identity("Deny")] }).IsAllowed().ShouldBeFalse(world.ToString());
        if (world.Bucket is null) (world with { Bucket = world.Draw.Bucket("Deny") }).IsAllowed().ShouldBeFalse(world.ToString());
    });

    [Fact]
    public void Decide_WithOneMoreLimit_AllowsNothingMore() => ForAll(world =>
    {
        if (world.IsAllowed()) return;
        (world with { Session = [.. world.Session, world.Draw.Identity()] }).IsAllowed().ShouldBeFalse(world.ToString());
        if (world.Boundary is null) (world with { Boundary = world.Draw.Identity() }).IsAllowed().ShouldBeFalse(world.ToString());
    });

    [Fact]
    public void Decide_ListedMore_ForbidsNothingMore() => ForAll(world =>
    {
        if (!world.IsAllowed()) return;
        foreach (var more in Enum.GetValues<ListMatch>().Where(more => more > world.Listed)) (world with { Listed = more }).IsAllowed().ShouldBeTrue(world.ToString());
    });

    [Fact]
    public void Decide_OfAnotherOwnersObject_AllowsNothingMore() => ForAll(world =>
    {
        if (!world.IsAllowed()) (world with { IsForeign = true }).IsAllowed().ShouldBeFalse(world.ToString());
    });

    [Fact]
    public void Decide_WithAGrant_IsWhatBothAllow() => ForAll(world =>
    {
        var grant = world.Draw.Identity();
        var isAllowedByGrant = AccessEvaluator.Decide(Requests.Request(Requests.User("zed"), world.Action, world.Path, world.Context), new() { Identity = [Requests.Identity(grant)] }).IsAllowed;
        world.IsAllowed(grant).ShouldBe(world.IsAllowed() && isAllowedByGrant, $"{world}\ngrant {grant}");
    });

    private static void ForAll(Action<World> check) => Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => check(World.Of(seed))).Check(config);

    private sealed record World(int Seed, RandomPolicies Draw, Principal Principal, string Action, string Path, FakeContext Context, IReadOnlyList<string> Identity, string? Boundary, IReadOnlyList<string> Session, string? Bucket, ListMatch Listed, bool IsForeign)
    {
        public static World Of(int seed)
        {
            var draw = new RandomPolicies(seed);
            return new(seed, draw, draw.Principal(), draw.Action(), draw.Path(), draw.Context(), draw.Several(3), draw.Maybe(() => draw.Maybe(() => draw.Identity())), draw.Maybe(() => "") is null ? [] : draw.Several(2), draw.Maybe(() => draw.Bucket()), draw.Listed(), draw.Maybe(() => "") is not null);
        }

        public bool IsAllowed(params IReadOnlyList<string> grants) => AccessEvaluator.Decide(
            Requests.Request(Principal, Action, Path, Context),
            new() { Identity = [.. Identity.Select(Requests.Identity)], Boundary = Boundary is null ? null : Requests.Identity(Boundary), Session = [.. Session.Select(Requests.Identity)], Grants = [.. grants.Select(Requests.Identity)], Resource = Bucket is null ? null : Requests.Bucket(Bucket), Listed = Listed, IsForeign = IsForeign }).IsAllowed;

        public override string ToString() => $"seed {Seed}: {Principal.Arn} {Action} {Path}\nidentity {string.Join("\n  ", Identity)}\nboundary {Boundary}\nsession {string.Join("\n  ", Session)}\nbucket {Bucket}\nlisted {Listed}, foreign {IsForeign}\nof {string.Join(", ", Context.Values.Select(pair => $"{pair.Key}={string.Join('|', pair.Value)}"))}";
    }
}
