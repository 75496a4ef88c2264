using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Oort.Evm.Tests.Peer;

/// <summary>A real chain of one node, anvil, on a free port of 127.0.0.1.</summary>
public sealed class Anvil : IAsyncDisposable
{
    /// <summary>A machine that builds and tests at once may take long for a start.</summary>
    private static readonly TimeSpan startTimeout = TimeSpan.FromMinutes(5);

    private readonly Process process;
    private readonly HttpClient http = new();

    private Anvil(Process process, int port)
    {
        this.process = process;
        Client = new(http, new EvmClientOptions { Endpoint = new Uri($"http://127.0.0.1:{port}") }, TimeProvider.System);
        Endpoint = new Uri($"http://127.0.0.1:{port}");
    }

    public EvmClient Client { get; }

    public Uri Endpoint { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="arguments">Further flags.</param>
    public static async Task<Anvil> StartAsync(params string[] arguments)
    {
        var program = PeerPackages.Find("@foundry-rs/anvil-linux-amd64/bin/anvil");
        // Another process may take the port between its choice and its use: then another is chosen.
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var process = Process.Start(new ProcessStartInfo(program, ["--host", "127.0.0.1", "--port", $"{port}", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = new StringBuilder();
            process.OutputDataReceived += (_, e) => Keep(e.Data);
            process.ErrorDataReceived += (_, e) => Keep(e.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            var anvil = new Anvil(process, port);
            if (await anvil.AnswersAsync()) return anvil;
            await anvil.DisposeAsync();
            if (attempt == 3) throw new InvalidOperationException($"anvil does not answer:\n{output}");

            void Keep(string? line)
            {
                lock (output) output.AppendLine(line);
            }
        }
    }

    /// <summary>Calls one of anvil's own methods, which have no parameters.</summary>
    public async Task CallAsync(string method)
    {
        using var content = new StringContent($$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":[]}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(Endpoint, content);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        using var limit = new CancellationTokenSource(startTimeout);
        while (!process.HasExited && !limit.IsCancellationRequested)
        {
            try
            {
                await Client.GetChainIdAsync(limit.Token);
                return true;
            }
            catch (EvmException)
            {
                // It does not listen yet.
                await Task.Delay(50);
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
