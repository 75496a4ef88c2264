using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Faults;

/// <summary>Breaks things at random, and mends each after a while; at the end, all.</summary>
/// <remarks>
/// What a fault takes away for good is limited to what the product promises to survive: at 4+2 a write is acknowledged by five stores, so one disk at a time may lose what it had, until
/// everything is whole again; or one node may keep it to itself for good. What only hides, delays or falsifies for a while has no limit.
/// </remarks>
internal sealed class Chaos
{
    private readonly World world;
    private readonly Random random;
    private readonly NodeFaults nodes;
    private readonly GatewayFaults gateway;
    private readonly Membership membership;
    private readonly DatabaseFaults? database;
    private readonly List<Ailment> open = [];
    private bool mayDestroy;

    public Chaos(World world)
    {
        this.world = world;
        random = world.Simulator.Fork();
        var @operator = new Operator(world);
        nodes = new(world, @operator, random);
        gateway = new(world, random);
        membership = new(world, @operator, random);
        if (world.Database is { } shared) database = new(world, shared, random);
    }

    /// <summary>The mean time from one fault to the next.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The longest that one lasts.</summary>
    public TimeSpan DurationMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Faults by kind, for the report.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Breaks things until the time has come, then mends everything.</summary>
    public async Task RunAsync(TimeSpan duration)
    {
        var simulator = world.Simulator;
        var end = simulator.Now + duration.Ticks;
        mayDestroy = true;
        while (simulator.Now < end)
        {
            await simulator.DelayAsync(Pause * 2 * random.NextDouble());
            await MendAsync(ailment => ailment.Until <= simulator.Now);
            if (Pick() is not { } ailment) continue;
            Counts[ailment.Name] = Counts.GetValueOrDefault(ailment.Name) + 1;
            simulator.Trace.Add(simulator.Now, $"fault: {ailment.Name} at {ailment.Where}");
            await ailment.BeginAsync();
            open.Add(ailment with { Until = simulator.Now + (DurationMax * random.NextDouble()).Ticks });
        }

        gateway.Right();
        await MendAsync(_ => true);
        foreach (var ailment in open.ToArray()) await EndAsync(ailment);
    }

    /// <summary>A fault for a node that has none, or for the gateway; null: this time nothing.</summary>
    private Ailment? Pick()
    {
        if (random.Next(5) == 0) return AtGateway();
        if (database is not null && random.Next(4) == 0) return open.Exists(one => one.IsOfDatabase) ? null : database.Any();
        var well = world.Members.FindAll(IsWell);
        var isChanging = open.Exists(one => one.ChangesMembers);
        if (random.Next(6) == 0) return isChanging ? null : membership.Change(well);
        // A node that is not a store yet can break like any other, but has nothing to lose.
        var breakable = well.Concat(world.Joining.Where(IsWell)).ToList();
        if (breakable.Count == 0) return null;
        var node = breakable[random.Next(breakable.Count)];
        if (!world.Members.Contains(node)) return nodes.Transient(node);
        if (mayDestroy && random.Next(6) == 0)
        {
            mayDestroy = false;
            return random.Next(4) switch
            {
                0 => membership.Replace(node),
                1 when !isChanging => membership.Liar(node),
                _ => nodes.Destructive(node),
            };
        }

        // A disk that is no store's may be put into any node.
        var other = well.Find(one => one != node && one.Store is not null);
        return random.Next(12) == 0 && node.Store is not null && other is not null ? nodes.Swap(node, other) : nodes.Transient(node);
    }

    /// <summary>For a gateway that has none.</summary>
    private Ailment? AtGateway()
    {
        var well = world.Gateways.FindAll(site => !open.Exists(one => one.Gateway == site));
        return well.Count == 0 ? null : gateway.Any(well.Count == 1 ? well[0] : well[random.Next(well.Count)]);
    }

    private bool IsWell(NodeMachine node) => open.TrueForAll(one => one.LeavesWell || (one.Node != node && one.Other != node));

    /// <summary>Ends what is due, the gateway's last: it wants to find its nodes. What an operator does goes on meanwhile.</summary>
    private async Task MendAsync(Predicate<Ailment> which)
    {
        foreach (var ailment in open.FindAll(which).OrderBy(one => one.Gateway is not null).ThenBy(one => one.TakesOperator))
        {
            if (ailment.Ending is null)
            {
                world.Simulator.Trace.Add(world.Simulator.Now, $"mended: {ailment.Name} at {ailment.Where}");
                ailment.Ending = ailment.EndAsync();
            }

            if (!ailment.TakesOperator || ailment.Ending.IsCompleted) await EndAsync(ailment);
        }
    }

    private async Task EndAsync(Ailment ailment)
    {
        await ailment.Ending!;
        open.Remove(ailment);
    }
}

/// <summary>Something that is broken.</summary>
/// <param name="Node">At which node; null: at a gateway, or at the database.</param>
/// <param name="BeginAsync">Breaks it.</param>
/// <param name="EndAsync">Mends it.</param>
internal sealed record Ailment(string Name, NodeMachine? Node, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>At which gateway; null: at something else.</summary>
    public GatewaySite? Gateway { get; init; }

    public bool IsOfDatabase { get; init; }

    /// <summary>As the trace has it.</summary>
    public string Where => Node?.Name ?? Gateway?.Name ?? "the database";

    /// <summary>Another node that is part of it.</summary>
    public NodeMachine? Other { get; init; }

    public long Until { get; init; }

    /// <summary>An operator ends it, which may take until something else has been mended.</summary>
    public bool TakesOperator { get; init; }

    /// <summary>Nothing is wrong with the node: other things may happen to it meanwhile.</summary>
    public bool LeavesWell { get; init; }

    /// <summary>Afterwards there is a node more, or less: one such change at a time.</summary>
    public bool ChangesMembers { get; init; }

    /// <summary>The end, once it has begun.</summary>
    public Task? Ending { get; set; }

    public static Func<Task> Async(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };
}
