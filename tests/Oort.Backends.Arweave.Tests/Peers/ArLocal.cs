using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Oort.Backends.Arweave.Tests.Support;

namespace Oort.Backends.Arweave.Tests.Peers;

/// <summary>A weave that others wrote, arlocal, on two free ports of 127.0.0.1: as a node and as a gateway. A block comes when a test says so.</summary>
/// <remarks>It checks signatures, ids, anchors and balances of transactions, and unpacks bundles; it neither checks the paths of chunks nor places them as nodes do.</remarks>
internal sealed partial class ArLocal : IAsyncDisposable
{
    /// <summary>A machine that builds and tests at once may take long for a start.</summary>
    private static readonly TimeSpan startTimeout = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly string folder;
    private readonly HttpClient http = new();

    private ArLocal(Process process, string folder, int nodePort, int gatewayPort)
    {
        this.process = process;
        this.folder = folder;
        Node = new($"http://127.0.0.1:{nodePort}/");
        Gateway = new($"http://127.0.0.1:{gatewayPort}/");
    }

    public Uri Node { get; }

    public Uri Gateway { get; }

    /// <summary>Starts it and waits until it listens.</summary>
    public static async Task<ArLocal> StartAsync()
    {
        var script = Path.Combine(Vectors.Root, "tests", "peers", "arweave", "start.cjs");
        if (!Directory.Exists(Path.Combine(Path.GetDirectoryName(script)!, "node_modules"))) throw new InvalidOperationException("arlocal is not there: ./build.sh installs it into tests/peers/arweave.");
        var folder = Directory.CreateTempSubdirectory("oort-arlocal-").FullName;
        var process = Process.Start(new ProcessStartInfo("node", [script, Path.Combine(folder, "data")]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = new StringBuilder();
        var ports = new TaskCompletionSource<Match>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            using var limit = new CancellationTokenSource(startTimeout);
            var end = process.WaitForExitAsync(limit.Token);
            if (await Task.WhenAny(ports.Task, end) == end) throw new InvalidOperationException($"arlocal does not start:\n{output}");
            var found = await ports.Task;
            return new(process, folder, Number(found.Groups[1]), Number(found.Groups[2]));
        }
        catch
        {
            await EndAsync(process, folder);
            throw;
        }

        void Keep(string? line)
        {
            lock (output) output.AppendLine(line);
            if (line is not null && Ports().Match(line) is { Success: true } match) ports.TrySetResult(match);
        }

        static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);
    }

    /// <summary>Puts winston into a wallet.</summary>
    public Task PayAsync(string address, long winston) => AskAsync($"mint/{address}/{winston.ToString(CultureInfo.InvariantCulture)}");

    public Task MineAsync(int count = 1) => AskAsync($"mine/{count.ToString(CultureInfo.InvariantCulture)}");

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await EndAsync(process, folder);
    }

    private async Task AskAsync(string path)
    {
        using var response = await http.GetAsync(new Uri(Node, path));
        if (response.StatusCode != HttpStatusCode.OK) throw new InvalidOperationException($"arlocal answers {(int)response.StatusCode} to {path}.");
    }

    private static async Task EndAsync(Process process, string folder)
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [GeneratedRegex("^node ([0-9]+) gateway ([0-9]+)$")]
    private static partial Regex Ports();
}
