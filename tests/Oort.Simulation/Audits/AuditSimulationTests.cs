using System.Globalization;
using Shouldly;
using Xunit;

namespace Oort.Simulation.Audits;

/// <summary>The bar for audits: who has lost a tenth is found out, and who is honest is not punished for the network.</summary>
public sealed class AuditSimulationTests(ITestOutputHelper output)
{
    /// <summary>What is run on demand (./build.sh simulate audits …): "loss SHARE once|lasting SHARDS SEED RUNS" or "year NODES DAYS SEED".</summary>
    private const string DemandVariable = "OORT_SIMULATION_AUDITS";

    private const int AuditsMax = 1_500;

    /// <summary>Runs of every test run; the thousand of the bar are made on demand.</summary>
    private const int RunCount = 4;

    [Fact]
    public async Task Audits_NodeThatLostATenth_IsDisqualifiedWithin1500()
    {
        var summary = await LoseAsync(0.1, isLasting: true, shards: 400, firstSeed: 1, RunCount);
        // Not one in a hundred runs may take longer: of these none does.
        summary.Late.ShouldBe(0);
        // The median of the research is 509; of four runs the second is never that far from it.
        summary.Median.ShouldBeInRange(300, 900);
    }

    [Fact]
    public async Task Audits_NodeThatLostEverythingOnce_IsDisqualifiedByTheFastFilter()
    {
        var summary = await LoseAsync(1, isLasting: false, shards: 400, firstSeed: 1, 2);
        (summary.Median, summary.Longest).ShouldBe((10, 10));
    }

    [Fact]
    public async Task Audits_HonestNodesBehindAFaultyNetwork_AreNotPunished()
    {
        using var image = await AuditImage.MakeAsync(HonestYear.Shape(nodes: 10));
        var outcome = await new HonestYear(image, seed: 1, days: 30).RunAsync();
        output.WriteLine(outcome.ToString());
        (outcome.Disqualified, outcome.EverSuspended, outcome.Audits.Failed).ShouldBe((0, 0, 0));
        outcome.Audits.Passed.ShouldBeGreaterThan(10 * 30 * 20 * 9 / 10);
        outcome.Faults.ShouldBeGreaterThan(0);
    }

    /// <summary>On demand any of them; in each test run a loss of which repair restores what it can.</summary>
    [Fact]
    public async Task Audits_OnDemand_AreReported()
    {
        var words = (Environment.GetEnvironmentVariable(DemandVariable) is { Length: > 0 } text ? text : "loss 1 lasting 400 3 1").Split(' ');
        if (words[0] == "year")
        {
            using var image = await AuditImage.MakeAsync(HonestYear.Shape(Number(words[1])));
            var outcome = await new HonestYear(image, Number(words[3]), Number(words[2])).RunAsync();
            Console.WriteLine(outcome);
            outcome.Disqualified.ShouldBe(0);
            return;
        }

        var (share, isLasting, runs) = (double.Parse(words[1], CultureInfo.InvariantCulture), words[2] == "lasting", Number(words[5]));
        var summary = await LoseAsync(share, isLasting, Number(words[3]), Number(words[4]), runs);
        // The bar. Less than a tenth takes longer; what is lost once is repaired meanwhile, and who has it again is not disqualified.
        if (isLasting && share >= 0.1) summary.Late.ShouldBeLessThanOrEqualTo(runs / 100);
    }

    private async Task<Summary> LoseAsync(double share, bool isLasting, int shards, int firstSeed, int count)
    {
        using var image = await AuditImage.MakeAsync(LossRun.Shape(shards));
        var audits = new List<int>();
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
        {
            audits.Add(await new LossRun(image, seed, share, isLasting, AuditsMax).RunAsync() ?? int.MaxValue);
            if (audits.Count % 50 == 0) Tell();
        }

        return Tell();

        Summary Tell()
        {
            var sorted = audits.Order().ToArray();
            var summary = new Summary(sorted.Count(one => one > AuditsMax), sorted[(sorted.Length - 1) / 2], sorted[(sorted.Length * 99 - 1) / 100], sorted[^1]);
            var line = string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} % of {shards} shards lost {(isLasting ? "for good" : "once")}, seeds {firstSeed} to {firstSeed + sorted.Length - 1}: disqualified within {AuditsMax} audits {100.0 * (sorted.Length - summary.Late) / sorted.Length:0.0} %, median {Said(summary.Median)}, p99 {Said(summary.Ninetyninth)}; processor time {Environment.CpuUsage.TotalTime.TotalSeconds:0} s");
            output.WriteLine(line);
            Console.WriteLine(line);
            return summary;
        }
    }

    private static string Said(int audits) => audits > AuditsMax ? "more" : audits.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <param name="Late">Runs in which the node was not disqualified in time.</param>
    private sealed record Summary(int Late, int Median, int Ninetyninth, int Longest);
}
