using System.Net;
using System.Net.Sockets;

namespace Oort.Metadata.Tests.Postgres;

/// <summary>Stands between engine and server, and cuts a connection when the server has committed a marked transaction, before the engine hears of it.</summary>
/// <remarks>The mark is a notice that a deferred trigger raises at COMMIT (<see cref="Mark"/>): it comes before the answer to COMMIT.</remarks>
internal sealed class CuttingProxy : IAsyncDisposable
{
    public const string Mark = "oort-test-committing";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> tasks = [];
    private readonly int serverPort;
    private int cuts;

    public CuttingProxy(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        tasks.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How often it has cut a connection.</summary>
    public int Cuts => Volatile.Read(ref cuts);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        foreach (var task in tasks.ToArray()) await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync(stop.Token);
            tasks.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, serverPort, stop.Token);
            await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream(), stop.Token), AnswerAsync(server.GetStream(), client.GetStream()));
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client)
    {
        var buffer = new byte[64 * 1024];
        var marked = false;
        while (await server.ReadAsync(buffer, stop.Token) is > 0 and var count)
        {
            var text = buffer.AsSpan(0, count);
            marked |= text.IndexOf(System.Text.Encoding.ASCII.GetBytes(Mark)) >= 0;
            if (!marked)
            {
                await client.WriteAsync(buffer.AsMemory(0, count), stop.Token);
                continue;
            }
            if (text.IndexOf("COMMIT\0"u8) < 0) continue;
            Interlocked.Increment(ref cuts);
            return;
        }
    }
}
