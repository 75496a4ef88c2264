using System.Globalization;
using Amazon.S3.Model;
using Oort.Gateway.Tests.Operations;
using Oort.Gateway.Websites;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Websites;

/// <summary>Buckets as browsers see them.</summary>
public sealed class WebsiteTests(TestGateway gateway)
{
    private const string Index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";
    private const string Error = "<ErrorDocument><Key>errors/page.html</Key></ErrorDocument>";

    private static readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    [Theory]
    [InlineData("<RedirectAllRequestsTo><HostName>example.org</HostName></RedirectAllRequestsTo>")]
    [InlineData("<RedirectAllRequestsTo><HostName>example.org:8080</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>")]
    [InlineData(Index)]
    [InlineData(Index + Error + "<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName><HttpRedirectCode>302</HttpRedirectCode><Protocol>http</Protocol><ReplaceKeyPrefixWith>b/</ReplaceKeyPrefixWith></Redirect></RoutingRule><RoutingRule><Redirect><ReplaceKeyWith>c</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>")]
    public async Task Configuration_PutAndGot_IsTheSameUntilItIsDeleted(string content)
    {
        var bucket = await gateway.NewBucketAsync();
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?website")).Code.ShouldBe("NoSuchWebsiteConfiguration");
        (await ConfigureAsync(bucket, content)).Status.ShouldBe(200);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}?website")).Text.ShouldEndWith($"<WebsiteConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</WebsiteConfiguration>");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?website")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?website")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?website")).Code.ShouldBe("NoSuchWebsiteConfiguration");
    }

    [Theory]
    [InlineData("", "InvalidArgument")]
    [InlineData(Error, "InvalidArgument")]
    [InlineData("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>", "InvalidArgument")]
    [InlineData("<IndexDocument><Suffix/></IndexDocument>", "InvalidArgument")]
    [InlineData("<IndexDocument/>", "MalformedXML")]
    [InlineData(Index + Index, "MalformedXML")]
    [InlineData(Index + "<Other/>", "MalformedXML")]
    [InlineData(Index + "<ErrorDocument><Key/></ErrorDocument>", "InvalidArgument")]
    [InlineData(Index + "<RedirectAllRequestsTo><HostName>a</HostName></RedirectAllRequestsTo>", "InvalidRequest")]
    [InlineData("<RedirectAllRequestsTo/>", "MalformedXML")]
    [InlineData("<RedirectAllRequestsTo><HostName>a/b</HostName></RedirectAllRequestsTo>", "InvalidArgument")]
    [InlineData("<RedirectAllRequestsTo><HostName>a</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule/></RoutingRules>", "MalformedXML")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect/></RoutingRule></RoutingRules>", "MalformedXML")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Condition/><Redirect><ReplaceKeyWith>a</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>200</HttpErrorCodeReturnedEquals></Condition><Redirect><ReplaceKeyWith>a</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect><ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect><HttpRedirectCode>300</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect><HttpRedirectCode>x</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    public async Task Put_SitesThatS3Refuses_AreRefused(string content, string code)
    {
        var answer = await ConfigureAsync(await gateway.NewBucketAsync(), content);

        (answer.Status, answer.Code).ShouldBe((400, code), answer.Text);
    }

    [Fact]
    public async Task Put_Rules_AreAtMostFifty()
    {
        const string Rule = "<RoutingRule><Redirect><ReplaceKeyWith>a</ReplaceKeyWith></Redirect></RoutingRule>";
        var bucket = await gateway.NewBucketAsync();

        (await ConfigureAsync(bucket, $"{Index}<RoutingRules>{string.Concat(Enumerable.Repeat(Rule, 50))}</RoutingRules>")).Status.ShouldBe(200);
        (await ConfigureAsync(bucket, $"{Index}<RoutingRules>{string.Concat(Enumerable.Repeat(Rule, 51))}</RoutingRules>")).Code.ShouldBe("InvalidRequest");
    }

    [Theory]
    [InlineData("GET", "/", 200, "home", null)]
    [InlineData("GET", "", 200, "home", null)]
    [InlineData("GET", "/?x=1", 200, "home", null)]
    [InlineData("GET", "/docs/", 200, "docs", null)]
    [InlineData("GET", "/docs/page.html", 200, "page", null)]
    [InlineData("GET", "/a%20b/", 200, "spaced", null)]
    [InlineData("HEAD", "/docs/page.html", 200, "", null)]
    [InlineData("GET", "/docs", 302, "", "/docs/")]
    [InlineData("HEAD", "/docs", 302, "", "/docs/")]
    [InlineData("GET", "/docs?x=1", 302, "", "/docs/?x=1")]
    [InlineData("GET", "/a%20b", 302, "", "/a%20b/")]
    [InlineData("GET", "/missing", 404, "sorry", null)]
    [InlineData("GET", "/missing/", 404, "sorry", null)]
    [InlineData("HEAD", "/missing", 404, "", null)]
    [InlineData("POST", "/", 405, null, null)]
    [InlineData("DELETE", "/docs/page.html", 405, null, null)]
    public async Task Site_Public_IsServed(string method, string target, int status, string? body, string? location)
    {
        var bucket = await NewSiteAsync(Index + Error);

        var answer = await SendAsync(bucket, method, target);

        answer.Status.ShouldBe(status);
        if (body is not null) answer.Text.ShouldBe(body);
        else answer.Text.ShouldContain("<li>Code: MethodNotAllowed</li>");
        if (location is not null) answer.Header("Location").ShouldBe(location);
        if (status is 200 or 404) answer.Header("Content-Type").ShouldBe("text/html");
        if (status == 405) answer.Header("Allow").Replace(" ", "", StringComparison.Ordinal).ShouldBe("GET,HEAD");
        if (method == "HEAD" && status == 200) answer.Header("Content-Length").ShouldBe("4");
        answer.Headers.ShouldContainKey("x-amz-request-id");
    }

    [Fact]
    public async Task Site_RangesAndConditions_AreThoseOfGetObject()
    {
        var bucket = await NewSiteAsync(Index + Error);
        var whole = await SendAsync(bucket, "GET", "/docs/page.html");

        var part = await SendAsync(bucket, "GET", "/docs/page.html", ("Range", "bytes=1-2"));
        (part.Status, part.Text, part.Header("Content-Range")).ShouldBe((206, "ag", "bytes 1-2/4"));
        var same = await SendAsync(bucket, "GET", "/docs/page.html", ("If-None-Match", whole.Header("ETag")));
        (same.Status, same.Text, same.Header("ETag")).ShouldBe((304, "", whole.Header("ETag")));
        // The page of errors is sent whole.
        (await SendAsync(bucket, "GET", "/missing", ("Range", "bytes=1-2"), ("If-None-Match", "*"))).ShouldSatisfyAllConditions(answer => answer.Status.ShouldBe(404), answer => answer.Text.ShouldBe("sorry"));
        var beyond = await SendAsync(bucket, "GET", "/docs/page.html", ("Range", "bytes=9-"));
        (beyond.Status, beyond.Text, beyond.Header("Content-Range")).ShouldBe((416, "sorry", "bytes */4"));
        // Who sends it is not looked at.
        (await SendAsync(bucket, "GET", "/docs/page.html", ("Authorization", "Basic eDp5"))).Text.ShouldBe("page");
    }

    [Fact]
    public async Task Site_WhereListingIsNotPublic_TellsNotWhatIsMissing()
    {
        var bucket = await NewSiteAsync(Index + Error, actions: "\"s3:GetObject\"");

        (await SendAsync(bucket, "GET", "/missing")).Status.ShouldBe(403);
        (await SendAsync(bucket, "GET", "/docs")).Header("Location").ShouldBe("/docs/");
    }

    [Fact]
    public async Task Site_NotPublic_IsRefusedWithAPageOfItsOwn()
    {
        var bucket = await NewSiteAsync(Index + Error, actions: null);

        var answer = await SendAsync(bucket, "GET", "/<b>");

        answer.Status.ShouldBe(403);
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Text.ShouldContain("<h1>403 Forbidden</h1>");
        answer.Text.ShouldContain("Code: AccessDenied");
        answer.Header("x-amz-error-code").ShouldBe("AccessDenied");
        (await SendAsync(bucket, "HEAD", "/")).ShouldSatisfyAllConditions(head => head.Status.ShouldBe(403), head => head.Text.ShouldBe(""));
    }

    [Fact]
    public async Task Site_WithoutAPageOfErrors_SaysWhatIsMissing()
    {
        var bucket = await NewSiteAsync(Index);

        var answer = await SendAsync(bucket, "GET", "/%3Cb%3E");

        answer.Status.ShouldBe(404);
        answer.Text.ShouldContain("<li>Code: NoSuchKey</li>");
        answer.Text.ShouldContain("<li>Key: &lt;b&gt;</li>");
    }

    [Fact]
    public async Task Host_WithoutSiteOrBucket_SaysSo()
    {
        var plain = await gateway.NewBucketAsync();

        var none = await SendAsync(plain, "GET", "/");
        var gone = await SendAsync("no-such-bucket-here", "GET", "/");
        var odd = await SendAsync("a_b", "GET", "/");

        (none.Status, none.Header("x-amz-error-code")).ShouldBe((404, "NoSuchWebsiteConfiguration"));
        (gone.Status, gone.Header("x-amz-error-code")).ShouldBe((404, "NoSuchBucket"));
        (odd.Status, odd.Header("x-amz-error-code")).ShouldBe((404, "NoSuchBucket"));
    }

    [Fact]
    public async Task Host_OfItsOwn_IsTheBucketOfThatName()
    {
        await gateway.Client.PutBucketAsync(Operations.GatewayHost.WebsiteHost);
        await FillAsync(Operations.GatewayHost.WebsiteHost, Index, "\"s3:GetObject\"");

        (await SendToAsync(Operations.GatewayHost.WebsiteHost.ToUpperInvariant(), "GET", "/")).Text.ShouldBe("home");
    }

    [Theory]
    [InlineData("/", "https://example.org/")]
    [InlineData("/a%20b/c?x=1", "https://example.org/a%20b/c?x=1")]
    public async Task RedirectAll_EveryRequest_IsSentAway(string target, string location)
    {
        var bucket = await gateway.NewBucketAsync();
        (await ConfigureAsync(bucket, "<RedirectAllRequestsTo><HostName>example.org</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>")).Status.ShouldBe(200);

        var answer = await SendAsync(bucket, "GET", target);

        (answer.Status, answer.Header("Location")).ShouldBe((301, location));
    }

    [Theory]
    [InlineData("<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect>", "/docs/a%20b?x=1", 301, "http://HOST/documents/a%20b?x=1")]
    [InlineData("<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect>", "/other", 404, "")]
    [InlineData("<Condition><KeyPrefixEquals>images/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyWith>folder.html</ReplaceKeyWith></Redirect>", "/images/x.png", 301, "http://HOST/folder.html")]
    [InlineData("<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>old.example.org</HostName><Protocol>https</Protocol><HttpRedirectCode>307</HttpRedirectCode><ReplaceKeyPrefixWith>report-404/</ReplaceKeyPrefixWith></Redirect>", "/gone.html", 307, "https://old.example.org/report-404/gone.html")]
    [InlineData("<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName></Redirect>", "/gone.html", 404, "")]
    [InlineData("<Condition><HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>h</HostName></Redirect>", "/gone.html", 404, "")]
    [InlineData("<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><ReplaceKeyPrefixWith>#!/</ReplaceKeyPrefixWith></Redirect>", "/gone?x=1", 301, "http://HOST/#!/gone")]
    [InlineData("<Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>h</HostName></Redirect>", "/docs/page.html", 200, "")]
    public async Task RoutingRule_ThatFits_SendsAway(string rule, string target, int status, string location)
    {
        var bucket = await NewSiteAsync($"{Index}<RoutingRules><RoutingRule>{rule}</RoutingRule></RoutingRules>");

        var answer = await SendAsync(bucket, "GET", target);

        (answer.Status, answer.Header("Location")).ShouldBe((status, location.Replace("HOST", $"{bucket}.{Operations.GatewayHost.WebsiteDomain}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RoutingRules_Several_TheFirstCounts()
    {
        const string Rules = "<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>a</KeyPrefixEquals></Condition><Redirect><ReplaceKeyWith>1</ReplaceKeyWith></Redirect></RoutingRule><RoutingRule><Redirect><ReplaceKeyWith>2</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>";
        var bucket = await NewSiteAsync(Index + Rules);

        (await SendAsync(bucket, "GET", "/ab")).Header("Location").ShouldEndWith("/1");
        (await SendAsync(bucket, "GET", "/b")).Header("Location").ShouldEndWith("/2");
    }

    [Fact]
    public async Task ObjectThatLeadsElsewhere_IsARedirectOfTheSiteAndAHeaderOfS3()
    {
        var bucket = await NewSiteAsync(Index + Error);
        foreach (var (key, location) in ((string, string)[])[("near", "/docs/page.html"), ("far", "https://example.org/a?b=c")])
        {
            (await gateway.Raw.SendAsync("PUT", $"/{bucket}/{key}", "unseen", (WebsiteService.RedirectHeader, location))).Status.ShouldBe(200);
            var answer = await SendAsync(bucket, "GET", "/" + key);
            (answer.Status, answer.Header("Location"), answer.Text).ShouldBe((301, location, ""));
            var plain = await gateway.Raw.SendAsync("GET", $"/{bucket}/{key}");
            (plain.Text, plain.Header(WebsiteService.RedirectHeader)).ShouldBe(("unseen", location));
        }

        // A copy has it only where it is said again.
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/copy", [], ("x-amz-copy-source", $"{bucket}/near"))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/copy")).Headers.ShouldNotContainKey(WebsiteService.RedirectHeader);
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}/near", [], ("x-amz-copy-source", $"{bucket}/near"), (WebsiteService.RedirectHeader, "/other"))).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("HEAD", $"/{bucket}/near")).Header(WebsiteService.RedirectHeader).ShouldBe("/other");
        var upload = await gateway.Raw.SendAsync("POST", $"/{bucket}/parts?uploads", [], (WebsiteService.RedirectHeader, "/parts"));
        await gateway.Client.UploadPartAsync(new() { BucketName = bucket, Key = "parts", UploadId = upload.Element("UploadId"), PartNumber = 1, InputStream = new MemoryStream([1]) });
        await gateway.Client.CompleteMultipartUploadAsync(new() { BucketName = bucket, Key = "parts", UploadId = upload.Element("UploadId"), PartETags = [new PartETag(1, (await gateway.Client.ListPartsAsync(bucket, "parts", upload.Element("UploadId"))).Parts[0].ETag)] });
        (await SendAsync(bucket, "GET", "/parts")).Header("Location").ShouldBe("/parts");
    }

    [Theory]
    [InlineData("docs/page.html")]
    [InlineData("javascript:alert(1)")]
    [InlineData("ftp://example.org/")]
    public async Task Put_RedirectLocationThatLeadsNowhere_IsRefused(string location)
    {
        var answer = await gateway.Raw.SendAsync("PUT", $"/{await gateway.NewBucketAsync()}/key", "x", (WebsiteService.RedirectHeader, location));

        (answer.Status, answer.Code).ShouldBe((400, "InvalidRedirectLocation"));
        (await gateway.Raw.SendAsync("PUT", $"/{await gateway.NewBucketAsync()}/key", "x", (WebsiteService.RedirectHeader, "/" + new string('x', 2048)))).Code.ShouldBe("InvalidRedirectLocation");
    }

    private async Task<string> NewSiteAsync(string content, string? actions = "\"s3:GetObject\",\"s3:ListBucket\"")
    {
        var bucket = await gateway.NewBucketAsync();
        await FillAsync(bucket, content, actions);
        return bucket;
    }

    private async Task FillAsync(string bucket, string content, string? actions)
    {
        foreach (var (key, body) in ((string, string)[])[("index.html", "home"), ("docs/index.html", "docs"), ("docs/page.html", "page"), ("a b/index.html", "spaced"), ("errors/page.html", "sorry")])
            await gateway.Client.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = body, ContentType = "text/html" });
        var answer = await ConfigureAsync(bucket, content);
        answer.Status.ShouldBe(200, answer.Text);
        if (actions is null) return;
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?publicAccessBlock")).Status.ShouldBe(204);
        var policy = string.Create(CultureInfo.InvariantCulture, $$$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":[{{{actions}}}],"Resource":["arn:aws:s3:::{{{bucket}}}","arn:aws:s3:::{{{bucket}}}/*"]}]}""");
        (await gateway.Raw.SendAsync("PUT", $"/{bucket}?policy", policy)).Status.ShouldBe(204);
    }

    private Task<RawAnswer> ConfigureAsync(string bucket, string content) => gateway.Raw.SendAsync("PUT", $"/{bucket}?website", $"<WebsiteConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</WebsiteConfiguration>");

    private Task<RawAnswer> SendAsync(string bucket, string method, string target, params (string Name, string Value)[] headers) => SendToAsync($"{bucket}.{Operations.GatewayHost.WebsiteDomain}", method, target, headers);

    private async Task<RawAnswer> SendToAsync(string host, string method, string target, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(gateway.Endpoint, target));
        request.Headers.Host = host;
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request);
        var found = answer.Headers.Concat(answer.Content.Headers).ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        return new((int)answer.StatusCode, found, await answer.Content.ReadAsByteArrayAsync());
    }
}
