using Oort.Conformance.Harness;
using Shouldly;
using Xunit;

namespace Oort.Conformance.Networks;

/// <summary>
/// The same on networks that are paid by the item: Filecoin, Arweave through a bundler, Crust by orders of one's own and by its service. However often the gateway is killed, each item is paid for once.
/// </summary>
public sealed class ChainClassTests : IAsyncLifetime
{
    /// <summary>At random times, besides those at payments.</summary>
    private const int KillCount = 5;

    /// <summary>Where one network is lost, just as many shards are left as are needed: each of the others is read from.</summary>
    private static readonly ColdTier[] tiers =
    [
        new("GLACIER", "3+1", "filecoin", "weave", "crust"),
        new("DEEP_ARCHIVE", "2+1", "weave", "pins"),
    ];

    /// <summary>Nothing here is about time.</summary>
    private static readonly TimeSpan paymentPatience = TimeSpan.FromMinutes(6);

    private readonly TemporaryFolder folder = new();
    private ChainNetworks networks = null!;
    private ColdGateway gateway = null!;

    public async ValueTask InitializeAsync()
    {
        networks = await ChainNetworks.StartAsync();
        gateway = await ColdGateway.StartAsync(folder, tiers);
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await networks.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Objects_GoToNetworksThatAreBilledByTheItem_ArePaidOnceThroughKills_AndComeBackWithAnyNetworkLost()
    {
        foreach (var (name, arguments) in networks.Describe(folder)) (await gateway.VerbAsync(["backend", "add", name, .. arguments])).ShouldSucceed();
        await gateway.SetTiersAsync();

        // 1. Killed wherever it is, and once on each network when that has been paid and the gateway does not know it yet.
        var (killCount, unpaid) = (0, networks.Names.ToHashSet());
        var atPayment = new SemaphoreSlim(0);
        networks.Paid = name =>
        {
            lock (unpaid)
                if (!unpaid.Remove(name)) return;
            _ = gateway.KillAsync();
            atPayment.Release();
        };
        await gateway.MoveAllAsync(async random =>
        {
            bool isPaid;
            lock (unpaid) isPaid = unpaid.Count == 0;
            if (++killCount <= KillCount) await atPayment.WaitAsync(random.Next(100, 9_000));
            else if (!isPaid || atPayment.CurrentCount > 0) (await atPayment.WaitAsync(paymentPatience)).ShouldBeTrue($"Within {paymentPatience.TotalMinutes} minutes nobody was paid (seed {gateway.Seed}).");
            else return false;
            return true;
        });
        await gateway.ShouldBeArchivedAsync("GLACIER/0");
        await gateway.ShouldBeArchivedAsync("DEEP_ARCHIVE/0");
        var shardCounts = new Dictionary<string, int>();
        foreach (var tier in tiers)
            foreach (var name in tier.Networks) shardCounts[name] = shardCounts.GetValueOrDefault(name) + await gateway.CountSegmentsAsync(tier);
        await ShouldBePaidOnceAsync(shardCounts);

        // 2. Each network is lost, one after the other.
        var next = tiers.ToDictionary(tier => tier.Class, _ => 0);
        foreach (var name in networks.Names)
        {
            networks.SetLost(name, true);
            await gateway.RestartAsync();
            foreach (var tier in tiers.Where(tier => tier.Networks.Contains(name))) await gateway.RestoreAsync(tier.Class, next[tier.Class]++);
            networks.SetLost(name, false);
        }

        // 3. Nothing was paid for in the meantime, either.
        await ShouldBePaidOnceAsync(shardCounts);
    }

    private async Task ShouldBePaidOnceAsync(Dictionary<string, int> shardCounts)
    {
        var listed = (await gateway.JsonAsync("backend", "list")).GetProperty("networks").EnumerateArray().ToDictionary(network => network.GetProperty("name").GetString()!, network => network.GetProperty("items"));
        foreach (var (name, count) in shardCounts)
        {
            var because = $"{name}, seed {gateway.Seed}: {listed[name]}";
            listed[name].EnumerateObject().Single().Name.ShouldBe("Sealed", because);
            listed[name].GetProperty("Sealed").GetInt32().ShouldBe(count, because);
            var paid = await networks.ListPaidAsync(name);
            paid.Count.ShouldBe(count, because);
            paid.ShouldBeUnique(because);
        }
    }
}
