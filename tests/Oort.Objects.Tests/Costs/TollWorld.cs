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

    /// <summary>The same for another bucket.</summary>
    public Task AssignAsync(string geometry, BucketRow bucket, params NetworkShare[] shares) =>
        PolicyTests.SetAsync(System, new() { Name = "cold", Geometry = geometry, NetworkShares = shares }, new(bucket.Id, bucket.Name, null, "cold"));

    public async Task PutAsync(int number, int size)
    {
        await System.PutAsync(Bucket, $"key{number}", SystemActions.Content(number, size));
        await Eventually.Async(async () => (await System.Metadata.GetTotalsAsync(CancellationToken.None)).SegmentsNotFull == 0);
    }

    public async Task DeleteAsync(int number)
    {
        await System.Metadata.DeleteVersionAsync(new(Bucket.Id, $"key{number}", "root", null, WriteConditions.None), CancellationToken.None);
        Time.Advance(TimeSpan.FromSeconds(1));
        await System.CollectAsync(CancellationToken.None);
    }

    /// <summary>Takes every step that is due, and lets a day pass, in hours so that what waits is asked again.</summary>
    public async Task PassDayAsync()
    {
        for (var hour = 0; hour < 24; hour += 6)
        {
            await System.StepNetworksAsync();
            Time.Advance(TimeSpan.FromHours(6));
        }

        foreach (var office in Offices.Values) office.EndDay(DateOnly.FromDateTime(Time.GetUtcNow().DateTime));
    }

    public async Task RestartAsync()
    {
        await System.DisposeAsync();
        System = await Cluster.OpenAsync();
    }

    public StoreId IdOf(string network) => System.GetNetworks().Single(one => one.Definition.Name == network).Definition.Id;

    public Task<List<SegmentRow>> SegmentsAsync() => PolicyTests.SegmentsAsync(System, Bucket);

    /// <summary>What was spent, of all months.</summary>
    public async Task<List<CostLine>> LinesAsync()
    {
        var lines = new List<CostLine>();
        for (var month = CostLedger.MonthOf(Time.GetUtcNow()).AddMonths(-30); month <= CostLedger.MonthOf(Time.GetUtcNow()); month = month.AddMonths(1)) lines.AddRange((await System.GetCostsAsync(month, CancellationToken.None)).Lines);
        return [.. lines.GroupBy(line => (line.Network, line.Kind)).Select(group => group.First() with { Dollars = group.Sum(line => line.Dollars), Count = group.Sum(line => line.Count), Bytes = group.Sum(line => line.Bytes) })];
    }

    public async Task<PolicyQuote> QuoteAsync(CostQuestion question) => (await System.QuoteAsync(question, Bucket.Id, CancellationToken.None)).Policies.Single();

    public INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret) => new TollBackend(networks.Single(network => network.Name == definition.Name), Offices[definition.Name], Time) { Silence = () => Silence };

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
