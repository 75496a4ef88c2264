using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Clients;

/// <summary>Buckets as sub-domains (<c>--domain</c>), path style beside them, and a proxy that changes the host (<c>--public-url</c>).</summary>
public sealed class VirtualHostTests : IAsyncLifetime
{
    private const string Domain = "s3.oort.test";
    private readonly TemporaryFolder _folder = new();
    private GatewayProcess _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayProcess.StartAsync(_folder["data"], "--domain", Domain, "--public-url", "http://objects.example.test");

    [Fact]
    public async Task Sdk_VirtualHostStyle_BucketsAreSubDomains()
    {
        var seen = new List<string>();
        using var client = Client($"http://{Domain}:{Port}", isPathStyle: false, seen);
        await client.PutBucketAsync("virtual-host");
        // A key that would be Oort's own path, or another bucket, in path style.
        string[] keys = ["a b/ä", "_oort/health/live", "other-bucket/key", "//x"];
        foreach (var key in keys)
        {
            await client.PutObjectAsync(new() { BucketName = "virtual-host", Key = key, ContentBody = key });
            using var got = await client.GetObjectAsync("virtual-host", key);
            using var reader = new StreamReader(got.ResponseStream);
            (await reader.ReadToEndAsync()).ShouldBe(key);
        }

        seen.ShouldContain($"virtual-host.{Domain}");
        using var path = Client($"http://{Domain}:{Port}", isPathStyle: true, []);
        (await path.ListObjectsV2Async(new ListObjectsV2Request { BucketName = "virtual-host" })).S3Objects.Select(o => o.Key).ShouldBe(keys, ignoreOrder: true);
        (await client.ListBucketsAsync()).Buckets.Select(b => b.BucketName).ShouldContain("virtual-host");
    }

    [Fact]
    public async Task Sdk_SignsForThePublicUrl_IsAcceptedUnderTheProxysHost()
    {
        // The proxy: signed for objects.example.test, sent with the gateway's own host.
        using var client = Client("http://objects.example.test", isPathStyle: true, [], rewriteHost: $"127.0.0.1:{Port}");
        await client.PutBucketAsync("behind-a-proxy");
        await client.PutObjectAsync(new() { BucketName = "behind-a-proxy", Key = "k", ContentBody = "through" });
        (await client.GetObjectMetadataAsync("behind-a-proxy", "k")).ContentLength.ShouldBe(7);
        using var stranger = Client("http://elsewhere.example.test", isPathStyle: true, [], rewriteHost: $"127.0.0.1:{Port}");
        (await Should.ThrowAsync<AmazonS3Exception>(() => stranger.ListBucketsAsync())).ErrorCode.ShouldBe("SignatureDoesNotMatch");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private int Port => new Uri(_gateway.Endpoint).Port;

    private AmazonS3Client Client(string url, bool isPathStyle, List<string> hosts, string? rewriteHost = null) =>
        new(new BasicAWSCredentials(GatewayProcess.AccessKey, GatewayProcess.SecretKey), new AmazonS3Config
        {
            ServiceURL = url,
            ForcePathStyle = isPathStyle,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
            HttpClientFactory = new ToGateway(Port, hosts, rewriteHost),
        });

    /// <summary>Connects every host name to the gateway, as DNS would.</summary>
    private sealed class ToGateway(int port, List<string> hosts, string? rewriteHost) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var handler = new SocketsHttpHandler
            {
                ConnectCallback = async (context, cancellationToken) =>
                {
                    lock (hosts) hosts.Add(context.DnsEndPoint.Host);
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await socket.ConnectAsync("127.0.0.1", port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            };
            return new HttpClient(new HostRewriter(rewriteHost) { InnerHandler = handler });
        }
    }

    private sealed class HostRewriter(string? host) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (host is not null) request.Headers.Host = host;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
