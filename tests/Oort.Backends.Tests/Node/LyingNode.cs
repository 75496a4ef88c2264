using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Oort.Backends.Node;
using Oort.Checksums;
using Oort.Node.Protocol;
using Oort.Shared;

namespace Oort.Backends.Tests.Node;

/// <summary>A node with a key of its own that answers what a test tells it, byte by byte; by itself only a right status.</summary>
internal sealed class LyingNode : IAsyncDisposable
{
    public const string Store = "00000000000000000000000000000005";

    private readonly LoopbackServer _server;
    private readonly SslStreamCertificateContext _certificate;
    private int _requestCount;

    public LyingNode()
    {
        _certificate = SslStreamCertificateContext.Create(Identity.Certificate, null, offline: true);
        _server = new(ServeAsync);
    }

    public NodeIdentity Identity { get; } = NodeIdentity.Create();

    public NodeIdentity Gateway { get; } = NodeIdentity.Create();

    public NodeAddress Address => new(Identity.Id, "127.0.0.1", _server.Port);

    /// <summary>The answer to a request that begins so ("GET /v1/shards/…"); null: nothing ever, an empty array: cuts the connection.</summary>
    public Func<string, byte[]?> Answer { get; set; } = _ => [];

    /// <summary>Requests but those for the status.</summary>
    public int RequestCount => Volatile.Read(ref _requestCount);

    public Task<NodeStore> OpenAsync(NodeStoreOptions? options = null) => NodeStore.OpenAsync(Address, Gateway, TestNode.Cluster, options ?? TestNode.ClientOptions, CancellationToken.None);

    /// <summary>A status of this node.</summary>
    public NodeStatus Status() => new() { Protocol = 1, Version = "0", Node = Identity.Id.ToString(), Store = Store, Cluster = TestNode.Cluster.ToString(), Generation = 1, Clock = 1, StartedAt = 1 };

    /// <summary>An answer as it should be, with these headers.</summary>
    public static byte[] Ok(byte[] body, params string[] headers) => Http("200 OK", body, headers);

    public static byte[] Http(string status, byte[] body, params string[] headers) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n"), .. body];

    public static byte[] Checked(byte[] content)
    {
        var crc = BitConverter.GetBytes(Crc64Nvme.Compute(content));
        Array.Reverse(crc);
        return [.. content, .. crc];
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Identity.Dispose();
        Gateway.Dispose();
    }

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        try
        {
            await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate, ClientCertificateRequired = true, EnabledSslProtocols = SslProtocols.Tls13, RemoteCertificateValidationCallback = (_, peer, _, _) => peer is not null }, stopping);
            var buffer = new byte[64 * 1024];
            var received = new List<byte>();
            while (true)
            {
                // 1. Headers, then the body that they announce.
                int end;
                while ((end = Encoding.Latin1.GetString([.. received]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
                    await ReceiveAsync();
                var head = Encoding.Latin1.GetString([.. received], 0, end);
                var length = head.Split("\r\n").Where(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)).Select(line => int.Parse(line[16..], CultureInfo.InvariantCulture)).FirstOrDefault();
                while (received.Count < end + 4 + length) await ReceiveAsync();
                received.RemoveRange(0, end + 4 + length);

                // 2. What the test says.
                var isStatus = head.StartsWith("GET /v1/status", StringComparison.Ordinal);
                if (!isStatus) Interlocked.Increment(ref _requestCount);
                var answer = Answer(head);
                if (answer is null) await Task.Delay(Timeout.Infinite, stopping);
                if (answer!.Length == 0 && isStatus) answer = Ok(Status().Encode());
                if (answer.Length == 0) return;
                await stream.WriteAsync(answer, stopping);
                // An answer that promises more than it has ends with the connection.
                if (IsShort(answer)) return;
            }

            async Task ReceiveAsync()
            {
                var read = await stream.ReadAsync(buffer, stopping);
                if (read == 0) throw new IOException("The client is gone.");
                received.AddRange(buffer[..read]);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or AuthenticationException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private static bool IsShort(byte[] answer)
    {
        var text = Encoding.Latin1.GetString(answer);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = text.IndexOf("Content-Length: ", StringComparison.Ordinal);
        // Half of the headers, or chunks, are an end, too.
        return end < 0 || at < 0 || int.Parse(text[(at + 16)..text.IndexOf('\r', at)], CultureInfo.InvariantCulture) > answer.Length - end - 4;
    }
}
