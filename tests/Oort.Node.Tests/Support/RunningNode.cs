using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Oort.Backends.Local;
using Oort.Checksums;
using Oort.Node.Protocol;

namespace Oort.Node.Tests;

/// <summary>A node on a free port of 127.0.0.1, and a caller who says what he likes.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    public const string Cluster = "0000000000000000000000000000004d";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-node-");
    private HttpMessageInvoker? _http;
    private NodeHost? _host;

    public NodeIdentity Gateway { get; } = NodeIdentity.Create();

    public ShiftedTime Time { get; } = new();

    public NodeHost Host => _host!;

    public string Folder => _folder.FullName;

    /// <summary>The store that requests name; null: none.</summary>
    public string? Store { get; set; }

    /// <summary>Starts a node with a store on it.</summary>
    public static async Task<RunningNode> StartAsync(Func<NodeOptions, NodeOptions>? change = null)
    {
        var node = new RunningNode();
        await node.RestartAsync(change);
        var made = await node.SendAsync("PUT", $"/v1/store?cluster={Cluster}");
        NodeStatus.TryRead(made.Body, out var status);
        node.Store = status!.Store;
        return node;
    }

    public async Task RestartAsync(Func<NodeOptions, NodeOptions>? change = null)
    {
        if (_host is not null) await _host.DisposeAsync();
        var options = new NodeOptions
        {
            DataDirectory = Folder,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Gateways = [Gateway.Id],
            LogLevel = LogLevel.Warning,
            Store = new LocalStoreOptions { VolumeSizeBytes = 2 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0 },
        };
        _host = await NodeHost.StartAsync(change?.Invoke(options) ?? options, Time, CancellationToken.None);
        _http?.Dispose();
        _http = Caller(Gateway);
    }

    /// <summary>A caller with this identity who trusts whoever answers.</summary>
    public static HttpMessageInvoker Caller(NodeIdentity? identity) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            ClientCertificateContext = identity is null ? null : SslStreamCertificateContext.Create(identity.Certificate, null, offline: true),
        },
    });

    /// <summary>A request with a body as it is.</summary>
    public Task<Answer> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers) => SendAsync(_http!, method, target, body, headers);

    /// <summary>A request with a checked body.</summary>
    public Task<Answer> SendCheckedAsync(string method, string target, byte[] content, params (string Name, string Value)[] headers) => SendAsync(method, target, Checked(content), headers);

    public async Task<Answer> SendAsync(HttpMessageInvoker http, string method, string target, byte[]? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"https://127.0.0.1:{Host.EndPoint.Port}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (Store is not null) request.Headers.Add(NodeHeaders.Store, Store);
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.Add(name, value);
        }

        if (body is not null) request.Content = new ByteArrayContent(body);
        using var response = await http.SendAsync(request, CancellationToken.None);
        return new((int)response.StatusCode, response.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.First(), StringComparer.OrdinalIgnoreCase), await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>A TLS connection on which a test writes bytes of its own.</summary>
    /// <param name="wrap">Puts itself between TLS and the socket.</param>
    public async Task<SslStream> ConnectAsync(SslProtocols protocols = SslProtocols.Tls13, Func<Stream, Stream>? wrap = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Host.EndPoint.Port);
        var below = new NetworkStream(socket, ownsSocket: true);
        var stream = new SslStream(wrap?.Invoke(below) ?? below);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "node",
            EnabledSslProtocols = protocols,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            ClientCertificateContext = SslStreamCertificateContext.Create(Gateway.Certificate, null, offline: true),
        });
        return stream;
    }

    public static byte[] Checked(byte[] content)
    {
        var bytes = new byte[content.Length + NodeLimits.CheckSize];
        content.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(content.Length), Crc64Nvme.Compute(content));
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_host is not null) await _host.DisposeAsync();
        Gateway.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>What came back.</summary>
    internal sealed record Answer(int Status, Dictionary<string, string> Headers, byte[] Body)
    {
        public string? Error => Headers.GetValueOrDefault(NodeHeaders.Error);

        public string? Header(string name) => Headers.GetValueOrDefault(name);

        public long Number(string name) => long.Parse(Headers[name], CultureInfo.InvariantCulture);

        /// <summary>The body without its check, which must be right.</summary>
        public byte[] Content()
        {
            var content = Body[..^NodeLimits.CheckSize];
            return Body.AsSpan().SequenceEqual(Checked(content)) ? content : throw new InvalidDataException("The body is not what its checksum is of.");
        }
    }
}
