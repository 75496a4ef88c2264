using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Oort.Conformance.Harness;

/// <summary>A real <c>oort serve</c> on a free port of 127.0.0.1 and a temporary directory.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    public const string AccessKey = "OORTTESTACCESSKEY";
    public const string SecretKey = "oort-test-secret-key-0123456789";

    private const string ReadyMarker = "S3 endpoint: ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines;

    private GatewayProcess(Process process, ConcurrentQueue<string> lines, string endpoint, string data)
    {
        _process = process;
        _lines = lines;
        Endpoint = endpoint;
        Data = data;
    }

    /// <summary>http://127.0.0.1:PORT</summary>
    public string Endpoint { get; }

    public string Data { get; }

    public int ProcessId => _process.Id;

    /// <summary>Everything it printed so far.</summary>
    public string Log => string.Join('\n', _lines);

    /// <summary>The executable under test, built beside the tests.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "oort");

    /// <summary>Environment for outside clients: the credentials, and no profile of the machine's user.</summary>
    public IReadOnlyDictionary<string, string> ClientEnvironment(string home) => new Dictionary<string, string>
    {
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
        ["AWS_DEFAULT_REGION"] = "us-east-1",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["AWS_CONFIG_FILE"] = Path.Combine(home, "aws-config"),
        ["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(home, "aws-credentials"),
        ["OORT_ENDPOINT"] = Endpoint,
        ["HOME"] = home,
    };

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <param name="data">Data directory; kept when the process ends.</param>
    /// <param name="arguments">Further flags of <c>oort serve</c>.</param>
    public static async Task<GatewayProcess> StartAsync(string data, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, ["serve", "--data", data, .. arguments.Contains("--listen") ? Array.Empty<string>() : ["--listen", "127.0.0.1:0"], "--log-level", "Warning", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["OORT_ACCESS_KEY"] = AccessKey;
        start.Environment["OORT_SECRET_KEY"] = SecretKey;
        // A process that is killed would leave its diagnostic pipes in the machine's temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        var lines = new ConcurrentQueue<string>();
        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(string? line)
        {
            if (line is null) return;
            lines.Enqueue(line);
            while (lines.Count > 20_000) lines.TryDequeue(out _);
            var at = line.IndexOf(ReadyMarker, StringComparison.Ordinal);
            if (at >= 0) ready.TrySetResult(line[(at + ReadyMarker.Length)..].Trim());
        }

        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException($"oort serve ended with {process.ExitCode} before it served:\n{string.Join('\n', lines)}"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            return new GatewayProcess(process, lines, await ready.Task.WaitAsync(StartTimeout), data);
        }
        catch
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>SIGKILL, and waits for the end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: a graceful end. Result: the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        SendSignal(_process.Id, 15);
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
