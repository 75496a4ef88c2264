using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Tests.Hosting;
using Oort.Objects.Tests.Placement;
using Oort.Objects.Tests.World;

namespace Oort.Objects.Tests.Costs;

/// <summary>A system with networks that charge, each with its office, and a clock that can be put forward.</summary>
internal sealed class TollWorld : INetworkFactory, IAsyncDisposable
{
    private readonly TollNetwork[] networks;

    private TollWorld(TollNetwork[] networks)
    {
        this.networks = networks;
        Offices = networks.ToDictionary(network => network.Name, network => network.Open());
        Cluster = new(0) { Time = Time };
        string[] countries = ["DE", "FR", ""];
        for (var number = 0; number < 9; number++) Cluster.Stores.Add(PolicyTests.NewStore(number, countries[number % 3]));
        Cluster.Options = Cluster.Options with { Networks = new() { Factory = this, BundleBytes = BundleBytes } };
    }

    /// <summary>Small, so that few objects fill some.</summary>
    public const long BundleBytes = 1 << 20;

    public ShiftedTime Time { get; } = new();

    public TestCluster Cluster { get; }

    public ObjectSystem System { get; private set; } = null!;

    public BucketRow Bucket { get; private set; } = null!;

    public Dictionary<string, BillingOffice> Offices { get; }

    /// <summary>Thrown instead of prices; null: they are told.</summary>
    public BackendException? Silence { get; set; }

    public double Bill => Offices.Values.Sum(office => office.Bill);

    public static async Task<TollWorld> StartAsync(params TollNetwork[] networks)
    {
        var world = new TollWorld(networks);
        world.System = await world.Cluster.OpenAsync();
        world.Bucket = await world.System.CreateBucketAsync("bucket");
        foreach (var network in networks)
            await world.System.AddNetworkAsync(new() { Id = StoreId.None, Name = network.Name, Kind = network.Traits.Kind, Operator = network.Name, Country = "IE" }, default, CancellationToken.None);
        return world;
    }

    /// <summary>A policy with a shard for each of the networks, and the bucket under it.</summary>
    public Task AssignAsync(string geometry, params NetworkShare[] shares) =>
        PolicyTests.SetAsync(System, new() { Name = "cold", Geometry = geometry, NetworkShares = shares }, new(Bucket.Id, "bucket", null, "cold"));

    public async Task<PolicyQuote> QuoteAsync(CostQuestion question) => (await System.QuoteAsync(question, Bucket.Id, CancellationToken.None)).Policies.Single();

    public INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret) => new TollBackend(networks.Single(network => network.Name == definition.Name), Offices[definition.Name], Time) { Silence = () => Silence };

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
