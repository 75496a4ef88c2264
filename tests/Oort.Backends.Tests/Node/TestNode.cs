using System.Net;
using Microsoft.Extensions.Logging;
using Oort.Backends.Local;
using Oort.Backends.Node;
using Oort.Node;
using Oort.Node.Protocol;

namespace Oort.Backends.Tests.Node;

/// <summary>A real node on a free port of 127.0.0.1, in a folder of its own.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public static readonly ClusterId Cluster = new(77);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-node-");
    private NodeHost? _host;

    private TestNode(NodeIdentity gateway) => Gateway = gateway;

    /// <summary>The key pair of the gateway cluster that may use it.</summary>
    public NodeIdentity Gateway { get; }

    public NodeHost Host => _host ?? throw new InvalidOperationException("The node is stopped.");

    public NodeAddress Address => new(Host.Id, "127.0.0.1", Host.EndPoint.Port);

    public string Folder => _folder.FullName;

    /// <summary>Repeats quickly, and takes a stall for what it is soon enough for a test.</summary>
    public static NodeStoreOptions ClientOptions { get; } = new() { RetryDelay = TimeSpan.FromMilliseconds(1) };

    public static async Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? change = null)
    {
        var node = new TestNode(NodeIdentity.Create());
        await node.StartHostAsync(change);
        return node;
    }

    /// <summary>Starts it (again) in its folder.</summary>
    public async Task StartHostAsync(Func<NodeOptions, NodeOptions>? change = null)
    {
        var options = new NodeOptions
        {
            DataDirectory = Folder,
            Listen = new IPEndPoint(IPAddress.Loopback, _host?.EndPoint.Port ?? 0),
            Gateways = [Gateway.Id],
            LogLevel = LogLevel.Warning,
            // Small steps and volumes, so that the tests cross their borders.
            Store = new LocalStoreOptions { VolumeSizeBytes = 2 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0 },
        };
        if (_host is not null) await _host.DisposeAsync();
        _host = await NodeHost.StartAsync(change?.Invoke(options) ?? options, TimeProvider.System, CancellationToken.None);
    }

    public async Task<NodeStore> CreateStoreAsync(NodeStoreOptions? options = null) => await NodeStore.CreateAsync(Address, Gateway, Cluster, options ?? ClientOptions, CancellationToken.None);

    public async Task<NodeStore> OpenStoreAsync(NodeStoreOptions? options = null) => await NodeStore.OpenAsync(Address, Gateway, Cluster, options ?? ClientOptions, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        Gateway.Dispose();
        _folder.Delete(recursive: true);
    }
}
