using Oort.Gateway.Tests.Operations;
using Oort.S3.Client.Tests.Services;

[assembly: AssemblyFixture(typeof(ServiceFixture))]

namespace Oort.S3.Client.Tests.Services;

/// <summary>Oort's own gateway in this process, over stores in memory.</summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    private TestStorage storage = null!;
    private GatewayHost host = null!;
    private int lastBucket;

    public Uri Endpoint => host.Endpoint;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        host = await GatewayHost.StartAsync(storage.Layer, new() { PartSizeMin = 1000 });
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await storage.DisposeAsync();
    }

    public S3Client Client(S3BodyForm form = S3BodyForm.Auto, string secret = GatewayHost.SecretKey) => new(
        new S3ClientOptions { Endpoint = Endpoint, BodyForm = form, AttemptCountMax = 2, RetryDelayBase = TimeSpan.FromTicks(1) },
        new AccessKeys(GatewayHost.AccessKey, secret),
        TimeProvider.System,
        new Random(1));

    /// <summary>Gives an object the class that is read as it is, behind the back of who put it into an archive: a test's own archive stands before it.</summary>
    public async Task TakeOutOfArchiveAsync(string bucket, string key)
    {
        var row = (await storage.Layer.Metadata.FindBucketAsync(bucket, CancellationToken.None))!;
        await storage.Layer.Metadata.UpdateVersionAsync(row.Id, key, null, version => version.StorageClass is "GLACIER" or "DEEP_ARCHIVE" ? version with { StorageClass = "STANDARD" } : null, CancellationToken.None);
    }

    public async Task<string> NewBucketAsync(S3Client client)
    {
        var name = $"client-{Interlocked.Increment(ref lastBucket)}";
        await client.CreateBucketAsync(name, CancellationToken.None);
        return name;
    }
}
