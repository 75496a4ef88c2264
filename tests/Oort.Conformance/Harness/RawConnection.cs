using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Oort.Conformance.Harness;

/// <summary>An S3 client that sends exactly what it is told, over one connection; its Signature V4 shares nothing with the gateway's.</summary>
internal sealed class RawConnection : IDisposable
{
    public const string Unsigned = "UNSIGNED-PAYLOAD";
    public const string UnsignedChunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    public const string SignedChunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

    /// <summary>An answer that takes longer does not come.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    // Proxies change these, so clients leave them out of the signature.
    private static readonly string[] NotSigned = ["content-length", "transfer-encoding", "expect", "connection"];

    private readonly TcpClient client;
    private readonly NetworkStream stream;
    private readonly string authority;

    private RawConnection(TcpClient client, string authority)
    {
        this.client = client;
        this.authority = authority;
        stream = client.GetStream();
    }

    /// <summary>What came back. <see cref="Code"/> and <see cref="RequestIdInBody"/> are empty where the body is no error document.</summary>
    public sealed record Answer(int Status, ILookup<string, string> Headers, string Body)
    {
        public string Code => Element("Code");

        public string RequestIdInBody => Element("RequestId");

        public string RequestId => Headers["x-amz-request-id"].FirstOrDefault("");

        private string Element(string name) => Body.Split($"<{name}>") is [_, var rest, ..] ? rest.Split('<')[0] : "";
    }

    /// <summary>Of a request that was signed: what its signed chunks go on from.</summary>
    public sealed record Seed(byte[] Key, string Timestamp, string Scope, string Signature)
    {
        /// <summary>Frames and signs chunks.</summary>
        /// <param name="forge">Changes the signature of the chunk with this number.</param>
        public byte[] Frame(IReadOnlyList<byte[]> chunks, Func<int, string, string> forge)
        {
            using var raw = new MemoryStream();
            var previous = Signature;
            for (var i = 0; i <= chunks.Count; i++)
            {
                var chunk = i < chunks.Count ? chunks[i] : [];
                var text = $"AWS4-HMAC-SHA256-PAYLOAD\n{Timestamp}\n{Scope}\n{previous}\n{Hex(SHA256.HashData([]))}\n{Hex(SHA256.HashData(chunk))}";
                previous = Hex(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(text)));
                raw.Write(Encoding.ASCII.GetBytes($"{chunk.Length:x};chunk-signature={forge(i, previous)}\r\n"));
                raw.Write(chunk);
                raw.Write("\r\n"u8);
            }

            return raw.ToArray();
        }
    }

    public static async Task<RawConnection> OpenAsync(GatewayProcess gateway)
    {
        var endpoint = new Uri(gateway.Endpoint);
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(endpoint.Host, endpoint.Port);
        return new RawConnection(client, endpoint.Authority);
    }

    /// <summary>One signed request on a connection of its own.</summary>
    public static async Task<Answer> AskAsync(GatewayProcess gateway, string method, string target, string payload, byte[] body, params (string Name, string Value)[] headers)
    {
        using var connection = await OpenAsync(gateway);
        var hasLength = headers.Any(header => header.Name is "content-length" or "transfer-encoding");
        await connection.SendAsync(connection.Head(method, target, payload, out _, hasLength ? headers : [.. headers, ("content-length", Number(body.Length))]));
        await connection.SendAsync(body);
        return await connection.ReceiveAsync(hasBody: method != "HEAD");
    }

    /// <summary>The head of a signed request.</summary>
    /// <param name="payload">x-amz-content-sha256.</param>
    public byte[] Head(string method, string target, string payload, out Seed seed, params (string Name, string Value)[] headers)
    {
        var now = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{now[..8]}/us-east-1/s3/aws4_request";
        (string Name, string Value)[] all = [("host", authority), ("x-amz-date", now), ("x-amz-content-sha256", payload), .. headers];
        var signed = all.Where(header => !NotSigned.Contains(header.Name)).OrderBy(header => header.Name, StringComparer.Ordinal).ToArray();
        var names = string.Join(';', signed.Select(header => header.Name));
        var parts = target.Split('?', 2);
        var query = parts.Length == 1 ? "" : string.Join('&', parts[1].Split('&').Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=").Order(StringComparer.Ordinal));
        var canonical = $"{method}\n{parts[0]}\n{query}\n{string.Concat(signed.Select(header => $"{header.Name}:{header.Value.Trim()}\n"))}\n{names}\n{payload}";
        var key = Encoding.UTF8.GetBytes("AWS4" + GatewayProcess.SecretKey);
        foreach (var step in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        var signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"AWS4-HMAC-SHA256\n{now}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}")));
        seed = new Seed(key, now, scope, signature);
        var lines = string.Concat(all.Select(header => $"{header.Name}: {header.Value}\r\n"));
        return Encoding.UTF8.GetBytes($"{method} {target} HTTP/1.1\r\n{lines}Authorization: AWS4-HMAC-SHA256 Credential={GatewayProcess.AccessKey}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\r\n");
    }

    public async Task SendAsync(byte[] bytes) => await stream.WriteAsync(bytes);

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads one answer; its body only by Content-Length.</summary>
    /// <param name="hasBody">False for HEAD.</param>
    public async Task<Answer> ReceiveAsync(bool hasBody = true)
    {
        using var limit = new CancellationTokenSource(AnswerTimeout);
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, limit.Token);
            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines[1..].Select(line => line.Split(':', 2)).ToLookup(pair => pair[0].ToLowerInvariant(), pair => pair[1].Trim());
        var length = hasBody ? int.Parse(headers["content-length"].FirstOrDefault("0"), CultureInfo.InvariantCulture) : 0;
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, limit.Token);
        return new Answer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, Encoding.UTF8.GetString(body));
    }

    /// <summary>Whether the gateway ends the connection without another byte.</summary>
    public async Task<bool> EndsAsync()
    {
        using var limit = new CancellationTokenSource(AnswerTimeout);
        try
        {
            return await stream.ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Reads what comes until the gateway ends the connection.</summary>
    /// <returns>Bytes, heads included.</returns>
    public async Task<long> CountToEndAsync()
    {
        using var limit = new CancellationTokenSource(AnswerTimeout);
        var buffer = new byte[64 * 1024];
        var total = 0L;
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) is > 0 and var count) total += count;
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }

        return total;
    }

    public void Dispose() => client.Dispose();

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
