using System.Globalization;
using Shouldly;
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Oort.Simulation;

/// <summary>Seeds of every run, and as many as are asked for.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>The first seed of a run on demand (./build.sh simulate SEED); without it, that run has nothing to do.</summary>
    private const string SeedVariable = "OORT_SIMULATION_SEED";

    private const string MinutesVariable = "OORT_SIMULATION_MINUTES";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Cluster_UnderFaults_KeepsItsPromises(int seed) => output.WriteLine((await new Scenario().RunAsync(seed)).ToString());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Gateways_SharingADatabase_KeepTheirPromises(int seed) => output.WriteLine((await new Scenario { SharedGatewayCount = 2 }.RunAsync(seed)).ToString());

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Seed_RunTwice_DoesTheSame(int sharedGatewayCount)
    {
        var scenario = new Scenario { RoundTime = TimeSpan.FromSeconds(30), ClientCount = 2, SharedGatewayCount = sharedGatewayCount };
        var first = await scenario.RunAsync(7);
        var second = await scenario.RunAsync(7);
        output.WriteLine(first.ToString());
        second.ShouldBe(first);
    }

    [Fact]
    public async Task Seeds_OnDemand_KeepTheirPromises()
    {
        if (Environment.GetEnvironmentVariable(SeedVariable) is not { Length: > 0 } text) return;
        var seed = int.Parse(text, CultureInfo.InvariantCulture);
        var minutes = double.Parse(Environment.GetEnvironmentVariable(MinutesVariable) ?? "0", CultureInfo.InvariantCulture);
        var begun = TimeProvider.System.GetTimestamp();
        do
        {
            foreach (var count in (int[])[0, 2]) Console.WriteLine(await new Scenario { RoundCount = 4, RoundTime = TimeSpan.FromSeconds(100), SharedGatewayCount = count }.RunAsync(seed));
            seed++;
        }
        while (TimeProvider.System.GetElapsedTime(begun).TotalMinutes < minutes);
    }
}
