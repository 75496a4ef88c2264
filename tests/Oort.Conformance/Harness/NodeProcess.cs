using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Oort.Backends.Node;
using Oort.Node.Protocol;

namespace Oort.Conformance.Harness;

/// <summary>A real <c>oort node</c> on a free port of 127.0.0.1.</summary>
internal sealed partial class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private NodeProcess(Process process, JsonElement announcement)
    {
        _process = process;
        Announcement = announcement;
        Address = new(NodeId.TryParse(announcement.GetProperty("id").GetString(), out var id) ? id : throw new InvalidDataException("The node says no id."), "127.0.0.1", IPEndPoint.Parse(announcement.GetProperty("listen").GetString()!).Port);
    }

    /// <summary>What it printed.</summary>
    public JsonElement Announcement { get; }

    public NodeAddress Address { get; }

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <param name="data">Its directory; kept when the process ends.</param>
    /// <param name="arguments">Further flags of <c>oort node</c>.</param>
    public static Task<NodeProcess> StartAsync(string data, params string[] arguments) => StartAsync([], data, arguments);

    /// <summary>Joins a cluster with it, and waits until it says that it serves.</summary>
    public static Task<NodeProcess> JoinAsync(string token, string data, params string[] arguments) => StartAsync(["join", token], data, arguments);

    /// <summary>Waits until it has ended by itself. Result: the exit code.</summary>
    public async Task<int> WhenEndedAsync(TimeSpan patience)
    {
        await _process.WaitForExitAsync().WaitAsync(patience);
        return _process.ExitCode;
    }

    private static async Task<NodeProcess> StartAsync(string[] verb, string data, string[] arguments)
    {
        var start = new ProcessStartInfo(GatewayProcess.Executable, ["node", .. verb, "--data", data, "--listen", "127.0.0.1:0", "--log-level", "Warning", "--json", .. arguments])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        try
        {
            using var timeout = new CancellationTokenSource(StartTimeout);
            var text = "";
            while (await process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
            {
                text += line;
                if (line == "}") return new(process, JsonDocument.Parse(text).RootElement);
            }

            throw new InvalidOperationException("oort node ended before it served.");
        }
        catch
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
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
