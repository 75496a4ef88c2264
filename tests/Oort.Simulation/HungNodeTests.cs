using System.Globalization;
using Oort.Objects;
using Oort.Simulation.Scheduling;
using Oort.Simulation.Workload;
using Shouldly;
using Xunit;

namespace Oort.Simulation;

/// <summary>What a node costs that takes every request and answers none, once it has been given up.</summary>
public sealed class HungNodeTests(ITestOutputHelper output)
{
    private const int RequestCount = 200;

    /// <summary>The promise: p99 with one hung node of six is at most this many times that of a healthy cluster.</summary>
    private const double RatioMax = 1.5;

    [Theory]
    [InlineData(1, 20_000)]
    [InlineData(2, 300_000)]
    public async Task Latency_WithOneHungNodeGivenUp_StaysNearTheHealthy(int seed, int length)
    {
        using var world = new World(new Simulator(seed));
        var healthy = new Client(world, 0, 20) { Sizes = [length] };
        var later = new Client(world, 1, 20) { Sizes = [length] };
        await world.Simulator.RunAsync(async () =>
        {
            await world.StartAsync();
            await MeasureAsync(healthy);
            var node = world.Members[3];
            node.IsHung = true;
            while (world.Gateway!.System.GetStatus().Stores.All(store => store.Health == StoreHealth.Online)) await MeasureOneAsync(healthy);
            while (world.Gateway!.System.GetStatus().Stores.First(store => store.Location == node.Address.ToString()).Health != StoreHealth.Offline) await MeasureOneAsync(later);
            later.Puts.Clear();
            later.Gets.Clear();
            healthy.Puts.RemoveRange(RequestCount, healthy.Puts.Count - RequestCount);
            healthy.Gets.RemoveRange(RequestCount, healthy.Gets.Count - RequestCount);
            await MeasureAsync(later);
            node.IsHung = false;
            world.LinkTo(node).Reset();
            await world.StopAsync();
        });
        later.Failures.ShouldBe(0);
        Compare("PUT", healthy.Puts, later.Puts);
        Compare("GET", healthy.Gets, later.Gets);
    }

    private static async Task MeasureAsync(Client client)
    {
        for (var i = 0; i < RequestCount; i++) await MeasureOneAsync(client, i);
    }

    private static async Task MeasureOneAsync(Client client, int i = 0)
    {
        var key = client.Keys[i % client.Keys.Count];
        await client.PutAsync(key);
        await client.GetAsync(key);
    }

    private void Compare(string name, List<TimeSpan> healthy, List<TimeSpan> later)
    {
        var (before, after) = (Percentile(healthy), Percentile(later));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: p99 {before.TotalMilliseconds:0.00} ms healthy, {after.TotalMilliseconds:0.00} ms with a hung node: {after / before:0.00} times"));
        (after / before).ShouldBeLessThanOrEqualTo(RatioMax, name);
    }

    private static TimeSpan Percentile(List<TimeSpan> times) => times.Order().ElementAt(times.Count * 99 / 100);
}
