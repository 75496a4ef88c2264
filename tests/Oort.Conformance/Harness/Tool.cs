using System.Diagnostics;
using System.Text;
using Shouldly;

namespace Oort.Conformance.Harness;

/// <summary>Runs an outside program to its end and keeps what it printed.</summary>
internal static class Tool
{
    /// <summary>An outside client that takes longer hangs.</summary>
    private static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(4);

    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>Fails the test with everything the program said, unless it ended with 0.</summary>
        public Result ShouldSucceed()
        {
            ExitCode.ShouldBe(0, $"output:\n{Tail(Output)}\nerror:\n{Tail(Error)}");
            return this;
        }

        /// <summary>Fails the test unless the program ended with this code and said this.</summary>
        public void ShouldFailWith(int exitCode, string said)
        {
            ExitCode.ShouldBe(exitCode, $"output:\n{Tail(Output)}\nerror:\n{Tail(Error)}");
            Error.ShouldContain(said);
        }

        private static string Tail(string text) => text.Length <= 4000 ? text : text[^4000..];
    }

    public static async Task<Result> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? directory = null, string? input = null, TimeSpan? timeout = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(IsOfTheUser).ToArray()) start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = ReadAsync(process.StandardOutput);
        var error = ReadAsync(process.StandardError);
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(timeout ?? TimeoutDefault);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end. Output:\n{await output}\nerror:\n{await error}");
        }

        return new Result(process.ExitCode, await output, await error);
    }

    // What the machine's user has set for his own clients (profiles, endpoints, certificate bundles, proxies) is not what is tested.
    private static bool IsOfTheUser(string variable) =>
        variable.StartsWith("AWS_", StringComparison.Ordinal)
        || variable.StartsWith("RCLONE_", StringComparison.Ordinal)
        || variable.StartsWith("RESTIC_", StringComparison.Ordinal)
        || variable.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase);

    private static async Task<string> ReadAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line) text.Append(line).Append('\n');
        return text.ToString();
    }
}
