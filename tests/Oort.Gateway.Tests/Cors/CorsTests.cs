using Oort.Gateway.Access;
using Oort.Gateway.Cors;
using Oort.Gateway.Tests.Access;
using Oort.Gateway.Tests.Nodes;
using Oort.Gateway.Tests.Operations;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Cors;

/// <summary>What browsers are told of requests that they send for pages of other origins.</summary>
public sealed class CorsTests(TestGateway gateway)
{
    private const string Reading = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>";

    [Fact]
    public async Task Configuration_PutAndGot_IsTheSameUntilItIsDeleted()
    {
        const string Rules = "<CORSRule><ID>a</ID><AllowedHeader>x-*</AllowedHeader><AllowedHeader>*</AllowedHeader><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*.get</AllowedOrigin><AllowedOrigin>*.put</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>0</MaxAgeSeconds></CORSRule>" + Reading;
        var bucket = await NewAsync(Rules);

        (await gateway.Raw.SendAsync("GET", $"/{bucket}?cors")).Text.ShouldEndWith($"<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{Rules}</CORSConfiguration>");
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?cors")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("DELETE", $"/{bucket}?cors")).Status.ShouldBe(204);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?cors")).Code.ShouldBe("NoSuchCORSConfiguration");
    }

    [Theory]
    [InlineData("", "MalformedXML")]
    [InlineData("<CORSRule/>", "MalformedXML")]
    [InlineData("<Rule/>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin/><AllowedMethod>GET</AllowedMethod></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><Other/></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>-1</MaxAgeSeconds></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><ID>a</ID><ID>b</ID></CORSRule>", "MalformedXML")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule>", "InvalidRequest")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>OPTIONS</AllowedMethod></CORSRule>", "InvalidRequest")]
    [InlineData("<CORSRule><AllowedOrigin>http://*.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>", "InvalidRequest")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>x-*-*</AllowedHeader></CORSRule>", "InvalidRequest")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><ExposeHeader>x-*</ExposeHeader></CORSRule>", "InvalidRequest")]
    [InlineData("<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><ExposeHeader>a b</ExposeHeader></CORSRule>", "InvalidRequest")]
    public async Task Put_RulesThatS3Refuses_AreRefused(string rules, string code)
    {
        var bucket = await gateway.NewBucketAsync();

        var answer = await PutAsync(bucket, rules);

        (answer.Status, answer.Code).ShouldBe((400, code));
        (await gateway.Raw.SendAsync("GET", $"/{bucket}?cors")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Put_RulesAndBytes_AreBounded()
    {
        var bucket = await gateway.NewBucketAsync();

        (await PutAsync(bucket, string.Concat(Enumerable.Repeat(Reading, 100)))).Status.ShouldBe(200);
        (await PutAsync(bucket, string.Concat(Enumerable.Repeat(Reading, 101)))).Code.ShouldBe("InvalidRequest");
        (await PutAsync(bucket, Reading + new string(' ', 64 * 1024))).Code.ShouldBe("MaxMessageLengthExceeded");
    }

    /// <summary>Origin, method, method asked about, and what is answered.</summary>
    [Theory]
    [InlineData("foo.suffix", "GET", null, "foo.suffix", "GET, HEAD")]
    [InlineData("foo.bar", "GET", null, "", "")]
    [InlineData("foo.suffix.get", "GET", null, "", "")]
    [InlineData("FOO.SUFFIX", "GET", null, "", "")]
    [InlineData("startend", "GET", null, "startend", "GET")]
    [InlineData("start12end", "GET", null, "start12end", "GET")]
    [InlineData("starnd", "GET", null, "", "")]
    [InlineData("0start12end", "GET", null, "", "")]
    [InlineData("prefix", "GET", null, "prefix", "GET")]
    [InlineData("prefix.suffix", "GET", null, "prefix.suffix", "GET, HEAD")]
    [InlineData("foo.suffix", "HEAD", null, "foo.suffix", "GET, HEAD")]
    [InlineData("startend", "HEAD", null, "", "")]
    [InlineData("foo.suffix", "PUT", null, "", "")]
    [InlineData("foo.put", "PUT", null, "foo.put", "PUT")]
    [InlineData("foo.suffix", "PUT", "GET", "foo.suffix", "GET, HEAD")]
    [InlineData("foo.suffix", "PUT", "DELETE", "", "")]
    public async Task Answer_OfAnyKind_NamesTheOriginThatAPatternLetsIn(string origin, string method, string? asked, string allowed, string methods)
    {
        const string Rules = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*suffix</AllowedOrigin></CORSRule><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>start*end</AllowedOrigin></CORSRule>"
            + "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>prefix*</AllowedOrigin></CORSRule><CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*.put</AllowedOrigin></CORSRule>";
        var bucket = await NewAsync(Rules);
        await gateway.PutAsync(bucket, "key", "x");
        (string, string)[] headers = asked is null ? [("Origin", origin)] : [("Origin", origin), ("Access-Control-Request-Method", asked)];

        // Done, not there, and denied: pages may read why.
        var signed = await gateway.Raw.SendAsync(method, $"/{bucket}/key", method == "PUT" ? [] : (byte[]?)null, headers);
        var missing = await gateway.Raw.SendAsync(method, $"/{bucket}/missing{(method == "PUT" ? "?partNumber=1&uploadId=y" : "")}", method == "PUT" ? [] : (byte[]?)null, headers);
        var denied = await AnonymousClient.SendAsync(gateway, method, $"/{bucket}/key", method == "PUT" ? "" : null, headers);

        (signed.Status, denied.Status, missing.Status).ShouldBe((200, 403, 404));
        foreach (var answer in (RawAnswer[])[signed, missing, denied])
        {
            (answer.Header("access-control-allow-origin"), answer.Header("access-control-allow-methods")).ShouldBe((allowed, methods));
            answer.Header("access-control-allow-credentials").ShouldBe(allowed.Length > 0 ? "true" : "");
            answer.Header("vary").Split(',', StringSplitOptions.TrimEntries).ShouldBe(["Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"]);
        }

        var own = await gateway.Raw.SendAsync(method, $"/{bucket}/key", method == "PUT" ? [] : null);
        own.Headers.Keys.ShouldNotContain(name => name.StartsWith("access-control", StringComparison.OrdinalIgnoreCase) || name.Equals("vary", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Answer_ToEveryOrigin_SaysSoWithoutCredentials()
    {
        var bucket = await NewAsync("<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-meta-a</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>");

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}", (byte[]?)null, ("Origin", "https://example.org"));

        (answer.Header("Access-Control-Allow-Origin"), answer.Header("Access-Control-Expose-Headers"), answer.Header("Access-Control-Max-Age")).ShouldBe(("*", "ETag, x-amz-meta-a", "3000"));
        answer.Headers.ShouldNotContainKey("Access-Control-Allow-Credentials");
    }

    [Fact]
    public async Task Answer_OriginThatNoHeaderCanSayBack_IsLetInByNoPattern()
    {
        var bucket = await NewAsync("<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>x*</AllowedOrigin></CORSRule>");
        await using var raw = new System.Net.Sockets.NetworkStream(await ConnectAsync(), ownsSocket: true);
        await raw.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"GET /{bucket} HTTP/1.1\r\nHost: {gateway.Endpoint.Authority}\r\nOrigin: x\u00e9\r\nConnection: close\r\n\r\n"), TestContext.Current.CancellationToken);

        using var reader = new StreamReader(raw);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        answer.ShouldStartWith("HTTP/1.1 403 ");
        answer.ShouldNotContain("Access-Control-Allow-Origin");
    }

    [Fact]
    public async Task Preflight_ThatARuleAllows_IsAnsweredToAnybody()
    {
        var bucket = await NewAsync("<CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedHeader>X-Amz-*</AllowedHeader><AllowedHeader>content-type</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>");

        // A link that is signed for something else is asked about by its own target.
        foreach (var target in (string[])[$"/{bucket}", $"/{bucket}/a%20key", $"/{bucket}/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", $"/{bucket}/key?AWSAccessKeyId=a&Signature=b&Expires=1"])
        {
            var answer = await PreflightAsync(target, ("Origin", "https://www.example.org"), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "Content-Type, x-amz-date,"));

            (answer.Status, answer.Body.Length).ShouldBe((200, 0), answer.Text);
            answer.Header("access-control-allow-origin").ShouldBe("https://www.example.org");
            answer.Header("access-control-allow-methods").ShouldBe("PUT");
            answer.Header("access-control-allow-headers").ShouldBe("content-type, x-amz-date");
            answer.Header("access-control-expose-headers").ShouldBe("ETag");
            answer.Header("access-control-max-age").ShouldBe("60");
            answer.Header("access-control-allow-credentials").ShouldBe("true");
            answer.Header("vary").Split(',', StringSplitOptions.TrimEntries).ShouldBe(["Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"]);
        }
    }

    [Theory]
    [InlineData(null, "GET", null, 400, "BadRequest", "Insufficient information. Origin request header needed.")]
    [InlineData("a", null, null, 400, "BadRequest", "Invalid Access-Control-Request-Method: null")]
    [InlineData("a", "PATCH", null, 400, "BadRequest", "Invalid Access-Control-Request-Method: PATCH")]
    [InlineData("a", "PUT", null, 403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")]
    [InlineData("b", "GET", null, 403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")]
    [InlineData("a", "GET", "x-amz-meta-b", 403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")]
    [InlineData("a", "GET", "x-amz-meta-a, x-amz-meta-b", 403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")]
    public async Task Preflight_ThatNoRuleAllows_IsRefused(string? origin, string? method, string? headers, int status, string code, string message)
    {
        var bucket = await NewAsync("<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>a</AllowedOrigin><AllowedHeader>x-amz-meta-a</AllowedHeader></CORSRule>");
        List<(string, string)> sent = [];
        if (origin is not null) sent.Add(("Origin", origin));
        if (method is not null) sent.Add(("Access-Control-Request-Method", method));
        if (headers is not null) sent.Add(("Access-Control-Request-Headers", headers));

        var answer = await PreflightAsync($"/{bucket}/key", [.. sent]);

        (answer.Status, answer.Code).ShouldBe((status, code));
        answer.Element("Message").ShouldStartWith(message);
        if (status == 403) (answer.Element("Method"), answer.Element("ResourceType")).ShouldBe((method, "OBJECT"));
        answer.Headers.ShouldNotContainKey("access-control-allow-origin");
    }

    [Fact]
    public async Task Preflight_WithoutRulesOrBucket_SaysWhich()
    {
        (string, string)[] headers = [("Origin", "a"), ("Access-Control-Request-Method", "GET")];
        var ofNone = await PreflightAsync($"/{await gateway.NewBucketAsync()}", headers);
        var ofNoBucket = await PreflightAsync($"/{gateway.NewBucketName()}-missing", headers);
        var ofTheService = await PreflightAsync("/", headers);

        (ofNone.Status, ofNone.Code, ofNone.Element("Message"), ofNone.Element("ResourceType")).ShouldBe((403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", "BUCKET"));
        foreach (var answer in (RawAnswer[])[ofNoBucket, ofTheService]) (answer.Status, answer.Code, answer.Element("Message")).ShouldBe((403, "AccessForbidden", "CORSResponse: Bucket not found"));
        (await PreflightAsync("/x%01y", headers)).Code.ShouldBe("InvalidBucketName");
    }

    [Fact]
    public async Task Preflight_TooMany_AreSentAway()
    {
        await using var storage = await TestStorage.OpenAsync();
        await using var host = await Operations.GatewayHost.StartAsync(storage.Layer, new(), rates: new RequestRates(0, 2, new StoppedTime()));
        await host.Client.PutBucketAsync("bucket");
        (string, string)[] headers = [("Origin", "a"), ("Access-Control-Request-Method", "GET")];

        var codes = new List<string>();
        for (var i = 0; i < 3; i++) codes.Add((await AnonymousClient.SendAsync(host.Endpoint, "OPTIONS", "/bucket", null, headers)).Code);

        codes.ShouldBe(["AccessForbidden", "AccessForbidden", "SlowDown"]);
    }

    [Fact]
    public async Task SettingThatCannotBeRead_LetsNoPageInAndKeepsTheRest()
    {
        var bucket = await NewAsync(Reading);
        await gateway.PutAsync(bucket, "key", "x");
        var row = (await gateway.Layer.Metadata.FindBucketAsync(bucket, TestContext.Current.CancellationToken))!;
        await gateway.Layer.Metadata.UpdateBucketAsync(row.Id, found => found with { Settings = found.Settings.SetItem(CorsDocument.SettingName, [9]) }, TestContext.Current.CancellationToken);

        var answer = await gateway.Raw.SendAsync("GET", $"/{bucket}/key", (byte[]?)null, ("Origin", "a"));

        answer.Status.ShouldBe(200);
        answer.Headers.ShouldNotContainKey("Access-Control-Allow-Origin");
        (await PreflightAsync($"/{bucket}", ("Origin", "a"), ("Access-Control-Request-Method", "GET"))).Status.ShouldBe(500);
        (await PutAsync(bucket, Reading)).Status.ShouldBe(200);
        (await gateway.Raw.SendAsync("GET", $"/{bucket}/key", (byte[]?)null, ("Origin", "a"))).Header("Access-Control-Allow-Origin").ShouldBe("*");
    }

    private async Task<System.Net.Sockets.Socket> ConnectAsync()
    {
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.Endpoint.Host, gateway.Endpoint.Port, TestContext.Current.CancellationToken);
        return socket;
    }

    private Task<RawAnswer> PreflightAsync(string target, params (string, string)[] headers) => AnonymousClient.SendAsync(gateway, "OPTIONS", target, null, headers);

    private Task<RawAnswer> PutAsync(string bucket, string rules) => gateway.Raw.SendAsync("PUT", $"/{bucket}?cors", $"<CORSConfiguration>{rules}</CORSConfiguration>");

    private async Task<string> NewAsync(string rules)
    {
        var bucket = await gateway.NewBucketAsync();
        var answer = await PutAsync(bucket, rules);
        answer.Status.ShouldBe(200, answer.Text);
        return bucket;
    }
}
