using System.Net;
using System.Net.Sockets;

namespace Oort.Backends.Tests.Node;

/// <summary>Passes bytes between a client and a node, and cuts the next connection after so many bytes of one direction; those after it live.</summary>
internal sealed class BreakingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _target;
    private readonly Task _accepting;
    private readonly List<Task> _connections = [];
    private (long Upstream, long Downstream)? _cut;

    public BreakingProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes to the node and from it on the last connection that has ended or been cut.</summary>
    public (long Upstream, long Downstream) Passed { get; private set; }

    /// <summary>The next connection ends when so many bytes have gone to the node, or come from it.</summary>
    public void CutNextAfter(long upstream, long downstream) => _cut = (upstream, downstream);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] open;
        lock (_connections) open = [.. _connections];
        await Task.WhenAll(open);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                lock (_connections) _connections.Add(PassAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(Socket client)
    {
        var (upstreamMax, downstreamMax) = _cut ?? (long.MaxValue, long.MaxValue);
        _cut = null;
        using var node = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                await node.ConnectAsync(IPAddress.Loopback, _target);
            }
            catch (SocketException)
            {
                // Nobody there: the client meets the end of its connection.
                return;
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var up = CopyAsync(client, node, upstreamMax, end);
            var down = CopyAsync(node, client, downstreamMax, end);
            Passed = (await up, await down);
            // Reset, not closed in order: as when a cable is pulled.
            client.Close(0);
            node.Close(0);
        }
    }

    private static async Task<long> CopyAsync(Socket from, Socket to, long max, CancellationTokenSource end)
    {
        var passed = 0L;
        var buffer = new byte[16 * 1024];
        try
        {
            while (passed < max)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, max - passed)), end.Token);
                if (read == 0) break;
                await to.SendAsync(buffer.AsMemory(0, read), end.Token);
                passed += read;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The other direction has ended, or a peer has.
        }

        await end.CancelAsync();
        return passed;
    }
}
