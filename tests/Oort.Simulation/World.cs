using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Simulation.Databases;
using Oort.Simulation.Machines;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;
using Oort.Simulation.Workload;

namespace Oort.Simulation;

/// <summary>Gateways, their nodes, the network between them, the database that they share and the clients: everything that a seed decides about.</summary>
internal sealed class World : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-simulation-");
    private readonly NodeIdentity own;
    private readonly TraceLog logs;
    private readonly RootKey root = new(new byte[32]);
    private readonly Dictionary<NodeMachine, Ways> ways = [];

    /// <param name="database">What the gateways share; null: there is one gateway, with a database of its own.</param>
    public World(Simulator simulator, int nodeCount = 6, Relay? database = null, int gatewayCount = 1)
    {
        Simulator = simulator;
        Database = database;
        Random = simulator.Fork();
        logs = new TraceLog(simulator);
        var seed = new byte[NodeIdentity.SeedSize];
        Random.NextBytes(seed);
        own = NodeIdentity.FromSeed(seed);
        for (var i = 0; i < gatewayCount; i++)
        {
            IEnumerable<NodeMachine> First() => Gateways[0].HasRun ? [] : Members;
            Gateways.Add(new(this, gatewayCount == 1 ? "gateway" : $"gateway{i + 1}", folder.FullName, own, root, logs, First));
        }

        for (var i = 0; i < nodeCount; i++) AddNode();
    }

    public Simulator Simulator { get; }

    /// <summary>All that there ever were; some may have left.</summary>
    public List<NodeMachine> Nodes { get; } = [];

    /// <summary>Nodes that are stores of the cluster.</summary>
    public List<NodeMachine> Members { get; } = [];

    /// <summary>Nodes that are on their way to becoming stores.</summary>
    public List<NodeMachine> Joining { get; } = [];

    /// <summary>What the gateways share; null: there is one gateway, with a database of its own.</summary>
    public Relay? Database { get; }

    public List<GatewaySite> Gateways { get; } = [];

    /// <summary>The present life of a gateway that is not down; null: all are.</summary>
    public GatewayMachine? Gateway => Gateways.Find(one => one.Machine is { IsDead: false })?.Machine;

    /// <summary>Ends when all that were begun run.</summary>
    public Task GatewayStart => Task.WhenAll(Gateways.Select(one => one.Start));

    public Random Random { get; }

    public BucketRow Bucket { get; private set; } = null!;

    public List<Client> Clients { get; } = [];

    /// <summary>A machine that is a node of nobody yet.</summary>
    public NodeMachine NewNode()
    {
        var node = new NodeMachine(Simulator, $"node{Nodes.Count}", folder.FullName, own.Id, logs);
        Nodes.Add(node);
        var links = new List<Link>();
        foreach (var gateway in Gateways)
        {
            var link = new Link(Simulator, Simulator.Fork(), Gateways.Count == 1 ? node.Name : $"{gateway.Name} {node.Name}") { Latency = TimeSpan.FromMilliseconds(0.2 + (Random.NextDouble() * 5)) };
            gateway.Connect(node, link);
            links.Add(link);
        }

        ways[node] = new(links);
        return node;
    }

    public Ways LinkTo(NodeMachine node) => ways[node];

    /// <summary>All nodes, then the gateways one by one, then a bucket.</summary>
    public async Task StartAsync()
    {
        foreach (var node in Members) await node.StartAsync();
        foreach (var gateway in Gateways)
        {
            gateway.Begin();
            await gateway.Start;
        }

        var (outcome, bucket) = await Gateway!.System.Metadata.CreateBucketAsync(new() { Id = default, Name = "bucket", OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None);
        if (outcome != CommitOutcome.Done) throw new SimulationException($"The bucket was not made: {outcome}.");
        Bucket = bucket!;
    }

    /// <summary>Starts the gateways that are down; <see cref="GatewayStart"/> ends when they run.</summary>
    public void BeginGateway()
    {
        foreach (var gateway in Gateways) gateway.Begin();
    }

    /// <summary>A gateway that is not down: a load balancer's choice. Null: all are.</summary>
    public GatewayMachine? PickGateway(Random chance)
    {
        var alive = Gateways.FindAll(one => one.Machine is { IsDead: false });
        return alive.Count switch
        {
            0 => null,
            1 => alive[0].Machine,
            _ => alive[chance.Next(alive.Count)].Machine,
        };
    }

    /// <summary>Nodes that are stores no longer are switched off.</summary>
    public void Retire()
    {
        var stores = Gateways.SelectMany(one => one.Machine!.System.GetStatus().Stores).Select(store => store.Location).ToHashSet();
        foreach (var node in Members.FindAll(node => !stores.Contains(node.Location)))
        {
            Simulator.Trace.Add(Simulator.Now, $"{node.Name} has left");
            Members.Remove(node);
            node.Crash(CrashMode.Kept, NodePower.Off);
            LinkTo(node).Reset();
        }
    }

    /// <summary>An orderly end of everything, the gateways first.</summary>
    public async Task StopAsync()
    {
        foreach (var gateway in Gateways) await gateway.StopAsync();
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
        Database?.Dispose();
        logs.Dispose();
        own.Dispose();
        root.Dispose();
        Simulator.Dispose();
        SqliteFiles.Forget(folder.FullName);
        folder.Delete(recursive: true);
    }

    private void AddNode() => Members.Add(NewNode());
}
