using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Oort.S3;

namespace Oort.Benchmarks.Gateway;

/// <summary>One connection that sends signed requests (UNSIGNED-PAYLOAD) and reads answers; plain sockets, so that it takes little from the server.</summary>
internal sealed class LoadClient : IDisposable
{
    private const string Region = "us-east-1";

    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] buffer = new byte[256 * 1024];
    private readonly string host;
    private readonly byte[] key;
    private readonly string date;

    public LoadClient(Uri endpoint)
    {
        host = endpoint.Authority;
        date = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        key = SigV4.DeriveKey(ServerProcess.SecretKey, date, Region);
        socket.Connect(IPAddress.Loopback, endpoint.Port);
    }

    /// <summary>Sends one request and reads its answer to the end.</summary>
    /// <returns>Bytes of the answer's body.</returns>
    /// <exception cref="InvalidOperationException">Any status but 200 and 206; says the answer's head.</exception>
    public long Run(string method, string path, string query, ReadOnlySpan<byte> body)
    {
        Send(Head(method, path, query, body.Length));
        Send(body);
        return ReadAnswer(method);
    }

    public void Dispose() => socket.Dispose();

    private byte[] Head(string method, string path, string query, int length)
    {
        var stamp = SigV4.FormatTimestamp(TimeProvider.System.GetUtcNow());
        var scope = SigV4.Scope(date, Region);
        var canonical = $"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{SigV4.UnsignedPayload}\nx-amz-date:{stamp}\n\nhost;x-amz-content-sha256;x-amz-date\n{SigV4.UnsignedPayload}";
        Span<byte> signature = stackalloc byte[SigV4.Size];
        SigV4.Sign(key, SigV4.StringToSign(stamp, scope, SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), signature);
        var target = query.Length == 0 ? path : $"{path}?{query}";
        return Encoding.ASCII.GetBytes(
            $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nx-amz-content-sha256: {SigV4.UnsignedPayload}\r\nx-amz-date: {stamp}\r\nContent-Length: {length}\r\n"
            + $"Authorization: AWS4-HMAC-SHA256 Credential={ServerProcess.AccessKey}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={Convert.ToHexStringLower(signature)}\r\n\r\n");
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
    }

    private long ReadAnswer(string method)
    {
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += Receive(filled);
        var head = Encoding.ASCII.GetString(buffer, 0, end);
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) && !head.StartsWith("HTTP/1.1 206", StringComparison.Ordinal))
            throw new InvalidOperationException($"{method}: {head}");
        if (method == "HEAD") return 0;
        var rest = filled - end - 4;
        if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase)) return ReadChunked(end + 4, filled);
        var at = head.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
        var length = at < 0 ? 0 : long.Parse(head[(at + 15)..].Split('\r')[0], CultureInfo.InvariantCulture);
        for (var left = length - rest; left > 0;) left -= Receive(0, (int)Math.Min(left, buffer.Length));
        return length;
    }

    /// <summary>Reads until the last chunk's end; listings are the only answers that come so, and they end with it.</summary>
    private long ReadChunked(int from, int filled)
    {
        var total = (long)filled - from;
        while (!buffer.AsSpan(0, filled).EndsWith("0\r\n\r\n"u8))
        {
            if (filled > buffer.Length / 2)
            {
                buffer.AsSpan(filled - 16, 16).CopyTo(buffer);
                filled = 16;
            }

            var count = Receive(filled);
            filled += count;
            total += count;
        }

        return total;
    }

    private int Receive(int offset, int? count = null)
    {
        var received = socket.Receive(buffer.AsSpan(offset, count ?? buffer.Length - offset));
        return received > 0 ? received : throw new InvalidOperationException("The server closed the connection.");
    }
}
