using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Oort.Shared;

/// <summary>Passes bytes between clients and a server on 127.0.0.1, as badly as it is told: late, slowly, not at all, or until the connection is cut.</summary>
internal sealed class BreakingProxy : IAsyncDisposable
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Buffers on the way in one direction of a connection: 4 MiB.</summary>
    private const int BuffersMax = 256;

    private readonly LoopbackServer _server;
    private volatile int _target;
    private CancellationTokenSource _cutting = new();
    private (long Upstream, long Downstream)? _cut;
    private long _delayTicks;
    private volatile int _bytesPerSecond;

    public BreakingProxy(int target)
    {
        _target = target;
        _server = new(PassAsync);
    }

    public int Port => _server.Port;

    /// <summary>Port of the server; holds for connections that begin from now on.</summary>
    public int Target
    {
        get => _target;
        set => _target = value;
    }

    /// <summary>Bytes to the server and from it on the last connection that has ended or been cut.</summary>
    public (long Upstream, long Downstream) Passed { get; private set; }

    /// <summary>How much later all bytes come, in each direction; bytes on the way do not hold up those behind them.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>Bytes a second in each direction of each connection; 0: as many as come.</summary>
    public int BytesPerSecond
    {
        get => _bytesPerSecond;
        set => _bytesPerSecond = value;
    }

    /// <summary>While true nothing is passed, and nobody is told.</summary>
    public bool IsHung { get; set; }

    /// <summary>The next connection ends when so many bytes have gone to the server, or come from it.</summary>
    public void CutNextAfter(long upstream, long downstream) => _cut = (upstream, downstream);

    /// <summary>Cuts all connections that are open.</summary>
    public void CutAll() => Interlocked.Exchange(ref _cutting, new()).Cancel();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task PassAsync(Socket client, CancellationToken stopping)
    {
        var (upstreamMax, downstreamMax) = _cut ?? (long.MaxValue, long.MaxValue);
        _cut = null;
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, _target, stopping);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Nobody there: the client meets the end of its connection.
                return;
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, _cutting.Token);
            var up = CopyAsync(client, server, upstreamMax, end);
            var down = CopyAsync(server, client, downstreamMax, end);
            Passed = (await up, await down);
            // Reset, not closed in order: as when a cable is pulled.
            client.Close(0);
            server.Close(0);
        }
    }

    private async Task<long> CopyAsync(Socket from, Socket to, long max, CancellationTokenSource end)
    {
        var way = Channel.CreateBounded<(byte[] Bytes, long ReceivedAt)>(BuffersMax);
        var receiving = ReceiveAsync(from, way.Writer, max, end.Token);
        var passed = 0L;
        try
        {
            await foreach (var (bytes, receivedAt) in way.Reader.ReadAllAsync(end.Token))
            {
                var left = Delay - Stopwatch.GetElapsedTime(receivedAt);
                if (left > TimeSpan.Zero) await Task.Delay(left, end.Token);
                if (_bytesPerSecond is > 0 and var rate) await Task.Delay(TimeSpan.FromSeconds((double)bytes.Length / rate), end.Token);
                while (IsHung) await Task.Delay(TimeSpan.FromMilliseconds(20), end.Token);
                await to.SendAsync(bytes, end.Token);
                passed += bytes.Length;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The other direction has ended, or a peer has.
        }

        await end.CancelAsync();
        await receiving;
        return passed;
    }

    private static async Task ReceiveAsync(Socket from, ChannelWriter<(byte[] Bytes, long ReceivedAt)> way, long max, CancellationToken end)
    {
        var buffer = new byte[BufferSize];
        var received = 0L;
        try
        {
            while (received < max)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, max - received)), end);
                if (read == 0) break;
                received += read;
                await way.WriteAsync((buffer[..read], Stopwatch.GetTimestamp()), end);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // What was received is still passed on.
        }

        way.Complete();
    }
}
