using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Node.Protocol;
using Oort.Objects;
using Oort.Simulation.Databases;
using Oort.Simulation.Network;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Machines;

/// <summary>The machine of one gateway: its directory, its clock and its ways to the nodes and the database, which outlast the lives of its process.</summary>
/// <param name="name">As the trace has it.</param>
/// <param name="folder">Where each life finds its directory, and leaves it to the next.</param>
/// <param name="first">Nodes that a new cluster begins with; none: there is one.</param>
internal sealed class GatewaySite(World world, string name, string folder, NodeIdentity own, RootKey root, TraceLog logs, Func<IEnumerable<NodeMachine>> first)
{
    private readonly Dictionary<NodeMachine, Link> links = [];
    private readonly Random random = world.Random;
    private int lives;

    public string Name => name;

    public VirtualClock Clock { get; } = new(world.Simulator);

    /// <summary>The present life; null while it is down.</summary>
    public GatewayMachine? Machine { get; private set; }

    /// <summary>It has run once.</summary>
    public bool HasRun { get; private set; }

    /// <summary>Ends when the life that was begun last runs.</summary>
    public Task Start { get; private set; } = Task.CompletedTask;

    /// <summary>How the present life, or the one that starts, reaches the database; null: it has one of its own.</summary>
    public DatabaseAccess? Access { get; private set; }

    private Simulator Simulator => world.Simulator;

    private string DataFolder => Path.Combine(folder, $"{name}-{lives}");

    public Link LinkTo(NodeMachine node) => links[node];

    public void Connect(NodeMachine node, Link link) => links[node] = link;

    /// <summary>Starts it if it is down, again and again while too few nodes answer; <see cref="Start"/> ends when it runs.</summary>
    public void Begin()
    {
        if (Machine is null && Start.IsCompleted) Start = StartAsync();
    }

    /// <summary>The process is killed, or its machine loses power.</summary>
    /// <param name="mode">What becomes of that which its files have not synced; kept when it is only the process.</param>
    public void Crash(CrashMode mode = CrashMode.Kept)
    {
        if (Machine is not { } before) return;
        Simulator.Trace.Add(Simulator.Now, $"{name} crashes: {mode}");
        Machine = null;
        lives++;
        if (Access is not null) world.Database!.Close(Access);
        before.Crash(DataFolder, mode, random);
        foreach (var link in links.Values) link.Reset();
    }

    public async Task StopAsync()
    {
        if (Machine is { } running) await running.StopAsync();
    }

    private async Task StartAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            Access = world.Database?.Open(name);
            var gateway = new GatewayMachine(Simulator, LinkTo, DataFolder, own, root, Clock, logs)
            {
                Find = location => world.Nodes.Find(node => node.Location == location),
                Adjust = options => options with { MetadataDatabase = Access?.Address },
            };
            try
            {
                await gateway.StartAsync(first());
                Simulator.Trace.Add(Simulator.Now, $"{name} started");
                (Machine, HasRun) = (gateway, true);
                return;
            }
            catch (StartRefusedException e) when (IsPassing(e) && attempt < 100)
            {
                Simulator.Trace.Note(Simulator.Now, $"{name} refuses to start: {e.Message}");
                if (Access is not null) world.Database!.Close(Access);
                await Simulator.DelayAsync(TimeSpan.FromSeconds(10));
            }
        }
    }

    /// <summary>Too few disks; or the database is away, which is there for all to see.</summary>
    private bool IsPassing(StartRefusedException refusal) => refusal.Reason is StartRefusal.TooFewStores || (world.Database is not null && refusal.Reason is StartRefusal.Configuration);
}
