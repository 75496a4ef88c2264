using System.Globalization;
using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Model;

/// <summary>Random requests on a whole gateway whose stores fail.</summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int StepCount = 200;

    /// <summary>Runs that found something once, and some that cover much.</summary>
    private static readonly int[] keptSeeds = [1, 2];

    [Fact]
    public async Task Faults_KeptSeeds_LoseNothing()
    {
        var refused = 0;
        foreach (var seed in keptSeeds) refused += (await RunAsync(seed)).Refused;
        refused.ShouldBeGreaterThan(0, "no fault ever had an effect");
    }

    [Fact]
    public async Task Faults_NewSeeds_LoseNothing()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("OORT_MODEL_SEQUENCES") ?? "1", CultureInfo.InvariantCulture);
        for (var i = 0; i < count; i++) await RunAsync(RandomNumberGenerator.GetInt32(int.MaxValue));
    }

    private async Task<FaultRun> RunAsync(int seed)
    {
        output.WriteLine($"seed {seed}");
        await using var gateway = await RestartableGateway.StartAsync(isOnDisk: false);
        var run = new FaultRun(gateway, seed);
        await run.StartAsync();
        for (var step = 0; step < StepCount; step++)
        {
            try
            {
                await run.StepAsync();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Assert.Fail($"Seed {seed}, step {step}: {e}");
            }
        }

        await run.FinishAsync();
        output.WriteLine($"{run.Done} done, {run.Refused} refused");
        return run;
    }
}
