using System.Text;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tests.World;
using Shouldly;

namespace Oort.Objects.Tests.Networks;

/// <summary>A system on stores in memory with outside networks beside them, a bucket whose shards go there, and a clock that all of them have.</summary>
internal sealed class NetworkWorld : INetworkFactory, IAsyncDisposable
{
    public const int ObjectSize = 300_000;

    private readonly Dictionary<string, FakeNetwork> networks = [];
    private readonly PlacementPolicy policy;
    private BucketRow? bucket;

    private NetworkWorld(string geometry, NetworkShare[] shares, long bundleBelow)
    {
        BundleBelow = bundleBelow;
        policy = new() { Name = "cold", Geometry = geometry, NetworkShares = shares };
        Cluster = new(6) { Time = Time };
        Cluster.Options = Cluster.Options with { Networks = new() { Factory = this } };
    }

    public ShiftedTime Time { get; } = new();

    public TestCluster Cluster { get; }

    public ObjectSystem System { get; private set; } = null!;

    public BucketRow Bucket => bucket!;

    public long BundleBelow { get; }

    /// <summary>A system with the networks that the shares name, and a bucket under them.</summary>
    public static async Task<NetworkWorld> StartAsync(string geometry, params NetworkShare[] shares) => await StartAsync(geometry, 0, shares);

    /// <param name="bundleBelow">Below this length items are bundled.</param>
    public static async Task<NetworkWorld> StartAsync(string geometry, long bundleBelow, params NetworkShare[] shares)
    {
        var world = new NetworkWorld(geometry, shares, bundleBelow);
        world.System = await world.Cluster.OpenAsync();
        world.bucket = await world.System.CreateBucketAsync("bucket");
        foreach (var share in shares)
        {
            world.networks.Add(share.Network, new(world.Time));
            await world.System.AddNetworkAsync(Define(share.Network), Encoding.UTF8.GetBytes(world.networks[share.Network].Secret), CancellationToken.None);
        }

        await PolicyTests.SetAsync(world.System, world.policy, new(world.bucket.Id, "bucket", null, world.policy.Name));
        return world;
    }

    public FakeNetwork this[string name] => networks[name];

    public static NetworkDefinition Define(string name) => new() { Id = StoreId.None, Name = name, Kind = "fake" };

    public INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret)
    {
        var made = new FakeNetworkBackend(networks[definition.Name], Encoding.UTF8.GetString(secret), Time);
        return new FakeNetworkBackend(networks[definition.Name], Encoding.UTF8.GetString(secret), Time) { Traits = made.Traits with { BundleBelow = BundleBelow } };
    }

    public StoreId IdOf(string network) => System.GetNetworks().Single(one => one.Definition.Name == network).Definition.Id;

    /// <summary>Puts an object and waits until its segment is full.</summary>
    public async Task PutAsync(int number)
    {
        await System.PutAsync(Bucket, $"key{number}", SystemActions.Content(number, ObjectSize));
        await Eventually.Async(async () => (await System.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull == 0);
    }

    public Task CheckAsync(int count) => CheckAsync([.. Enumerable.Range(0, count)]);

    public async Task CheckAsync(int[] numbers)
    {
        foreach (var number in numbers) (await System.GetAsync("bucket", $"key{number}")).ShouldBe(SystemActions.Content(number, ObjectSize), $"key{number}");
    }

    public async Task DeleteAsync(int number)
    {
        await System.Metadata.DeleteVersionAsync(new(Bucket.Id, $"key{number}", "root", null, WriteConditions.None), CancellationToken.None);
        Time.Advance(TimeSpan.FromSeconds(1));
        await System.CollectAsync(CancellationToken.None);
    }

    /// <summary>Deletes shards that no row names, after their quarantine.</summary>
    public async Task CollectOrphansAsync()
    {
        await System.CollectAsync(CancellationToken.None);
        Time.Advance(TimeSpan.FromDays(8));
        await System.CollectAsync(CancellationToken.None);
    }

    public Task<List<SegmentRow>> SegmentsAsync() => PolicyTests.SegmentsAsync(System, Bucket);

    /// <summary>Takes every step that is due, lets time pass, and again, until networks and rows have come to rest for a day; each time as a gateway that was started anew where wanted.</summary>
    public async Task SettleAsync(bool restarts = false)
    {
        const int minutes = 6;
        for (var round = 0; round < minutes; round++)
        {
            if (restarts) await RestartAsync();
            await System.StepNetworksAsync();
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        await System.RebalanceAsync();
    }

    /// <summary>Takes steps until everything was sent.</summary>
    public Task SendAsync() => Eventually.Async(async () =>
    {
        await System.StepNetworksAsync();
        Time.Advance(TimeSpan.FromMilliseconds(1));
        return (await System.Metadata.ListItemsAsync(null, null, 1_000, CancellationToken.None)).All(item => item.Item.State == ItemState.Pending);
    });

    public async Task RestartAsync()
    {
        await System.DisposeAsync();
        System = await Cluster.OpenAsync();
    }

    /// <summary>Loses everything but the stores and the root key, and recovers from these.</summary>
    public async Task<RecoveryReport> RecoverAsync()
    {
        await System.DisposeAsync();
        Directory.Delete(Cluster.DataDirectory, recursive: true);
        Directory.CreateDirectory(Cluster.DataDirectory);
        var report = await Oort.Objects.Recovery.RunAsync(new() { DataDirectory = Cluster.DataDirectory, OpenTimeout = TimeSpan.FromSeconds(5) }, Cluster.Endpoints, Cluster.Root, TimeProvider.System, Cluster.Logs, null, CancellationToken.None);
        System = await Cluster.OpenAsync();
        return report;
    }

    public async Task<int> HotCountAsync()
    {
        var count = 0;
        foreach (var store in Cluster.Stores)
            await foreach (var _ in store.Inner.ListAsync(CancellationToken.None)) count++;
        return count;
    }

    public async Task<int> ItemCountAsync() => (await System.Metadata.ListItemsAsync(null, null, 1_000, CancellationToken.None)).Length;

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
