using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Backends.Memory;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Gateway.Access;
using Oort.Gateway.Errors;
using Oort.Gateway.Operations;
using Oort.Gateway.Tests.Operations;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Tests.Model;

/// <summary>The whole gateway in this process, from Kestrel down to six stores, that can be stopped and reopened, or left as it stands and reopened as after a kill.</summary>
internal sealed class RestartableGateway : IAsyncDisposable
{
    /// <summary>Smallest part that is not the last; the rule at 5 MiB is the same.</summary>
    public const int PartSizeMin = 1000;

    /// <summary>Objects above this get segments of their own, so that few bytes reach both ways of storing.</summary>
    public const int PackThreshold = 8000;

    private const int StoreCount = 6;
    private const string AccessKey = "AKIAOORTMODELKEY";
    private const string SecretKey = "a secret that signs the model";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-model-");
    private readonly RootKey root = new(RandomNumberGenerator.GetBytes(32));
    private readonly List<ObjectSystem> left = [];
    private readonly bool isOnDisk;
    private string home;
    private int homes;
    private ObjectSystem system = null!;
    private LoopbackServer server = null!;

    private RestartableGateway(bool isOnDisk)
    {
        this.isOnDisk = isOnDisk;
        home = NewHome();
        Stores = isOnDisk ? [] : [.. Enumerable.Range(0, StoreCount).Select(_ => new FlakyStore(new MemoryStore(StoreId.Read(RandomNumberGenerator.GetBytes(StoreId.Size)))))];
    }

    public RawClient Client { get; private set; } = null!;

    /// <summary>The stores in memory; none when they are on disk.</summary>
    public IReadOnlyList<FlakyStore> Stores { get; }

    public IObjectSystem System => system;

    public static async Task<RestartableGateway> StartAsync(bool isOnDisk)
    {
        var gateway = new RestartableGateway(isOnDisk);
        await gateway.OpenAsync();
        return gateway;
    }

    /// <summary>Stops in order and opens again.</summary>
    public async Task RestartAsync()
    {
        await CloseServerAsync();
        await system.DisposeAsync();
        await OpenAsync();
    }

    /// <summary>Opens what a kill at this moment leaves: the old system is neither stopped nor told.</summary>
    public async Task KillAsync()
    {
        await CloseServerAsync();
        left.Add(system);
        var next = NewHome();
        foreach (var file in Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories))
        {
            // A lock dies with its process, and what was never there is made again.
            if (Path.GetFileName(file) == "lock") continue;
            var copy = Path.Combine(next, Path.GetRelativePath(home, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        home = next;
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseServerAsync();
        await system.DisposeAsync();
        foreach (var old in left) await old.DisposeAsync();
        root.Dispose();
        directory.Delete(recursive: true);
    }

    private string NewHome()
    {
        var path = Path.Combine(directory.FullName, $"home{++homes}");
        Directory.CreateDirectory(Path.Combine(path, "data"));
        for (var disk = 0; isOnDisk && disk < StoreCount; disk++) Directory.CreateDirectory(DiskPath(path, disk));
        return path;
    }

    private static string DiskPath(string home, int disk) => Path.Combine(home, $"disk{disk}");

    private async Task OpenAsync()
    {
        var options = new ObjectSystemOptions
        {
            DataDirectory = Path.Combine(home, "data"),
            RunWorkers = false,
            Journal = new() { QuorumTimeout = TimeSpan.FromSeconds(2), RetryDelay = TimeSpan.FromMilliseconds(10) },
            Stores = new() { ProbeInterval = TimeSpan.FromMilliseconds(20), ReopenAfter = TimeSpan.FromMilliseconds(40) },

            // 2 chunks a segment, so that some objects have several.
            Objects = new() { BufferBytes = 64 << 20, PackThreshold = PackThreshold, SegmentChunks = 2, StoreTimeout = TimeSpan.FromSeconds(5) },
            DeleteGrace = TimeSpan.Zero,
        };
        system = await ObjectSystem.OpenAsync(options, Endpoints(), root, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

        var s3 = new GatewayS3Options { PartSizeMin = PartSizeMin };
        var gate = new AccessGate(system.Metadata, LoneAccounts.Instance, s3, TimeProvider.System, NullLogger<AccessGate>.Instance);
        var handlers = S3Operations.Create(system.Objects, s3, TimeProvider.System, system.Tiering, gate);
        var pipeline = new S3Pipeline(new(), new OneCredential(), handlers, InnerErrors.Of, TimeProvider.System, NullLogger<S3Pipeline>.Instance, null, gate.AuthorizeAsync);
        server = await LoopbackServer.StartAsync(pipeline.HandleAsync);
        Client = new(server.Endpoint, AccessKey, SecretKey);
    }

    private IReadOnlyList<IStoreEndpoint> Endpoints() => isOnDisk
        ? [.. Enumerable.Range(0, StoreCount).Select(disk => new DiskEndpoint(DiskPath(home, disk)))]
        : [.. Stores.Select(store => new OpenStoreEndpoint(store))];

    private async Task CloseServerAsync()
    {
        Client.Dispose();
        await server.DisposeAsync();
    }

    private sealed class OneCredential : IS3Credentials
    {
        private readonly S3Credential credential = new(Caller.RootOf(AccessKey, Accounts.NumberOf("0123456789abcdef"), "0123456789abcdef", "tester"), SecretKey);

        public ValueTask<S3Credential?> FindAsync(string accessKeyId, string? sessionToken, CancellationToken cancellationToken) =>
            ValueTask.FromResult(accessKeyId == AccessKey ? credential : null);
    }

    private sealed class DiskEndpoint(string path) : IStoreEndpoint
    {
        private static readonly LocalStoreOptions options = new() { VolumeSizeBytes = 4 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0, ThreadCount = 2, CompactionInterval = Timeout.InfiniteTimeSpan };

        public string Location => path;

        public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) =>
            await LocalStore.ReadIdentityAsync(path, cancellationToken) is { } identity ? new(identity.Store, identity.Cluster) : null;

        public async ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) =>
            await LocalStore.OpenAsync(path, cluster, options, NullLogger.Instance, cancellationToken);

        public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
        {
            await LocalStore.InitialiseAsync(path, StoreId.Read(RandomNumberGenerator.GetBytes(StoreId.Size)), cluster, TimeProvider.System, cancellationToken);
            return await OpenAsync(cluster, cancellationToken);
        }
    }
}
