using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Oort.Shared;

/// <summary>A real <c>oort</c> process, built beside the tests: started, watched, killed or ended.</summary>
internal abstract partial class OortProcess : IAsyncDisposable
{
    /// <summary>A machine that builds and tests at once may take long for a start.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private const int LinesMax = 20_000;
    private const int SignalTerminate = 15;
    private const int SignalHangUp = 1;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines;

    protected OortProcess(Started started) => (_process, _lines) = (started.Process, started.Lines);

    /// <summary>The executable under test.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "oort");

    public int ProcessId => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Everything it printed so far.</summary>
    public string Log => string.Join('\n', _lines);

    /// <summary>SIGKILL, and waits for the end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: a graceful end. Result: the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        SendSignal(_process.Id, SignalTerminate);
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>SIGHUP: its files have changed.</summary>
    public void HangUp() => SendSignal(_process.Id, SignalHangUp);

    /// <summary>Waits until it has ended by itself. Result: the exit code.</summary>
    public async Task<int> WhenEndedAsync(TimeSpan patience)
    {
        await _process.WaitForExitAsync().WaitAsync(patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    /// <summary>Starts it and waits for a line that says that it serves.</summary>
    /// <exception cref="InvalidOperationException">It ended before; with all that it said.</exception>
    protected static Task<Started> RunAsync(IEnumerable<string> arguments, Func<string, bool> isReady, params (string Name, string Value)[] environment) =>
        RunOtherAsync(Executable, arguments, isReady, environment);

    /// <summary>As above, of another executable: one of an earlier version.</summary>
    protected static async Task<Started> RunOtherAsync(string executable, IEnumerable<string> arguments, Func<string, bool> isReady, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // A process that is killed would leave its diagnostic pipes in the machine's temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        var lines = new ConcurrentQueue<string>();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(string? line)
        {
            if (line is null) return;
            lines.Enqueue(line);
            while (lines.Count > LinesMax) lines.TryDequeue(out _);
            if (isReady(line)) ready.TrySetResult();
        }

        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            // Its output is read to the end before it counts as ended.
            var ended = process.WaitForExitAsync();
            if (await Task.WhenAny(ready.Task, ended).WaitAsync(StartTimeout) == ended && !ready.Task.IsCompleted)
                throw new InvalidOperationException($"oort ended with {process.ExitCode} before it served:\n{string.Join('\n', lines)}");
            return new(process, lines);
        }
        catch
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    /// <summary>A process that serves.</summary>
    protected sealed record Started(Process Process, ConcurrentQueue<string> Lines);
}
