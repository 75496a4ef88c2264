using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Oort.Conformance.Harness;
using Oort.Conformance.Nodes;
using Oort.Shared;

namespace Oort.Conformance.Chaos;

/// <summary>Two gateways on one PostgreSQL database, and storage nodes behind links that can be made bad; all of them processes of their own.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const string Database = "chaos";
    private const string PhraseMarker = "Recovery phrase: ";

    private readonly TemporaryFolder _folder = new();
    private PostgresHost? _postgres;

    private ChaosCluster(int nodeCount)
    {
        Nodes = [.. Enumerable.Range(0, nodeCount).Select(i => new Node(_folder[$"node{i}"]))];
        Gateways = [.. Enumerable.Range(0, 2).Select(i => new Gateway(_folder[$"gateway{i}"], FreePort()))];
    }

    public IReadOnlyList<Node> Nodes { get; }

    public IReadOnlyList<Gateway> Gateways { get; }

    public PostgresHost Postgres => _postgres!;

    public string Folder => _folder.FullPath;

    /// <summary>A cluster whose every shard is on nodes. The first gateway begins it on a disk, which is drained when the nodes are there; the second has no disk ever, and joins.</summary>
    public static async Task<ChaosCluster> StartAsync(int nodeCount)
    {
        var cluster = new ChaosCluster(nodeCount);
        try
        {
            await cluster.BeginAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public Membership Members(int gateway) => new(Gateways[gateway].Process!, Folder);

    /// <summary>Starts whatever does not run, and mends all links.</summary>
    public async Task HealAsync()
    {
        foreach (var node in Nodes) await node.HealAsync();
        foreach (var gateway in Gateways)
            if (gateway.Process is null or { HasEnded: true }) await gateway.StartAsync();
    }

    /// <summary>Waits until both gateways see all nodes, and every shard is where it should be.</summary>
    public async Task UntilWholeAsync()
    {
        for (var i = 0; i < Gateways.Count; i++)
        {
            await UntilOnlineAsync(i);
            await Members(i).UntilWholeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in Gateways)
            if (gateway.Process is { } process) await process.DisposeAsync();
        foreach (var node in Nodes) await node.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        _folder.Dispose();
    }

    private async Task BeginAsync()
    {
        _postgres = await PostgresHost.StartAsync();
        await Postgres.CreateDatabaseAsync(Database);
        var (first, second) = (Gateways[0], Gateways[1]);
        first.Flags = second.Flags = ["--metadata", Postgres.Address(Database)];
        await first.StartAsync("--disk", _folder["disk"]);
        var members = Members(0);
        await Task.WhenAll(Nodes.Select(async (node, i) => await node.JoinAsync(await members.InviteAsync("--url", first.Url, "--url", second.Url, "--operator", $"operator{i}"))));
        await UntilOnlineAsync(0);
        (await members.RunAsync("disk", "drain", _folder["disk"])).ShouldSucceed();
        await Membership.UntilAsync("the disk is gone", async () => ((await members.JsonAsync("disk", "list")).GetProperty("disks").GetArrayLength() == Nodes.Count, "it is there"));

        var phrase = first.Process!.Log.Split('\n').First(line => line.StartsWith(PhraseMarker, StringComparison.Ordinal))[PhraseMarker.Length..];
        await File.WriteAllTextAsync(_folder["phrase"], phrase);
        second.Flags = [.. second.Flags, "--recovery-phrase-file", _folder["phrase"]];
        await second.StartAsync();
        await UntilOnlineAsync(1);
    }

    private Task UntilOnlineAsync(int gateway) =>
        Members(gateway).UntilStatesAsync($"gateway {gateway} has {Nodes.Count} active nodes", nodes => nodes.Count == Nodes.Count && nodes.Values.All(node => Membership.State(node) == "active/online"));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A gateway at a port that stays.</summary>
    internal sealed class Gateway(string data, int port)
    {
        public string[] Flags { get; set; } = [];

        public string Url { get; } = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

        /// <summary>The one that runs, or the last one that did; null before the first, and while another starts.</summary>
        public GatewayProcess? Process { get; private set; }

        public async Task StartAsync(params string[] more)
        {
            if (Process is { } ended) await ended.DisposeAsync();
            Process = null;
            Process = await GatewayProcess.StartAsync(data, ["--listen", new Uri(Url).Authority, .. Flags, .. more]);
        }
    }

    /// <summary>A node that gateways reach over a link alone.</summary>
    internal sealed class Node(string data) : IAsyncDisposable
    {
        private NodeProcess? _process;

        public BreakingProxy Link { get; } = new(0);

        public Task KillAsync() => _process!.KillAsync();

        public async Task JoinAsync(string token) => Follow(await NodeProcess.JoinAsync(token, data, "--advertise", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Link.Port}")));

        /// <summary>Starts it where it has ended, and mends its link.</summary>
        public async Task HealAsync()
        {
            (Link.IsHung, Link.Delay, Link.BytesPerSecond) = (false, TimeSpan.Zero, 0);
            if (!_process!.HasEnded) return;
            await _process.DisposeAsync();
            Follow(await NodeProcess.StartAsync(data));
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null) await _process.DisposeAsync();
            await Link.DisposeAsync();
        }

        private void Follow(NodeProcess process) => (_process, Link.Target) = (process, process.Address.Port);
    }
}
