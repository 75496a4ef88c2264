using Oort.Backends;
using Oort.Metadata;
using Oort.Objects;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Faults;

/// <summary>Who adds, empties, replaces and lets go of nodes: asks again and again, whatever breaks meanwhile, until it is done.</summary>
internal sealed class Operator(World world)
{
    /// <summary>Long after everything else works again.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromHours(2);

    private static readonly TimeSpan pause = TimeSpan.FromSeconds(5);

    /// <summary>A node becomes a store.</summary>
    public Task JoinAsync(NodeMachine node) => UntilDoneAsync($"{node.Name} joins", async gateway =>
    {
        if (Find(gateway, node) is { State: StoreState.Active }) return true;
        await gateway.System.AddDiskAsync(gateway.EndpointOf(node), CancellationToken.None);
        return true;
    });

    /// <summary>A node is to hand over what it has; the gateway lets it go when it is empty.</summary>
    public Task LeaveAsync(NodeMachine node) => UntilDoneAsync($"{node.Name} leaves", async gateway =>
    {
        if (Find(gateway, node) is { State: StoreState.Active } store) await gateway.System.DrainDiskAsync(store.Id, CancellationToken.None);
        return true;
    });

    /// <summary>A node that audits have found out is to go, once what it had has its place elsewhere.</summary>
    public Task LetGoAsync(NodeMachine node) => UntilDoneAsync($"{node.Name} is let go", async gateway =>
    {
        if (Find(gateway, node) is not { State: StoreState.Active } store) return true;
        if (gateway.System.Reputations.Find(store.Id) is not { Standing: StoreStanding.Disqualified } known) throw new DiskChangeException("audits have not found it out yet");
        await gateway.System.DrainDiskAsync(store.Id, CancellationToken.None);
        world.Simulator.Trace.Note(world.Simulator.Now, $"{node.Name} was found out after {known.AuditCount} audits");
        return true;
    });

    /// <summary>A blank node, or a blank disk in a node, takes the place of a store that is gone for good.</summary>
    public Task ReplaceAsync(StoreId gone, NodeMachine node) => UntilDoneAsync($"{node.Name} replaces {gone}", async gateway =>
    {
        var rows = await gateway.System.Metadata.ListStoresAsync(CancellationToken.None);
        if (rows.Any(row => row.Id == gone && row.State == StoreState.Removed)) return true;
        await gateway.System.ReplaceDiskAsync(gone, gateway.EndpointOf(node), CancellationToken.None);
        return true;
    });

    private static StoreStatus? Find(GatewayMachine gateway, NodeMachine node) => gateway.System.GetStatus().Stores.FirstOrDefault(store => store.Location == node.Location);

    private async Task UntilDoneAsync(string what, Func<GatewayMachine, Task<bool>> step)
    {
        var simulator = world.Simulator;
        var end = simulator.Now + patience.Ticks;
        for (var reason = "there is no gateway"; ; await simulator.DelayAsync(pause))
        {
            if (simulator.Now > end) throw new SimulationException($"{what}: not within {patience.TotalHours} hours: {reason}");
            if (world.GatewayStart.IsFaulted) await world.GatewayStart;
            if (world.Gateway is not { IsDead: false } gateway) continue;
            var doing = step(gateway);
            try
            {
                if (await Task.WhenAny(doing, gateway.Died) == doing && await doing) break;
                _ = doing.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                reason = "the gateway died";
            }
            catch (Exception e) when (gateway.IsDead || e is DiskChangeException or MetadataUnavailableException or BackendException)
            {
                reason = e.Message;
            }

            simulator.Trace.Note(simulator.Now, $"{what}: {reason}");
        }

        simulator.Trace.Add(simulator.Now, "the operator has done it");
    }
}
