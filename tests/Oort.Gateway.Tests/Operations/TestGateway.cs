using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Gateway.Errors;
using Oort.Gateway.Operations;
using Oort.Gateway.Tests.Operations;
using Oort.S3;
using Xunit;

[assembly: AssemblyFixture(typeof(TestGateway))]

namespace Oort.Gateway.Tests.Operations;

/// <summary>One gateway in this process for all tests: Kestrel on a free port, the pipeline, the operations, the object layer over stores in memory. Each test works in buckets of its own.</summary>
public sealed class TestGateway : IAsyncLifetime
{
    /// <summary>Smallest part that is not the last. Real parts are 5 MiB; the rule is the same.</summary>
    public const int PartSizeMin = 100_000;

    private const string AccessKey = "AKIAOORTTESTKEY";
    private const string SecretKey = "a secret that signs the tests";

    private TestStorage storage = null!;
    private WebApplication application = null!;
    private int lastBucket;

    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The .NET SDK at its default settings.</summary>
    public AmazonS3Client Client { get; private set; } = null!;

    public RawClient Raw { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        var handlers = S3Operations.Create(storage.Layer, new() { PartSizeMin = PartSizeMin }, TimeProvider.System);
        var pipeline = new S3Pipeline(new(), new OneCredential(), handlers, InnerErrors.Of, TimeProvider.System, NullLogger<S3Pipeline>.Instance);

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        application = builder.Build();
        application.Run(pipeline.HandleAsync);
        await application.StartAsync();

        Endpoint = new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new(new BasicAWSCredentials(AccessKey, SecretKey), new AmazonS3Config { ServiceURL = Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0 });
        Raw = new(Endpoint, AccessKey, SecretKey);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Raw.Dispose();
        await application.DisposeAsync();
        await storage.DisposeAsync();
    }

    public string NewBucketName() => string.Create(CultureInfo.InvariantCulture, $"bucket-{Interlocked.Increment(ref lastBucket)}");

    public async Task<string> NewBucketAsync()
    {
        var name = NewBucketName();
        await Client.PutBucketAsync(name);
        return name;
    }

    public async Task<string> NewVersionedBucketAsync()
    {
        var name = await NewBucketAsync();
        await SetVersioningAsync(name, VersionStatus.Enabled);
        return name;
    }

    public Task SetVersioningAsync(string bucket, VersionStatus status) =>
        Client.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = status } });

    public Task<PutObjectResponse> PutAsync(string bucket, string key, string body) => Client.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = body });

    /// <summary>Bytes that do not repeat, the same for the same count.</summary>
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private sealed class OneCredential : IS3Credentials
    {
        private readonly S3Credential credential = new(new(AccessKey, "0123456789abcdef", "tester"), SecretKey);

        public ValueTask<S3Credential?> FindAsync(string accessKeyId, CancellationToken cancellationToken) =>
            ValueTask.FromResult(accessKeyId == AccessKey ? credential : null);
    }
}

internal static class ResponseExtensions
{
    public static async Task<byte[]> ReadAsync(this GetObjectResponse response)
    {
        var body = new MemoryStream();
        await response.ResponseStream.CopyToAsync(body);
        return body.ToArray();
    }
}
