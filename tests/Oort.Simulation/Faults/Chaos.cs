using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Faults;

/// <summary>Breaks things at random, and mends each after a while; at the end, all.</summary>
/// <remarks>
/// What a fault takes away for good is limited to what the product promises to survive: at 4+2 a write is acknowledged by five stores, so one disk at a time may lose what it had, until
/// everything is whole again. What only hides, delays or falsifies has no limit.
/// </remarks>
internal sealed class Chaos
{
    private readonly World world;
    private readonly Random random;
    private readonly NodeFaults nodes;
    private readonly List<Ailment> open = [];
    private bool mayDestroy;

    public Chaos(World world)
    {
        this.world = world;
        random = world.Simulator.Fork();
        nodes = new(world, random);
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
            simulator.Trace.Add(simulator.Now, $"fault: {ailment.Name} at {ailment.Node?.Name ?? "the gateway"}");
            await ailment.BeginAsync();
            open.Add(ailment with { Until = simulator.Now + (DurationMax * random.NextDouble()).Ticks });
        }

        await MendAsync(_ => true);
    }

    /// <summary>A fault for a node that has none, or for the gateway; null: this time nothing.</summary>
    private Ailment? Pick()
    {
        if (random.Next(8) == 0) return open.Exists(one => one.Node is null) ? null : GatewayCrash();
        var well = world.Members.Where(node => open.TrueForAll(one => one.Node != node && one.Other != node)).ToList();
        if (well.Count == 0) return null;
        var node = well[random.Next(well.Count)];
        if (mayDestroy && random.Next(6) == 0)
        {
            mayDestroy = false;
            return nodes.Destructive(node);
        }

        return random.Next(12) == 0 && well.Count > 1 ? nodes.Swap(node, well.First(one => one != node)) : nodes.Transient(node);
    }

    private Ailment GatewayCrash() => new(
        "gateway crash",
        null,
        () =>
        {
            world.CrashGateway();
            return Task.CompletedTask;
        },
        () =>
        {
            // It may have to wait until others are mended.
            world.BeginGateway();
            return Task.CompletedTask;
        });

    private async Task MendAsync(Predicate<Ailment> which)
    {
        // The gateway last: it wants to find its nodes.
        foreach (var ailment in open.FindAll(which).OrderBy(one => one.Node is null))
        {
            open.Remove(ailment);
            world.Simulator.Trace.Add(world.Simulator.Now, $"mended: {ailment.Name} at {ailment.Node?.Name ?? "the gateway"}");
            await ailment.EndAsync();
        }
    }
}

/// <summary>Something that is broken.</summary>
/// <param name="Node">At which node; null: at the gateway.</param>
/// <param name="BeginAsync">Breaks it.</param>
/// <param name="EndAsync">Mends it.</param>
internal sealed record Ailment(string Name, NodeMachine? Node, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>Another node that is part of it.</summary>
    public NodeMachine? Other { get; init; }

    public long Until { get; init; }
}
