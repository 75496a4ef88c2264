using System.Globalization;
using Oort.Benchmarks.Gateway;
using Oort.Shared;

namespace Oort.Benchmarks.Cluster;

/// <summary>Gateways whose every shard is on storage nodes; all of them processes of this machine.</summary>
internal sealed class NodeCluster : ILoadTarget, IAsyncDisposable
{
    private const string PhraseMarker = "Recovery phrase: ";

    private readonly string folder;
    private readonly List<ServerProcess> gateways = [];
    private readonly NodeProcess?[] nodes;

    private NodeCluster(string folder, int nodeCount) => (this.folder, nodes) = (folder, new NodeProcess?[nodeCount]);

    public double CpuSeconds => GatewayCpuSeconds + NodeCpuSeconds;

    public double GatewayCpuSeconds => gateways.Sum(gateway => gateway.CpuSeconds);

    public double NodeCpuSeconds => nodes.OfType<NodeProcess>().Sum(node => ProcessUsage.CpuSeconds(node.ProcessId));

    public long PeakMebibytes => gateways.Max(gateway => gateway.PeakMebibytes);

    public Uri Endpoint => gateways[0].Endpoint;

    /// <summary>How many gateways the connections are spread over.</summary>
    public int GatewaysUsed { get; set; } = 1;

    /// <summary>The first gateway.</summary>
    public ServerProcess Gateway => gateways[0];

    /// <summary>Holds everything, and goes with the cluster.</summary>
    public string Folder => folder;

    public Uri EndpointOf(int connection) => gateways[connection % GatewaysUsed].Endpoint;

    public void DropPageCache()
    {
        for (var i = 0; i < nodes.Length; i++) ProcessUsage.DropPageCache(Data(i));
    }

    /// <summary>The first gateway begins the cluster on a disk, which is drained when the nodes have joined.</summary>
    /// <param name="database">Address of a PostgreSQL database; null: SQLite, and one gateway.</param>
    public static async Task<NodeCluster> StartAsync(string where, int nodeCount, int gatewayCount = 1, string? database = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(where, $"oort-bench-{Environment.ProcessId}-{Path.GetRandomFileName()}")).FullName;
        var cluster = new NodeCluster(folder, nodeCount);
        try
        {
            await cluster.BeginAsync(gatewayCount, database is null ? [] : ["--metadata", database]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A node's disk is gone, for good; it begins a new store, and what it held is rebuilt onto it.</summary>
    public async Task ReplaceAsync(int node)
    {
        var id = nodes[node]!.Address.Id.ToString();
        await nodes[node]!.KillAsync();
        await nodes[node]!.DisposeAsync();
        Directory.Delete(Path.Combine(Data(node), "store"), recursive: true);
        nodes[node] = await NodeProcess.StartAsync(Data(node));
        await AdminVerb.UntilAsync(Endpoint, ["node", "show", id], shown => shown.GetProperty("trouble").GetString()!.Contains("is empty", StringComparison.Ordinal));
        await AdminVerb.RunAsync(Endpoint, "node", "replace", id);
    }

    /// <summary>Where a node is, and who it is.</summary>
    public string AddressOf(int node) => string.Create(CultureInfo.InvariantCulture, $"{nodes[node]!.Address.Host}:{nodes[node]!.Address.Port}#{nodes[node]!.Address.Id}");

    /// <summary>SIGKILL for the first gateway; the nodes go on.</summary>
    public Task KillGatewayAsync() => gateways[0].KillAsync();

    /// <summary>Bytes on a node's disk.</summary>
    public long BytesOf(int node) => new DirectoryInfo(Data(node)).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in gateways) await gateway.DisposeAsync();
        foreach (var node in nodes.OfType<NodeProcess>()) await node.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private string Data(int node) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"node{node}"));

    private async Task BeginAsync(int gatewayCount, string[] flags)
    {
        var disk = Path.Combine(folder, "disk");
        var first = await ServerProcess.StartAsync(Path.Combine(folder, "gateway0"), [.. flags, "--disk", disk]);
        gateways.Add(first);
        for (var i = 0; i < nodes.Length; i++)
        {
            var token = (await AdminVerb.RunAsync(first.Endpoint, "node", "invite", "--operator", $"operator{i}")).GetProperty("token").GetString()!;
            nodes[i] = await NodeProcess.JoinAsync(token, Data(i));
        }

        await AdminVerb.UntilAsync(first.Endpoint, ["node", "list"], list => list.GetProperty("nodes").EnumerateArray().Count(node => node.GetProperty("health").GetString() == "online") == nodes.Length);
        await AdminVerb.RunAsync(first.Endpoint, "disk", "drain", disk);
        await AdminVerb.UntilAsync(first.Endpoint, ["disk", "list"], list => list.GetProperty("disks").GetArrayLength() == nodes.Length);

        var phrase = Path.Combine(folder, "phrase");
        await File.WriteAllTextAsync(phrase, first.Log.Split('\n').First(line => line.StartsWith(PhraseMarker, StringComparison.Ordinal))[PhraseMarker.Length..]);
        for (var i = 1; i < gatewayCount; i++)
            gateways.Add(await ServerProcess.StartAsync(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"gateway{i}")), [.. flags, "--recovery-phrase-file", phrase]));
    }
}
