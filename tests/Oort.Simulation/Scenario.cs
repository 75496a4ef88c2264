using System.Globalization;
using Oort.Backends.Suite;
using Oort.Simulation.Databases;
using Oort.Simulation.Faults;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;
using Oort.Simulation.Workload;

namespace Oort.Simulation;

/// <summary>Rounds of load under faults, each followed by the proof that nothing is lost: what one seed runs.</summary>
internal sealed class Scenario
{
    /// <summary>Folder in which the trace of a failed run is kept; null: only its end is shown.</summary>
    private static readonly string? results = Environment.GetEnvironmentVariable("OORT_SIMULATION_RESULTS");

    public int RoundCount { get; init; } = 1;

    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(60);

    public int ClientCount { get; init; } = 3;

    public int KeyCount { get; init; } = 6;

    /// <summary>Gateways that share a database on a PostgreSQL server; 0: one gateway with a database of its own.</summary>
    public int SharedGatewayCount { get; init; }

    /// <summary>Runs a seed.</summary>
    /// <returns>What it did, in a line.</returns>
    /// <exception cref="SimulationException">A promise was broken; the message has the seed.</exception>
    public async Task<Outcome> RunAsync(int seed)
    {
        var path = results is null ? null : Path.Combine(Directory.CreateDirectory(results).FullName, string.Create(CultureInfo.InvariantCulture, $"simulation-{seed}{(SharedGatewayCount > 0 ? "-shared" : "")}.trace"));
        var simulator = new Simulator(seed, path);
        var database = SharedGatewayCount > 0 ? await Relay.StartAsync(simulator) : null;
        using var world = new World(simulator, Membership.CountMin + (seed % (Membership.CountMax - Membership.CountMin + 1)), database, Math.Max(1, SharedGatewayCount));
        for (var i = 0; i < ClientCount; i++) world.Clients.Add(new Client(world, i, KeyCount));
        var chaos = new Chaos(world);
        try
        {
            await simulator.RunAsync(() => LiveAsync(world, chaos));
        }
        catch (Exception e)
        {
            throw new SimulationException(string.Create(CultureInfo.InvariantCulture, $"Seed {seed}{(SharedGatewayCount > 0 ? $" with {SharedGatewayCount} gateways" : "")} failed at {TimeSpan.FromTicks(simulator.Now)}: {e}\nThe end of its trace{(path is null ? "" : $" (the whole: {path})")}:\n{simulator.Trace.Tail}"));
        }

        if (path is not null) File.Delete(path);
        return new(seed, simulator.Trace.Hash, simulator.Trace.Count, TimeSpan.FromTicks(simulator.Now), world.Clients.Sum(client => client.Puts.Count), world.Clients.Sum(client => client.Gets.Count), world.Clients.Sum(client => client.Uploads.CompletedCount), world.Clients.Sum(client => client.Failures),
            string.Join(", ", chaos.Counts.Select(pair => $"{pair.Key} {pair.Value}")));
    }

    private async Task LiveAsync(World world, Chaos chaos)
    {
        await world.StartAsync();
        var heartbeats = new Heartbeats(world);
        var beating = heartbeats.RunAsync();
        for (var round = 0; round < RoundCount; round++)
        {
            var work = world.WorkAsync(RoundTime);
            await chaos.RunAsync(RoundTime);
            world.BeginGateway();
            await world.GatewayStart;
            await work;
            await world.SettleAsync();
            // A disk that has silently lost what it acknowledged is found by the next scrub, which the product makes every two weeks by itself.
            if (chaos.Counts.ContainsKey(NodeFaults.StaleDisk)) await world.Gateway!.System.ScrubAsync(repair: true, null, CancellationToken.None);
            await world.CheckAsync();
            await heartbeats.UntilAuditedAsync();
            heartbeats.Check();
            foreach (var client in world.Clients) await client.Uploads.EndSomeAsync();
            await LoseTwoAsync(world);
        }

        heartbeats.Stop();
        await beating;

        await world.StopAsync();
    }

    /// <summary>4+2 and whole: any two nodes may be away.</summary>
    private static async Task LoseTwoAsync(World world)
    {
        var random = world.Simulator.Fork();
        var away = world.Members.OrderBy(_ => random.Next()).Take(2).ToList();
        foreach (var node in away)
        {
            node.Crash(CrashMode.Dropped, NodePower.Off);
            world.LinkTo(node).Reset();
        }

        await world.CheckContentAsync();
        foreach (var node in away) await node.StartAsync();
        await world.SettleAsync();
    }

    /// <summary>What a run did.</summary>
    internal sealed record Outcome(int Seed, string Hash, long Events, TimeSpan Time, int Puts, int Gets, int Uploads, int Failures, string Faults)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"seed {Seed}: trace {Hash} of {Events} events in {Time}; {Puts} puts, {Gets} gets and {Uploads} uploads done, {Failures} requests failed; {Faults}");
    }
}
