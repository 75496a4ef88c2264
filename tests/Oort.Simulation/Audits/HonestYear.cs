using System.Globalization;
using Oort.Backends;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Audits;

/// <summary>Nodes that keep everything, behind a network that is not perfect, audited as often as the product audits by default.</summary>
/// <param name="days">How long.</param>
internal sealed class HonestYear(AuditImage image, int seed, int days)
{
    /// <summary>One in so many requests is cut off or lost, and so much of the time each node cannot be reached at all.</summary>
    private const int FaultOneIn = 1_000;

    private static readonly TimeSpan outageMax = TimeSpan.FromMinutes(20);

    /// <summary>Of each node; with a mean outage of ten minutes it is away a thousandth of the time.</summary>
    private static readonly TimeSpan outagePause = TimeSpan.FromMinutes(10) * FaultOneIn;

    /// <summary>A gateway with six disks, and nodes. The workers that only look whether there is something to do rest: the run gives the auditor its ticks, and makes the snapshots.</summary>
    public static AuditShape Shape(int nodes) => new(OwnDisks: 6, nodes, Segments: nodes * 5, static options => options with
    {
        Objects = options.Objects with { PackThreshold = 0 },
        Audits = new() { Tick = TimeSpan.FromMinutes(1) },
        Stores = new() { ProbeInterval = TimeSpan.FromHours(1) },
        Journal = new() { LogSizeMax = 1 << 20 },
        RunWorkers = false,
    });

    public async Task<Outcome> RunAsync()
    {
        using var simulator = new Simulator(seed) { TimeMax = TimeSpan.FromDays(days + 30) };
        using var cluster = new AuditCluster(simulator, image.Shape, image);
        Outcome? result = null;
        try
        {
            await simulator.RunAsync(async () => result = await LiveAsync(cluster));
        }
        catch (Exception e)
        {
            throw new SimulationException(string.Create(CultureInfo.InvariantCulture, $"Seed {seed} failed at {TimeSpan.FromTicks(simulator.Now)}: {e}\n{simulator.Trace.Tail}"));
        }

        return result!;
    }

    private async Task<Outcome> LiveAsync(AuditCluster cluster)
    {
        await cluster.StartAsync();
        var tick = image.Shape.Adjust(new() { DataDirectory = "" }).Audits.Tick;
        foreach (var node in cluster.Nodes)
        {
            cluster.LinkTo(node).FaultOneIn = FaultOneIn;
            PlanOutage(cluster, node, cluster.Simulator.Fork());
        }

        var end = cluster.Simulator.Now + TimeSpan.FromDays(days).Ticks;
        var snapshotAt = 0L;
        while (cluster.Simulator.Now < end)
        {
            await cluster.Simulator.DelayAsync(tick);
            await cluster.System.AuditDueAsync();
            if (cluster.Simulator.Now < snapshotAt) continue;
            await cluster.System.SnapshotAsync(CancellationToken.None);
            snapshotAt = cluster.Simulator.Now + TimeSpan.FromDays(2).Ticks;
        }

        var status = cluster.System.GetStatus().Audits;
        var all = cluster.Nodes.Select(node => cluster.System.Reputations.Find(node.Store!.Id)!).ToList();
        await cluster.StopAsync();
        return new(
            days, all.Count, status, cluster.Nodes.Sum(node => (long)cluster.LinkTo(node).FaultCount),
            all.Count(one => one.Standing == StoreStanding.Disqualified), all.Count(one => one.Standing == StoreStanding.Suspended), all.Count(one => one.Events.Any(it => it.Kind == ReputationEventKind.Suspended)),
            all.Min(one => Math.Min(one.Fast.Score, one.Slow.Score)), all.Min(one => one.OnlineScore));
    }

    private static void PlanOutage(AuditCluster cluster, NodeMachine node, Random random)
    {
        var link = cluster.LinkTo(node);
        // Exponential: the next one comes at any time.
        cluster.Simulator.After(outagePause * -Math.Log(1 - random.NextDouble()), () =>
        {
            link.Lose();
            link.Partition();
            cluster.Simulator.After(outageMax * random.NextDouble(), () =>
            {
                link.Heal();
                PlanOutage(cluster, node, random);
            });
        });
    }

    /// <param name="Faults">Requests that were cut off or lost; those during an outage are not counted.</param>
    /// <param name="EverSuspended">At any time within the last events.</param>
    internal sealed record Outcome(int Days, int Nodes, AuditStatus Audits, long Faults, int Disqualified, int Suspended, int EverSuspended, double ScoreMin, double OnlineMin)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Nodes} honest nodes, {Days} days: {Audits.Passed} audits passed, {Audits.Failed} failed, {Audits.TimedOut} timed out, {Audits.Offline} found the node away; {Faults} requests met a fault; {Disqualified} disqualified, {Suspended} suspended now, {EverSuspended} ever; lowest score {ScoreMin:0.0000}, lowest presence {OnlineMin:0.0000}");
    }
}
