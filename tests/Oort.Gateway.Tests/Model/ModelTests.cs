using System.Globalization;
using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Model;

/// <summary>Random sequences of S3 requests, run on the model and on the whole gateway, with restarts and kills in between.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int StepCount = 300;

    /// <summary>Runs that a failing sequence is cut down with at most; each takes about half a second.</summary>
    private const int CutRunsMax = 60;

    /// <summary>Sequences that found something once, and some that cover much.</summary>
    private static readonly int[] keptSeeds = [1, 2, 1107417403, 1216375632];

    private readonly SortedDictionary<string, int> answers = new(StringComparer.Ordinal);

    [Fact]
    public async Task Sequence_KeptSeeds_AnswersAsTheModel()
    {
        foreach (var seed in keptSeeds) await RunSeedAsync(seed, isOnDisk: false);

        output.WriteLine(string.Join('\n', answers.Select(pair => $"{pair.Key}: {pair.Value}")));
    }

    /// <summary>Other sequences each time; a failure names the seed, which then joins the kept ones.</summary>
    [Fact]
    public async Task Sequence_NewSeeds_AnswersAsTheModel()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("OORT_MODEL_SEQUENCES") ?? "2", CultureInfo.InvariantCulture);
        for (var i = 0; i < count; i++) await RunSeedAsync(NewSeed(), isOnDisk: false);
    }

    [Fact]
    public Task Sequence_StoresOnDisk_AnswersAsTheModel() => RunSeedAsync(NewSeed(), isOnDisk: true);

    private static int NewSeed() => RandomNumberGenerator.GetInt32(int.MaxValue);

    private async Task RunSeedAsync(int seed, bool isOnDisk)
    {
        output.WriteLine($"seed {seed}");
        var steps = Step.Sequence(seed, StepCount, restarts: 3);
        if (await FailureOfAsync(steps, isOnDisk) is not { } failure) return;

        // The shortest sequence that still fails, found by leaving out halves, quarters, … as long as it helps.
        var runs = 0;
        for (var size = steps.Count / 2; size > 0 && runs < CutRunsMax; size /= 2)
        {
            for (var at = 0; at < steps.Count && runs < CutRunsMax; runs++)
            {
                List<Step> shorter = [.. steps.Take(at), .. steps.Skip(at + size)];
                if (await FailureOfAsync(shorter, isOnDisk) is { } still) (steps, failure) = (shorter, still);
                else at += size;
            }
        }

        Assert.Fail($"Seed {seed} fails, with these steps:\n{string.Join('\n', steps)}\n\n{failure}");
    }

    /// <returns>What went wrong at the first step that did; null when all went well.</returns>
    private async Task<string?> FailureOfAsync(List<Step> steps, bool isOnDisk)
    {
        await using var gateway = await RestartableGateway.StartAsync(isOnDisk);
        var run = new ModelRun(gateway);
        foreach (var (index, step) in steps.Index())
        {
            try
            {
                await run.StepAsync(step);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                return $"Step {index}, {step}: {e}";
            }
        }

        try
        {
            await run.CheckAllAsync();
            foreach (var (answer, count) in run.Answers) answers[answer] = answers.GetValueOrDefault(answer) + count;
            return null;
        }
        catch (ShouldAssertException e)
        {
            return $"After all: {e}";
        }
    }
}
