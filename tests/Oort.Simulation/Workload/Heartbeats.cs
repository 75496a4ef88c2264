using Oort.Backends;
using Oort.Metadata;
using Oort.Objects;
using Oort.Objects.Reputation;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Workload;

/// <summary>What heartbeats bring about, without their HTTP: a node that is a member is audited, and the damage that its scrub has found is repaired.</summary>
internal sealed class Heartbeats(World world)
{
    private const int DamageCountMax = 64;

    private static readonly TimeSpan interval = TimeSpan.FromSeconds(15);

    /// <summary>Sixty times the mean pause between two audits of a node.</summary>
    private static readonly TimeSpan auditPatience = TimeSpan.FromMinutes(30);

    private bool isOver;

    public async Task RunAsync()
    {
        while (!isOver)
        {
            await world.Simulator.DelayAsync(interval);
            foreach (var node in world.Members.ToArray())
            {
                if (world.Gateway is not { IsDead: false } gateway || node.Store is not { } store || node.IsHung || world.LinkTo(node).IsPartitioned) continue;
                try
                {
                    var telling = TellAsync(gateway, node, store.Id);
                    if (await Task.WhenAny(telling, gateway.Died) == telling) await telling;
                    else _ = telling.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }
                catch (Exception e) when (e is MetadataUnavailableException or BackendException || gateway.IsDead)
                {
                    world.Simulator.Trace.Note(world.Simulator.Now, $"heartbeat of {node.Name}: {e.Message}");
                }
            }
        }
    }

    public void Stop() => isOver = true;

    /// <summary>Waits until every node that holds something has been audited.</summary>
    /// <exception cref="SimulationException">One of them is not.</exception>
    public async Task UntilAuditedAsync()
    {
        var simulator = world.Simulator;
        for (var end = simulator.Now + auditPatience.Ticks; ; await simulator.DelayAsync(interval))
        {
            var system = world.Gateway!.System;
            var left = new List<string>();
            foreach (var node in world.Members)
            {
                var store = node.Store!.Id;
                if (system.Reputations.Find(store) is not { AuditCount: > 0 } && !(await system.Metadata.ListSegmentsAsync(default, 1, notFullOnly: false, store, CancellationToken.None)).IsEmpty) left.Add(node.Name);
            }

            if (left.Count == 0) return;
            if (simulator.Now > end) throw new SimulationException($"Not audited within {auditPatience.TotalMinutes} minutes: {string.Join(", ", left)}.");
        }
    }

    /// <summary>Audits punish nobody but who lies, and fail only who has lied, lost something or read wrong bits.</summary>
    /// <remarks>A node that is slow may be suspended, and a clock that jumps may make three timeouts of a day of it: both say nothing of what it holds.</remarks>
    public void Check()
    {
        foreach (var node in world.Members)
        {
            if (world.Gateway!.System.Reputations.Find(node.Store!.Id) is not { } known) throw new SimulationException($"{node.Name} is not audited.");
            if (known.Standing == StoreStanding.Disqualified || (!node.MayFailAudits && known.Events.Any(IsFailed)))
                throw new SimulationException($"{node.Name} is {known.Standing} without its fault: {string.Join("; ", known.Events.Select(one => $"{one.Kind} {one.Shard} {one.Explanation} {one.Evidence}"))}");
        }
    }

    private static bool IsFailed(ReputationEvent one) => one.Kind == ReputationEventKind.AuditFailed && !one.Explanation.StartsWith("It gave no answer", StringComparison.Ordinal);

    private static async Task TellAsync(GatewayMachine gateway, NodeMachine node, StoreId store)
    {
        if (gateway.System.GetStatus().Stores.All(one => one.Id != store)) return;
        if (gateway.System.Reputations.Find(store) is null) await gateway.System.Reputations.EnrolAsync(store, isVetted: true, CancellationToken.None);
        foreach (var shard in node.DamagedShards(DamageCountMax)) await gateway.System.ReportDamageAsync(store, shard, CancellationToken.None);
    }
}
