using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Oort.Gateway.Tests.Operations;
using Oort.Objects;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestGateway))]

namespace Oort.Gateway.Tests.Operations;

/// <summary>One gateway in this process for all tests: Kestrel on a free port, the pipeline, the operations, the object layer over stores in memory. Each test works in buckets of its own.</summary>
public sealed class TestGateway : IAsyncLifetime
{
    /// <summary>Smallest part that is not the last. Real parts are 5 MiB; the rule is the same.</summary>
    public const int PartSizeMin = 100_000;

    private TestStorage storage = null!;
    private GatewayHost host = null!;
    private int lastBucket;

    public Uri Endpoint => host.Endpoint;

    public AmazonS3Client Client => host.Client;

    public RawClient Raw => host.Raw;

    /// <summary>What the gateway stands on, for tests that put another one on it.</summary>
    internal IObjectLayer Layer => storage.Layer;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync();
        host = await GatewayHost.StartAsync(storage.Layer, new() { PartSizeMin = PartSizeMin });
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
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
}

internal static class ResponseExtensions
{
    /// <summary>Compares by machine word: an assertion element by element takes a second a megabyte.</summary>
    public static void ShouldBeBytes(this byte[] actual, byte[] expected)
    {
        actual.Length.ShouldBe(expected.Length);
        actual.AsSpan().SequenceEqual(expected).ShouldBeTrue($"first difference at {actual.AsSpan().CommonPrefixLength(expected)}");
    }

    public static async Task<byte[]> ReadAsync(this GetObjectResponse response)
    {
        var body = new MemoryStream();
        await response.ResponseStream.CopyToAsync(body);
        return body.ToArray();
    }
}
