using System.Collections.Concurrent;
using System.Diagnostics;

namespace Oort.Shared;

/// <summary>A program of tests/peers on 127.0.0.1, ended with the test.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan startTimeout = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly TaskCompletionSource<Uri> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string word;
    private bool isDisposed;

    private PeerProcess(string peers, string word, IEnumerable<string> arguments)
    {
        this.word = word + " ";
        var folder = FindFolder(peers);
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            throw new InvalidOperationException($"The npm packages of tests/peers/{peers} are not installed: run ./build.sh, or npm ci --ignore-scripts in that folder.");
        var preload = Path.Combine(folder, "preload.cjs");
        string[] required = File.Exists(preload) ? ["--require", preload] : [];
        var start = new ProcessStartInfo("node", [.. required, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null) Take(e.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>Starts one, and waits until it says where it is.</summary>
    /// <param name="peers">The folder in tests/peers; what is there in "preload.cjs" is loaded before it.</param>
    /// <param name="word">A line says so that begins with it, followed by a space and the address.</param>
    public static async Task<PeerProcess> StartAsync(string peers, string word, params string[] arguments)
    {
        var peer = new PeerProcess(peers, word, arguments);
        try
        {
            peer.Address = await peer.ready.Task.WaitAsync(startTimeout);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, true)) return;
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static string FindFolder(string peers)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Oort.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests", "peers", peers);
    }

    private void Take(string? line)
    {
        // The end of a stream: it says nothing more.
        if (line is null)
        {
            ready.TrySetException(new InvalidOperationException($"The peer did not start:\n{string.Join('\n', lines)}"));
            return;
        }

        lines.Enqueue(line);
        if (line.StartsWith(word, StringComparison.Ordinal)) ready.TrySetResult(new(line[word.Length..]));
    }
}
