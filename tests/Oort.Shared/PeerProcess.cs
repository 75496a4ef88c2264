using System.Collections.Concurrent;
using System.Diagnostics;

namespace Oort.Shared;

/// <summary>A program of tests/peers/ipfs on 127.0.0.1, ended with the test.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan startTimeout = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly TaskCompletionSource<Uri> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string word;
    private bool isDisposed;

    private PeerProcess(string word, IEnumerable<string> arguments)
    {
        this.word = word + " ";
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
            throw new InvalidOperationException("The npm packages of tests/peers/ipfs are not installed: run ./build.sh, or npm ci --ignore-scripts in that folder.");
        var start = new ProcessStartInfo("node", ["--require", Path.Combine(Folder, "preload.cjs"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
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

    public static string Folder { get; } = FindFolder();

    public Uri Address { get; private set; } = null!;

    /// <summary>Starts one, and waits until it says where it is: in a line that begins so, followed by a space and the address.</summary>
    public static async Task<PeerProcess> StartAsync(string word, params string[] arguments)
    {
        var peer = new PeerProcess(word, arguments);
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

    private static string FindFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Oort.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests", "peers", "ipfs");
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
