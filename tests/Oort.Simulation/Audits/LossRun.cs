using System.Globalization;
using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Objects;
using Oort.Objects.Audits;
using Oort.Objects.Reputation;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Audits;

/// <summary>One run of one seed: a node loses a share of its shards, and the gateway audits it until it is disqualified, or has been audited often enough.</summary>
/// <param name="lost">Share of the node's shards.</param>
/// <param name="isLasting">A part of the disk is broken: what repair puts there is lost again. False: it was lost once.</param>
/// <param name="auditsMax">After so many the run ends.</param>
internal sealed class LossRun(AuditImage image, int seed, double lost, bool isLasting, int auditsMax)
{
    /// <summary>How often the run looks at what has become of the node.</summary>
    private static readonly TimeSpan look = TimeSpan.FromSeconds(20);

    /// <summary>A gateway with five disks and a node, audited in two of three ticks instead of once in some minutes, so that 1,500 audits take seven hours.</summary>
    public static AuditShape Shape(int segments) => new(OwnDisks: 5, Nodes: 1, segments, static options => options with
    {
        Objects = options.Objects with { PackThreshold = 0 },
        Audits = new() { ProbationInterval = TimeSpan.FromSeconds(10), AuditsPerDayMin = 8_640, AuditsPerDayMax = 8_640 },
        Stores = new() { ProbeInterval = TimeSpan.FromMinutes(1) },
        ScrubInterval = TimeSpan.Zero,
        OrphanScanInterval = TimeSpan.FromDays(1),
    });

    /// <returns>Audits until the node was disqualified; null when it was not.</returns>
    public async Task<int?> RunAsync()
    {
        using var simulator = new Simulator(seed);
        using var cluster = new AuditCluster(simulator, image.Shape, image);
        int? result = null;
        try
        {
            await simulator.RunAsync(async () => result = await LiveAsync(cluster));
        }
        catch (Exception e)
        {
            throw new SimulationException(string.Create(CultureInfo.InvariantCulture, $"Seed {seed} failed at {TimeSpan.FromTicks(simulator.Now)}: {e}\n{simulator.Trace.Tail}"));
        }

        return result;
    }

    private async Task<int?> LiveAsync(AuditCluster cluster)
    {
        await cluster.StartAsync();
        var node = cluster.Nodes[0];
        var store = node.Store!.Id;
        var gone = await LoseAsync(cluster, node);
        var open = new List<ShardId>();
        StoreReputation now;
        while (true)
        {
            await cluster.Simulator.DelayAsync(look);
            now = cluster.System.Reputations.Find(store)!;
            foreach (var one in now.Events)
            {
                if (one.Kind != ReputationEventKind.AuditFailed || !ShardId.TryParse(one.Shard, out var shard)) continue;
                if (!gone.Contains(shard)) throw new SimulationException($"An audit of shard {shard}, which is whole, failed: {one.Evidence}");
                if (isLasting && !open.Contains(shard)) open.Add(shard);
            }

            foreach (var shard in open.ToArray())
            {
                if (await node.Store.StatAsync(shard, CancellationToken.None) is null) continue;
                await node.Store.DeleteAsync(shard, CancellationToken.None);
            }

            if (now.Standing == StoreStanding.Disqualified || now.AuditCount >= auditsMax) break;
        }

        await cluster.StopAsync();
        return now.Standing == StoreStanding.Disqualified && now.AuditCount <= auditsMax ? (int)now.AuditCount : null;
    }

    /// <summary>Half of what is lost is gone, the other half are other bytes.</summary>
    private async Task<HashSet<ShardId>> LoseAsync(AuditCluster cluster, NodeMachine node)
    {
        var random = cluster.Simulator.Fork();
        var store = node.Store!;
        var rows = await cluster.System.Metadata.ListSegmentsAsync(default, 1_000_000, notFullOnly: false, store.Id, CancellationToken.None);
        var held = rows.Select(row => new ShardId(row.Id, (byte)row.Shards.IndexOf(store.Id))).ToArray();
        if (held.Length != image.Shape.Segments) throw new SimulationException($"The node has {held.Length} shards.");
        random.Shuffle(held);
        var gone = held.Take((int)Math.Round(held.Length * lost)).ToArray();
        foreach (var shard in gone.Take(gone.Length / 2)) await store.DeleteAsync(shard, CancellationToken.None);
        var garbled = gone.Skip(gone.Length / 2).ToHashSet();
        if (node.Disk.Medium.Garble(garbled, random) != garbled.Count) throw new SimulationException("The disk has other shards than its store.");
        return [.. gone];
    }
}
