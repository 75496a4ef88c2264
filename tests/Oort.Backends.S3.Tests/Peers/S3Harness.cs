using Oort.Backends.Suite;
using Oort.Gateway.Tests.Operations;
using Oort.S3.Client;
using Oort.S3.Client.Tests.Services;

namespace Oort.Backends.S3.Tests.Peers;

/// <summary>A bucket of Oort's own gateway, or of another S3 server, behind a <see cref="FaultProxy"/>.</summary>
internal sealed class S3Harness : NetworkHarness
{
    private const int PartSize = 20_000;

    private readonly SteppingTime time;
    private readonly ImpatientTime clientTime = new();
    private readonly S3Client direct;
    private readonly AccessKeys keys;
    private readonly Func<S3NetworkOptions, S3NetworkOptions> change;
    private S3NetworkBackend backend;

    private S3Harness(FaultProxy proxy, S3Client direct, AccessKeys keys, string bucket, SteppingTime time, Func<S3NetworkOptions, S3NetworkOptions> change)
    {
        Proxy = proxy;
        this.direct = direct;
        this.keys = keys;
        this.time = time;
        this.change = change;
        Bucket = bucket;
        backend = Make();
    }

    public FaultProxy Proxy { get; }

    public string Bucket { get; }

    /// <summary>A client that the proxy does not stand before.</summary>
    public S3Client Direct => direct;

    public override INetworkBackend Backend => backend;

    public override TimeProvider Time => time;

    public override PeerFault Fault
    {
        get => Proxy.Fault;
        set
        {
            Proxy.Fault = value;
            clientTime.IsImpatient = value == PeerFault.Hangs;
        }
    }

    public override int PaymentCount => Proxy.PaymentCount;

    public override ReadChecks ReadChecks => ReadChecks.Whole;

    public override IReadOnlyList<string> Secrets => [keys.Secret];

    /// <summary>Three in one put, of one and of two blocks; two in parts, with a rest and without, in one step and in several.</summary>
    public override IReadOnlyList<int> Lengths => HasParts ? [1, 1_000, 70_001, 4 * PartSize, 6 * PartSize + 1] : [1, 1_000, 70_001];

    /// <summary>Whether the server can tell which parts it has.</summary>
    private bool HasParts { get; init; } = true;

    public static async Task<S3Harness> StartAsync(ServiceFixture service, Func<S3NetworkOptions, S3NetworkOptions>? change = null)
    {
        var time = new SteppingTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var direct = service.Client();
        var proxy = await FaultProxy.StartAsync(service.Endpoint, time);
        // The proxy is the archive; the gateway behind it is one too, and has no clock to be turned.
        proxy.Stored = service.TakeOutOfArchiveAsync;
        return new(proxy, direct, new(GatewayHost.AccessKey, GatewayHost.SecretKey), await service.NewBucketAsync(direct), time, change ?? (options => options));
    }

    /// <summary>A server that others wrote, of which no more is asked than objects in one part: it lists no uploads and no parts, and knows no trailers.</summary>
    public static async Task<S3Harness> StartAsync(S3rver server)
    {
        var time = new SteppingTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return new(await FaultProxy.StartAsync(server.Endpoint, time), server.Client(), S3rver.Keys, await server.NewBucketAsync(), time, options => options with { Client = options.Client with { BodyForm = S3BodyForm.Plain } }) { HasParts = false };
    }

    public override async Task RestartAsync()
    {
        await backend.DisposeAsync();
        backend = Make();
    }

    public override Task AdvanceAsync(TimeSpan by)
    {
        time.Advance(by);
        return Task.CompletedTask;
    }

    public override bool Knows(PeerFault fault) => true;

    public override async Task<int> CountItemsAsync() =>
        (await KeysAsync()).Count + (HasParts ? (await direct.ListUploadsAsync(Bucket, "", CancellationToken.None)).Count : 0);

    public override Task LoseAsync(NetworkItem item) => direct.DeleteObjectAsync(Bucket, KeyOf(item), null, CancellationToken.None);

    public override async Task DamageAsync(NetworkItem item)
    {
        var bytes = new MemoryStream();
        await using (var download = await direct.GetObjectAsync(Bucket, KeyOf(item), null, null, 0, null, CancellationToken.None)) await download.Body.CopyToAsync(bytes);
        var damaged = bytes.ToArray().Select(b => (byte)~b).ToArray();
        await direct.PutObjectAsync(Bucket, KeyOf(item), new(damaged.Length, _ => ValueTask.FromResult<Stream>(new MemoryStream(damaged))), S3PutOptions.None, CancellationToken.None);
    }

    public async Task<List<string>> KeysAsync()
    {
        var keys = new List<string>();
        await foreach (var item in direct.ListObjectsAsync(Bucket, "", null, CancellationToken.None)) keys.Add(item.Key);
        return keys;
    }

    public static string KeyOf(NetworkItem item) => $"shards/of-a-test/{item.Id}";

    public override async ValueTask DisposeAsync()
    {
        await backend.DisposeAsync();
        await Proxy.DisposeAsync();
        direct.Dispose();
    }

    private S3NetworkBackend Make() => new(
        change(new()
        {
            Client = new() { Endpoint = Proxy.Endpoint, AttemptCountMax = 2, RetryDelayBase = TimeSpan.FromTicks(1) },
            Keys = keys,
            Bucket = Bucket,
            Prefix = "shards/of-a-test",
            PartsAbove = 75_000,
            PartSize = PartSize,
            PartsPerStep = 4,
        }),
        time,
        clientTime,
        new Random(1));
}
