using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Oort.S3;

namespace Oort.Benchmarks.Gateway;

/// <summary>One connection that sends signed requests and reads answers; plain sockets, so that it takes little from the server. Not thread-safe.</summary>
internal sealed class LoadClient : IDisposable
{
    private const string Region = "us-east-1";

    /// <summary>An answer that was asked for with <see cref="Text"/> is a small XML document.</summary>
    private const int TextSizeMax = 64 * 1024;

    /// <summary>Rest after the first 503 at most; it doubles with each that follows, and a random part of it is taken, as the SDKs do.</summary>
    private static readonly TimeSpan SlowDownRest = TimeSpan.FromSeconds(1);

    /// <summary>No rest is longer; the SDKs go on to 20 s.</summary>
    private static readonly TimeSpan SlowDownRestMax = TimeSpan.FromSeconds(4);

    /// <summary>After so many refusals in a row the server is not busy but broken.</summary>
    private const int RefusalCountMax = 600;

    private readonly int port;
    // Each connection's own, and the same in every run.
    private readonly Random random;
    private readonly byte[] buffer = new byte[256 * 1024];
    private readonly string host;
    private readonly byte[] key;
    private readonly string date;
    private Socket socket;

    /// <param name="seed">Of the rests after refusals.</param>
    public LoadClient(Uri endpoint, int seed = 0)
    {
        random = new Random(seed);
        host = endpoint.Authority;
        date = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        key = SigV4.DeriveKey(ServerProcess.SecretKey, date, Region);
        port = endpoint.Port;
        socket = Connect();
    }

    /// <summary>How long each answer 503 SlowDown took, in milliseconds, from the request's first byte to the answer's; the request was then sent again.</summary>
    public List<double> Refusals { get; } = [];

    /// <summary>Value of the last answer's ETag, as it came; empty when it had none.</summary>
    public string ETag { get; private set; } = "";

    /// <summary>Sends one request and reads its answer to the end.</summary>
    /// <param name="query">Encoded and sorted, as it is signed.</param>
    /// <param name="payloadHash">Hex SHA-256 of the body; null: UNSIGNED-PAYLOAD.</param>
    /// <param name="range">Value of the Range header.</param>
    /// <returns>Bytes of the answer's body.</returns>
    /// <exception cref="InvalidOperationException">Any status but 200, 204 and 206, and 503 for too long; says the answer.</exception>
    public long Run(string method, string path, string query, ReadOnlySpan<byte> body, string? payloadHash = null, string? range = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var begun = Stopwatch.GetTimestamp();
            Send(Head(method, path, query, body.Length, payloadHash ?? SigV4.UnsignedPayload, range), body);
            var (head, end, filled) = ReadHead();
            if (head.StartsWith("HTTP/1.1 20", StringComparison.Ordinal)) return ReadAnswer(method, head, end, filled);
            if (!head.StartsWith("HTTP/1.1 503", StringComparison.Ordinal) || attempt == RefusalCountMax) throw Unexpected(method, path, filled);
            Refusals.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            socket.Dispose();
            var rest = Math.Min(SlowDownRest.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 10) - 1), SlowDownRestMax.TotalMilliseconds);
            using (var never = new ManualResetEventSlim()) never.Wait(TimeSpan.FromMilliseconds(rest * random.NextDouble()));
            socket = Connect();
        }
    }

    /// <summary>As <see cref="Run"/>; gives the answer's text, which is short: a chunked one is one chunk, which is given with its frame.</summary>
    public string Text(string method, string path, string query, ReadOnlySpan<byte> body)
    {
        Send(Head(method, path, query, body.Length, SigV4.UnsignedPayload, null), body);
        var (head, end, filled) = ReadHead();
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) throw Unexpected(method, path, filled);
        if (IsChunked(head))
        {
            while (!buffer.AsSpan(0, filled).EndsWith("0\r\n\r\n"u8)) filled += Receive(filled);
            return Encoding.UTF8.GetString(buffer, end, filled - end);
        }

        var length = ContentLength(head);
        if (length > TextSizeMax) throw new InvalidOperationException($"{method} {path}: an answer of {length} bytes was not expected.");
        while (filled < end + length) filled += Receive(filled);
        return Encoding.UTF8.GetString(buffer, end, (int)length);
    }

    public void Dispose() => socket.Dispose();

    private byte[] Head(string method, string path, string query, int length, string payloadHash, string? range)
    {
        var stamp = SigV4.FormatTimestamp(TimeProvider.System.GetUtcNow());
        var scope = SigV4.Scope(date, Region);
        var canonical = $"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{payloadHash}\nx-amz-date:{stamp}\n\nhost;x-amz-content-sha256;x-amz-date\n{payloadHash}";
        Span<byte> signature = stackalloc byte[SigV4.Size];
        SigV4.Sign(key, SigV4.StringToSign(stamp, scope, SHA256.HashData(Encoding.UTF8.GetBytes(canonical))), signature);
        var target = query.Length == 0 ? path : $"{path}?{query}";
        var rangeLine = range is null ? "" : $"Range: {range}\r\n";
        return Encoding.ASCII.GetBytes(
            $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nx-amz-content-sha256: {payloadHash}\r\nx-amz-date: {stamp}\r\nContent-Length: {length}\r\n{rangeLine}"
            + $"Authorization: AWS4-HMAC-SHA256 Credential={ServerProcess.AccessKey}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={Convert.ToHexStringLower(signature)}\r\n\r\n");
    }

    private void Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        try
        {
            while (!head.IsEmpty) head = head[socket.Send(head)..];
            SendUnlessAnswered(body);
        }
        catch (SocketException)
        {
            // A server that refuses does not read the rest of the body; its answer has come before, or reading it will tell.
        }
    }

    /// <summary>Sends a body, and stops when the answer comes before its end: it is a refusal (RFC 9112 §7.5).</summary>
    private void SendUnlessAnswered(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return;
        socket.Blocking = false;
        try
        {
            while (!body.IsEmpty)
            {
                var sent = socket.Send(body, SocketFlags.None, out var error);
                if (error == SocketError.Success) body = body[sent..];
                else if (error != SocketError.WouldBlock) return;
                else if (IsAnswered()) return;
            }
        }
        finally
        {
            socket.Blocking = true;
        }
    }

    /// <summary>Waits until something can be sent or received; true: received.</summary>
    private bool IsAnswered()
    {
        var (toRead, toWrite) = (new List<Socket> { socket }, new List<Socket> { socket });
        Socket.Select(toRead, toWrite, null, Timeout.Infinite);
        return toRead.Count > 0;
    }

    private (string Head, int End, int Filled) ReadHead()
    {
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += Receive(filled);
        return (Encoding.ASCII.GetString(buffer, 0, end), end + 4, filled);
    }

    private InvalidOperationException Unexpected(string method, string path, int filled) => new($"{method} {path}: {Encoding.ASCII.GetString(buffer, 0, filled)}");

    private long ReadAnswer(string method, string head, int end, int filled)
    {
        ETag = Header(head, "ETag:");
        if (method == "HEAD") return 0;
        if (IsChunked(head)) return ReadChunked(end, filled);
        var length = ContentLength(head);
        for (var left = length - (filled - end); left > 0;) left -= Receive(0, (int)Math.Min(left, buffer.Length));
        return length;
    }

    private static bool IsChunked(string head) => head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase);

    private static long ContentLength(string head) => Header(head, "Content-Length:") is { Length: > 0 } length ? long.Parse(length, CultureInfo.InvariantCulture) : 0;

    private static string Header(string head, string name)
    {
        var at = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "" : head[(at + name.Length)..].Split('\r')[0].Trim();
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

    private Socket Connect()
    {
        var connected = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        connected.Connect(IPAddress.Loopback, port);
        return connected;
    }

    private int Receive(int offset, int? count = null)
    {
        var received = socket.Receive(buffer.AsSpan(offset, count ?? buffer.Length - offset));
        return received > 0 ? received : throw new InvalidOperationException("The server closed the connection.");
    }
}
