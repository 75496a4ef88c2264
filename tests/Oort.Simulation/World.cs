using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Simulation.Machines;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;
using Oort.Simulation.Workload;

namespace Oort.Simulation;

/// <summary>A gateway, its nodes, the network between them and the clients: everything that a seed decides about.</summary>
internal sealed class World : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-simulation-");
    private readonly NodeIdentity own;
    private readonly TraceLog logs;
    private readonly RootKey root = new(new byte[32]);
    private readonly Dictionary<NodeMachine, Link> links = [];
    private readonly Random random;
    private int lives;

    public World(Simulator simulator, int nodeCount = 6)
    {
        Simulator = simulator;
        random = simulator.Fork();
        logs = new TraceLog(simulator);
        var seed = new byte[NodeIdentity.SeedSize];
        random.NextBytes(seed);
        own = NodeIdentity.FromSeed(seed);
        GatewayClock = new(simulator);
        for (var i = 0; i < nodeCount; i++) AddNode();
    }

    public Simulator Simulator { get; }

    /// <summary>All that there ever were; some may have left.</summary>
    public List<NodeMachine> Nodes { get; } = [];

    /// <summary>Nodes that are stores of the cluster.</summary>
    public List<NodeMachine> Members { get; } = [];

    /// <summary>Nodes that are on their way to becoming stores.</summary>
    public List<NodeMachine> Joining { get; } = [];

    /// <summary>Of the gateway's machine.</summary>
    public VirtualClock GatewayClock { get; }

    /// <summary>The gateway's present life; null while it is down.</summary>
    public GatewayMachine? Gateway { get; private set; }

    public Task GatewayStart { get; private set; } = Task.CompletedTask;

    public BucketRow Bucket { get; private set; } = null!;

    public List<Client> Clients { get; } = [];

    private string DataFolder => Path.Combine(folder.FullName, $"gateway-{lives}");

    /// <summary>A machine that is a node of nobody yet.</summary>
    public NodeMachine NewNode()
    {
        var node = new NodeMachine(Simulator, $"node{Nodes.Count}", folder.FullName, own.Id, logs);
        Nodes.Add(node);
        links[node] = new Link(Simulator, Simulator.Fork(), node.Name) { Latency = TimeSpan.FromMilliseconds(0.2 + (random.NextDouble() * 5)) };
        return node;
    }

    public Link LinkTo(NodeMachine node) => links[node];

    /// <summary>All nodes, then the gateway, then a bucket.</summary>
    public async Task StartAsync()
    {
        foreach (var node in Members) await node.StartAsync();
        BeginGateway();
        await GatewayStart;
        var (outcome, bucket) = await Gateway!.System.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None);
        if (outcome != CommitOutcome.Done) throw new SimulationException($"The bucket was not made: {outcome}.");
        Bucket = bucket!;
    }

    /// <summary>Starts the gateway if it is down, again and again while too few nodes answer; <see cref="GatewayStart"/> ends when it runs.</summary>
    public void BeginGateway()
    {
        if (Gateway is null && GatewayStart.IsCompleted) GatewayStart = StartGatewayAsync();
    }

    private async Task StartGatewayAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            var gateway = new GatewayMachine(Simulator, LinkTo, DataFolder, own, root, GatewayClock, logs) { Find = location => Nodes.Find(node => node.Location == location) };
            try
            {
                await gateway.StartAsync(lives == 0 ? Members : []);
                Simulator.Trace.Add(Simulator.Now, "gateway started");
                Gateway = gateway;
                return;
            }
            catch (StartRefusedException e) when (e.Reason is StartRefusal.TooFewStores && attempt < 100)
            {
                Simulator.Trace.Note(Simulator.Now, $"gateway refuses to start: {e.Message}");
                await Simulator.DelayAsync(TimeSpan.FromSeconds(10));
            }
        }
    }

    /// <summary>The gateway's process is killed, or its machine loses power.</summary>
    /// <param name="mode">What becomes of that which its database has not synced; kept when it is only the process.</param>
    public void CrashGateway(CrashMode mode = CrashMode.Kept)
    {
        if (Gateway is not { } before) return;
        Simulator.Trace.Add(Simulator.Now, $"gateway crashes: {mode}");
        Gateway = null;
        lives++;
        before.Crash(DataFolder, mode, random);
        foreach (var link in links.Values) link.Reset();
    }

    /// <summary>Nodes that are stores no longer are switched off.</summary>
    public void Retire()
    {
        var stores = Gateway!.System.GetStatus().Stores.Select(store => store.Location).ToHashSet();
        foreach (var node in Members.FindAll(node => !stores.Contains(node.Location)))
        {
            Simulator.Trace.Add(Simulator.Now, $"{node.Name} has left");
            Members.Remove(node);
            node.Crash(CrashMode.Kept, NodePower.Off);
            LinkTo(node).Reset();
        }
    }

    /// <summary>An orderly end of everything, the gateway first.</summary>
    public async Task StopAsync()
    {
        await Gateway!.StopAsync();
        foreach (var node in Nodes) await node.StopAsync();
    }

    /// <summary>Clients make requests for a while; returns when each has its last answer.</summary>
    public async Task WorkAsync(TimeSpan duration)
    {
        foreach (var node in Members) Simulator.Trace.Note(Simulator.Now, $"{node.Name} is {node.Id}");
        await Task.WhenAll(Clients.Select(client => client.RunAsync(duration)));
    }

    public void Dispose()
    {
        logs.Dispose();
        own.Dispose();
        root.Dispose();
        Simulator.Dispose();
        SqliteFiles.Forget(folder.FullName);
        folder.Delete(recursive: true);
    }

    private void AddNode() => Members.Add(NewNode());
}
