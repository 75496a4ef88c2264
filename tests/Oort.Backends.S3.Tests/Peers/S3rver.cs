using Oort.S3.Client;
using Oort.Shared;

namespace Oort.Backends.S3.Tests.Peers;

/// <summary>An S3 server that others wrote (npm s3rver), in a folder of its own.</summary>
public sealed class S3rver : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-s3rver-");
    private PeerProcess process = null!;
    private int lastBucket;

    /// <summary>Those that it has, and no others.</summary>
    internal static AccessKeys Keys { get; } = new("S3RVER", "S3RVER");

    internal Uri Endpoint => process.Address;

    public async ValueTask InitializeAsync() => process = await PeerProcess.StartAsync("s3", "ready", "server.mjs", folder.FullName);

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        folder.Delete(recursive: true);
    }

    internal S3Client Client() => new(new S3ClientOptions { Endpoint = Endpoint, BodyForm = S3BodyForm.Plain, AttemptCountMax = 2, RetryDelayBase = TimeSpan.FromTicks(1) }, Keys, TimeProvider.System, new Random(1));

    internal async Task<string> NewBucketAsync()
    {
        using var client = Client();
        var name = $"items-{Interlocked.Increment(ref lastBucket)}";
        await client.CreateBucketAsync(name, CancellationToken.None);
        return name;
    }
}
