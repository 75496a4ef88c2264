using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Checksums;

namespace Oort.S3.Tests;

/// <summary>A pipeline behind a real server on a free port.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    public const string AccessKey = "AKID";
    public const string Secret = "secret";
    private readonly WebApplication app;

    private Gateway(WebApplication app, int port, BlockingCollection<S3Completion> completions) => (this.app, Port, Completions) = (app, port, completions);

    public int Port { get; }

    public string Authority => $"127.0.0.1:{Port}";

    /// <summary>What was reported about requests that are over.</summary>
    public BlockingCollection<S3Completion> Completions { get; }

    public static async Task<Gateway> StartAsync(Dictionary<S3Operation, S3Handler> handlers, S3Options? options = null, Func<Exception, S3Error?>? mapError = null, S3Handler? authorize = null, Func<HttpContext, CancellationToken, ValueTask>? admit = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var completions = new BlockingCollection<S3Completion>();
        var pipeline = new S3Pipeline(options ?? new S3Options(), new OneCredential(Secret, AccessKey), handlers, mapError ?? (static _ => null), TimeProvider.System, NullLogger<S3Pipeline>.Instance, completions.Add, authorize, admit);
        app.Run(http => !pipeline.IsReserved(http) ? pipeline.HandleAsync(http) : http.Request.Path == "/_oort/signed" ? pipeline.HandleAsync(http, WriteOortAsync) : http.Response.WriteAsync("oort"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new Gateway(app, new Uri(address).Port, completions);
    }

    private static ValueTask WriteOortAsync(S3Request request, CancellationToken cancellationToken)
    {
        request.Http.Response.ContentLength = request.Principal.AccessKeyId.Length;
        return new(request.Http.Response.WriteAsync(request.Principal.AccessKeyId, cancellationToken));
    }

    /// <summary>A connection for bytes.</summary>
    public async Task<RawConnection> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port, TestContext.Current.CancellationToken);
        return new RawConnection(client);
    }

    /// <summary>The head of a signed request.</summary>
    /// <param name="headers">Further headers; all are signed.</param>
    public string Sign(string method, string target, string payloadHash, params (string Name, string Value)[] headers) => Sign(method, target, payloadHash, out _, headers);

    public string Sign(string method, string target, string payloadHash, out ChunkSigner signer, params (string Name, string Value)[] headers)
    {
        var timestamp = SigV4.FormatTimestamp(TimeProvider.System.GetUtcNow());
        var http = RawRequest.Create(method, target, [("host", Authority), ("x-amz-date", timestamp), ("x-amz-content-sha256", payloadHash), .. headers]);
        var names = http.Request.Headers.Keys.Select(static name => name.ToLowerInvariant()).Order(StringComparer.Ordinal).ToArray();
        var parsed = S3Target.Read(http, new S3Options());
        using var canonical = new PooledBuffer(1024);
        CanonicalRequest.Write(canonical, method, CanonicalRequest.Path(parsed.Path), CanonicalRequest.Query(parsed.Query, null), http.Request.Headers, names, null, payloadHash);
        var hash = new byte[SigV4.Size];
        CanonicalRequest.Hash(canonical.Written, hash);
        var date = timestamp[..8];
        var scope = SigV4.Scope(date, "us-east-1");
        var key = SigV4.DeriveKey(Secret, date, "us-east-1");
        var signature = new byte[SigV4.Size];
        SigV4.Sign(key, SigV4.StringToSign(timestamp, scope, hash), signature);
        signer = new ChunkSigner(HmacSha256.Create(key), timestamp, scope, signature);
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\n");
        foreach (var (name, value) in http.Request.Headers)
            head.Append(name).Append(": ").Append(value.ToString()).Append("\r\n");
        return head.Append($"Authorization: AWS4-HMAC-SHA256 Credential={AccessKey}/{scope}, SignedHeaders={string.Join(';', names)}, Signature={Convert.ToHexStringLower(signature)}\r\n\r\n").ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Completions.Dispose();
    }
}

/// <summary>An HTTP client that sends exactly what it is told.</summary>
internal sealed class RawConnection(TcpClient client) : IDisposable
{
    private readonly NetworkStream stream = client.GetStream();

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await stream.WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>Reads one answer.</summary>
    /// <param name="hasBody">False for HEAD.</param>
    public async Task<RawAnswer> ReceiveAsync(bool hasBody = true)
    {
        var head = await ReadHeadAsync();
        var lines = head.Split("\r\n");
        var status = int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        var headers = lines[1..].Where(static line => line.Length > 0).ToLookup(static line => line[..line.IndexOf(':', StringComparison.Ordinal)].ToLowerInvariant(), static line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        var length = hasBody && headers["content-length"].Any() ? int.Parse(headers["content-length"].Single(), System.Globalization.CultureInfo.InvariantCulture) : 0;
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, TestContext.Current.CancellationToken);
        return new RawAnswer(status, headers, Encoding.UTF8.GetString(body));
    }

    /// <summary>Whether the server closed its side.</summary>
    public async Task<bool> IsClosedAsync()
    {
        try
        {
            return await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, TestContext.Current.CancellationToken);
            head.Append((char)one[0]);
        }

        return head.ToString()[..^2];
    }
}

internal sealed record RawAnswer(int Status, ILookup<string, string> Headers, string Body)
{
    public string? Code => Body.Contains("<Code>", StringComparison.Ordinal) ? Body.Split("<Code>")[1].Split("</Code>")[0] : null;
}
