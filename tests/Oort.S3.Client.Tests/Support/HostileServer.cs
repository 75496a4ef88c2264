using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Oort.S3.Client.Tests.Support;

/// <summary>A request as it came: its first line and headers by lower-case name.</summary>
internal sealed record SeenRequest(string Line, IReadOnlyDictionary<string, string> Headers)
{
    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}

/// <summary>A TCP server on 127.0.0.1 that answers each request with exactly the bytes that a test gives, and closes the connection.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<int, SeenRequest, byte[]?> answer;
    private readonly ConcurrentQueue<SeenRequest> seen = new();
    private readonly Task loop;
    private int count;

    /// <param name="answer">From the request's number, from 0, and the request to the bytes of its answer; null: none ever comes.</param>
    public HostileServer(Func<int, SeenRequest, byte[]?> answer)
    {
        this.answer = answer;
        listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}");
        loop = AcceptAsync();
    }

    public Uri Endpoint { get; }

    public IReadOnlyList<SeenRequest> Seen => [.. seen];

    /// <summary>Set at the first request that gets no answer.</summary>
    public TaskCompletionSource Silent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static byte[] Answer(int status, string headers, string body) => Answer(status, headers, Encoding.UTF8.GetBytes(body));

    /// <param name="headers">Lines without the last line end; Content-Length is added unless there is one.</param>
    public static byte[] Answer(int status, string headers, byte[] body)
    {
        var length = headers.Contains("Content-Length", StringComparison.OrdinalIgnoreCase) ? "" : $"Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n";
        var head = $"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} x\r\nConnection: close\r\n{length}{headers}{(headers.Length > 0 ? "\r\n" : "")}\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    public S3Client Client(Func<S3ClientOptions, S3ClientOptions>? change = null, TimeProvider? time = null)
    {
        var options = new S3ClientOptions { Endpoint = Endpoint, AttemptCountMax = 4, RetryDelayBase = TimeSpan.FromTicks(1) };
        return new S3Client(change?.Invoke(options) ?? options, new AccessKeys("AKID", "secret"), time ?? TimeProvider.System, new Random(1));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        listener.Stop();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true) running.Add(ServeAsync(await listener.AcceptSocketAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var own = socket;
        try
        {
            await using var stream = new NetworkStream(socket);
            var request = await ReadAsync(stream);
            if (request is null) return;
            seen.Enqueue(request);
            if (answer(Interlocked.Increment(ref count) - 1, request) is { } bytes)
            {
                await stream.WriteAsync(bytes, stop.Token);
                socket.Shutdown(SocketShutdown.Send);
                // Until the client has closed: a reset could overtake the answer.
                var rest = new byte[4096];
                while (await stream.ReadAsync(rest, stop.Token) > 0)
                {
                    // What still comes of its body is not looked at.
                }

                return;
            }

            Silent.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<SeenRequest?> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        while (bytes.Count < 4 || !bytes[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, stop.Token) == 0) return null;
            bytes.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. bytes]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return new(lines[0], lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]));
    }
}
