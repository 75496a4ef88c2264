using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>What browsers do with buckets, as the SDK sets it up: websites, forms, pages of other origins.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Domain = "web.oort.test";
    private const string Host = "www.own-site.test";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _browser = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private GatewayProcess _gateway = null!;
    private AmazonS3Client _client = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(_folder["data"], "--website-domain", Domain, "--website-host", Host);
        _client = new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), new AmazonS3Config { ServiceURL = _gateway.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 });
    }

    [Fact]
    public async Task Website_InItsDomainAndAtItsHost_IsServedAndNothingElseIs()
    {
        await _client.PutBucketAsync(Host);
        foreach (var (key, body) in ((string, string)[])[("index.html", "home"), ("_oort/status", "a page"), ("error.html", "sorry")]) await _client.PutObjectAsync(new() { BucketName = Host, Key = key, ContentBody = body });
        await _client.PutBucketWebsiteAsync(Host, new WebsiteConfiguration { IndexDocumentSuffix = "index.html", ErrorDocument = "error.html" });
        (await AskAsync(Host, "/")).ShouldBe((HttpStatusCode.Forbidden, true));
        await _client.DeletePublicAccessBlockAsync(new() { BucketName = Host });
        await _client.PutBucketPolicyAsync(Host, $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{{Host}}/*"}]}""");

        foreach (var host in (string[])[Host, $"{Host}.{Domain}"])
        {
            (await ReadAsync(host, "/")).ShouldBe("home");
            (await ReadAsync(host, "/_oort/status")).ShouldBe("a page");
            (await ReadAsync(host, "/missing")).ShouldBe("sorry");
        }

        (await ReadAsync("127.0.0.1", "/")).ShouldContain("AccessDenied");
        (await ReadAsync($"other.{Domain}", "/")).ShouldContain("NoSuchBucket");
    }

    [Fact]
    public async Task Form_PresignedByTheSdk_UploadsFromAPageOfAnotherOrigin()
    {
        await _client.PutBucketAsync("forms");
        await _client.PutCORSConfigurationAsync("forms", new CORSConfiguration { Rules = [new() { AllowedOrigins = ["https://*.example.org"], AllowedMethods = ["POST"], ExposeHeaders = ["ETag"] }] });
        var content = new byte[10_000_000];
        new Random(7).NextBytes(content);
        var signed = _client.CreatePresignedPost(new CreatePresignedPostRequest
        {
            BucketName = "forms",
            Key = "up/file",
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5),
            Conditions = [S3PostCondition.ContentLengthRange(1, content.Length)],
        });
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in signed.Fields) form.Add(new StringContent(value), name);
        form.Add(new ByteArrayContent(content), "file", "photo.jpg");
        form.Add(new StringContent("Upload"), "submit");
        using var request = new HttpRequestMessage(HttpMethod.Post, signed.Url) { Content = form };
        request.Headers.Add("Origin", "https://www.example.org");

        using var answer = await _browser.SendAsync(request, TestContext.Current.CancellationToken);

        answer.StatusCode.ShouldBe(HttpStatusCode.NoContent, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        answer.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["https://www.example.org"]);
        answer.Headers.GetValues("Access-Control-Expose-Headers").ShouldBe(["ETag"]);
        using var stored = await _client.GetObjectAsync("forms", "up/file", TestContext.Current.CancellationToken);
        var read = new MemoryStream();
        await stored.ResponseStream.CopyToAsync(read, TestContext.Current.CancellationToken);
        read.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _browser.Dispose();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<string> ReadAsync(string host, string path)
    {
        using var answer = await SendAsync(host, path);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<(HttpStatusCode Status, bool IsPage)> AskAsync(string host, string path)
    {
        using var answer = await SendAsync(host, path);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "text/html");
    }

    private async Task<HttpResponseMessage> SendAsync(string host, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(_gateway.Endpoint), path));
        request.Headers.Host = host;
        return await _browser.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
