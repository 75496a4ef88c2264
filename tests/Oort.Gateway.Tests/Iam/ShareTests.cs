using System.Net;
using Oort.Identity.Grants;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>Links to all below a prefix, as a browser opens them.</summary>
public sealed class ShareTests(IdentityGateway gateway) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task Link_ToAPrefix_ListsAndGivesWhatIsBelowAndNothingElse()
    {
        var (tenant, bucket) = await NewBucketAsync();
        var link = Link(tenant, new() { Bucket = bucket, Prefix = "a/", Verbs = GrantVerbs.Read | GrantVerbs.List });

        var page = await GetAsync(link);
        page.Status.ShouldBe(200);
        page.Text.ShouldContain("?p=a%2Fsub%2F");
        page.Text.ShouldContain("?k=a%2Fone");
        page.Text.ShouldNotContain("secret");
        page.Text.ShouldNotContain("<script>");
        page.Text.ShouldContain("&lt;script&gt;");
        (await GetAsync(link + "/?p=a%2Fsub%2F")).Text.ShouldContain("?k=a%2Fsub%2Ftwo");
        (await GetAsync(link + "?k=a%2Fone")).Text.ShouldBe("one");
        (await GetAsync(link + "?k=a%2Fsub%2Ftwo")).Text.ShouldBe("two");
        (await GetAsync(link + "?k=a%2F" + Uri.EscapeDataString("<script>"))).Text.ShouldBe("x");

        (await GetAsync(link + "?k=b%2Fsecret")).Status.ShouldBe(403);
        (await GetAsync(link + "?p=")).Status.ShouldBe(403);
        (await GetAsync(link + "?p=b%2F")).Status.ShouldBe(403);
        (await GetAsync(link + "?k=a%2Fgone")).Status.ShouldBe(404);
        using var post = await http.PostAsync(new Uri(gateway.Endpoint, link), null, TestContext.Current.CancellationToken);
        post.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Answers_OfALink_RunNothingAndLeakNothing()
    {
        var (tenant, bucket) = await NewBucketAsync();
        var link = Link(tenant, new() { Bucket = bucket, Prefix = "a/", Verbs = GrantVerbs.Read | GrantVerbs.List });
        foreach (var target in (string[])[link, link + "?k=a%2Fone", link + "?k=a%2Fgone", link + "x"])
        {
            using var answer = await http.GetAsync(new Uri(gateway.Endpoint, target), TestContext.Current.CancellationToken);
            var policy = answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
            policy.ShouldContain("default-src 'none'");
            policy.ShouldContain("sandbox");
            answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
            answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        }

        using var range = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway.Endpoint, link + "?k=a%2Fone"));
        range.Headers.Range = new(1, 2);
        using var part = await http.SendAsync(range, TestContext.Current.CancellationToken);
        (part.StatusCode, await part.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe((HttpStatusCode.PartialContent, "ne"));
    }

    [Fact]
    public async Task Links_ForgedWidenedOrOver_OpenNothing()
    {
        var (tenant, bucket) = await NewBucketAsync();
        var (_, user) = await tenant.NewUserAsync();
        var narrow = Narrow(tenant, new() { Bucket = bucket, Prefix = "a/", Verbs = GrantVerbs.Read | GrantVerbs.List });
        var wide = Narrow(tenant, new() { Bucket = bucket });
        var good = ShareLink.Make(narrow);
        async Task<int> OpenAsync(ShareLink link) => (await GetAsync("/_oort/share/v1/" + link)).Status;

        (await OpenAsync(good)).ShouldBe(200);
        (await OpenAsync(good with { Proof = new byte[32] })).ShouldBe(403);
        (await OpenAsync(good with { GrantToken = wide.SessionToken! })).ShouldBe(403);
        (await OpenAsync(good with { AccessKeyId = "NOSUCHKEY" })).ShouldBe(403);
        (await GetAsync("/_oort/share/v1/nothing")).Status.ShouldBe(400);
        (await OpenAsync(ShareLink.Make(Narrow(tenant, new() { Bucket = bucket, NotAfter = gateway.Time.GetUtcNow().AddMinutes(-1) })))).ShouldBe(400);
        (await OpenAsync(ShareLink.Make(Narrow(tenant, new() { Verbs = GrantVerbs.List })))).ShouldBe(400, "No bucket.");

        // What its maker may not do, his link does not either.
        (await OpenAsync(ShareLink.Make(Narrow(user, new() { Bucket = bucket })))).ShouldBe(403);
        (await OpenAsync(ShareLink.Make(Narrow(tenant, new() { Bucket = bucket, Verbs = GrantVerbs.Write })))).ShouldBe(403);
    }

    private async Task<(Tenant Tenant, string Bucket)> NewBucketAsync()
    {
        var tenant = await gateway.NewTenantAsync();
        var bucket = await tenant.NewBucketAsync();
        foreach (var (key, body) in ((string, string)[])[("a/one", "one"), ("a/sub/two", "two"), ("a/%3Cscript%3E", "x"), ("b/secret", "secret")]) (await tenant.S3.SendAsync("PUT", $"/{bucket}/{key}", body)).Status.ShouldBe(200);
        return (tenant, bucket);
    }

    private static GrantCredential Narrow(Signer wide, GrantCaveat caveat) => Grant.Narrow(new(wide.AccessKey, wide.Secret, wide.Token), caveat);

    private static string Link(Signer wide, GrantCaveat caveat) => "/_oort/share/v1/" + ShareLink.Make(Narrow(wide, caveat));

    private async Task<(int Status, string Text)> GetAsync(string target)
    {
        using var answer = await http.GetAsync(new Uri(gateway.Endpoint, target));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
