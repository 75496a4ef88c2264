using System.Diagnostics;
using System.Text.Json;
using Oort.Benchmarks.Gateway;
using Oort.Shared;

namespace Oort.Benchmarks.Cluster;

/// <summary>Runs a verb of <c>oort</c> against a gateway.</summary>
internal static class AdminVerb
{
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <exception cref="InvalidOperationException">It failed; says why.</exception>
    public static async Task<JsonElement> RunAsync(Uri gateway, params string[] arguments)
    {
        var start = new ProcessStartInfo(OortProcess.Executable, [.. arguments, "--endpoint", gateway.AbsoluteUri, "--json"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OORT_ACCESS_KEY"] = ServerProcess.AccessKey;
        start.Environment["OORT_SECRET_KEY"] = ServerProcess.SecretKey;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"oort {string.Join(' ', arguments)}: {await error}{output}");
        return JsonDocument.Parse(output).RootElement;
    }

    /// <summary>Waits until what a verb says is so. A look costs a process of its own, so the time is right to some tenths of a second.</summary>
    public static async Task UntilAsync(Uri gateway, string[] verb, Func<JsonElement, bool> condition)
    {
        for (var begun = Stopwatch.GetTimestamp(); !condition(await RunAsync(gateway, verb)); await Task.Delay(PollPause))
            if (Stopwatch.GetElapsedTime(begun) > Patience) throw new TimeoutException($"oort {string.Join(' ', verb)} does not say what it should.");
    }
}
