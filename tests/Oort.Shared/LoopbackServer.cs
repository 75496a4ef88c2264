using System.Net;
using System.Net.Sockets;

namespace Oort.Shared;

/// <summary>Listens on a free port of 127.0.0.1 and hands each connection to a method; when it is disposed, all of them have ended.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="serve">Owns the socket. Ends soon after its token is cancelled, and throws nothing.</param>
    public LoopbackServer(Func<Socket, CancellationToken, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                lock (_connections)
                {
                    _connections.RemoveWhere(connection => connection.IsCompletedSuccessfully);
                    _connections.Add(_serve(socket, _stopping.Token));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }
}
