using Oort.Backends;
using Oort.Metadata;
using Oort.Objects;
using Oort.Simulation.Machines;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation.Workload;

/// <summary>What must be true when everything works again: it comes back by itself, and nothing that was promised is missing.</summary>
internal static class Settling
{
    private static readonly TimeSpan patience = TimeSpan.FromHours(4);

    /// <summary>Waits until each gateway says that all its stores are online and every shard is in its place.</summary>
    /// <exception cref="SimulationException">It does not come to that.</exception>
    public static async Task SettleAsync(this World world)
    {
        var simulator = world.Simulator;
        var end = simulator.Now + patience.Ticks;
        for (var calm = 0; calm < 3;)
        {
            await simulator.DelayAsync(TimeSpan.FromSeconds(20));
            var reason = await UnsettledAsync(world);
            calm = reason is null ? calm + 1 : 0;
            if (simulator.Now > end) throw new SimulationException($"{patience.TotalHours} hours after everything was healed, it is not as before: {reason}");
        }

        world.Retire();
    }

    /// <summary>Reads everything and compares it with the model, and with what the nodes really hold.</summary>
    public static async Task CheckAsync(this World world)
    {
        await world.CheckContentAsync();
        var system = world.Gateway!.System;
        var fsck = await system.FsckAsync(repair: false, null, CancellationToken.None);
        if (!fsck.IsClean) throw new SimulationException($"fsck: {string.Join("; ", fsck.Findings.Where(finding => finding.Severity != FindingSeverity.Note && !finding.Repaired).Select(finding => $"{finding.Subject}: {finding.Text}"))}");
        var scrub = await system.ScrubAsync(repair: false, null, CancellationToken.None);
        if (scrub.BadShards + scrub.BadCopies > 0) throw new SimulationException($"scrub: {scrub.BadShards} bad shards, {scrub.BadCopies} bad copies: {string.Join("; ", scrub.Findings.Select(finding => finding.Text))}");
        await world.CheckPlacesAsync();
    }

    /// <summary>Every key and every upload as the model says, and the listings too, at each gateway.</summary>
    public static async Task CheckContentAsync(this World world)
    {
        foreach (var site in world.Gateways)
        {
            var gateway = site.Machine!;
            foreach (var key in world.Clients.SelectMany(client => client.Keys)) key.Acknowledge(key.Check(await gateway.GetAsync(world.Bucket, key.Name)));
            var expected = world.Clients.SelectMany(client => client.Keys).Where(key => key.Possible[0] is not null).Select(key => key.Name).Order(StringComparer.Ordinal);
            var listed = await gateway.ListAsync(world.Bucket);
            if (!listed.SequenceEqual(expected)) throw new SimulationException($"The listing of {site.Name} has {string.Join(", ", listed)}, the model {string.Join(", ", expected)}.");
            var uploads = await gateway.ListUploadsAsync(world.Bucket);
            foreach (var client in world.Clients) await client.Uploads.CheckAsync(gateway, uploads);
        }
    }

    /// <summary>What the rows say is compared with the nodes' own stores, past everything that the gateway believes.</summary>
    private static async Task CheckPlacesAsync(this World world)
    {
        var rows = await world.Gateway!.System.Metadata.ListSegmentsAsync(default, 1_000_000, notFullOnly: false, null, CancellationToken.None);
        foreach (var row in rows)
        {
            if (row.Shards.Distinct().Count() != row.Geometry.TotalShards) throw new SimulationException($"Segment {row.Id} has two shards on one node.");
            for (var index = 0; index < row.Shards.Length; index++)
            {
                var node = world.Nodes.Find(one => one.Store?.Id == row.Shards[index]) ?? throw new SimulationException($"Segment {row.Id} has a shard on a store that no node has.");
                if (await node.Store!.StatAsync(new ShardId(row.Id, (byte)index), CancellationToken.None) is null) throw new SimulationException($"{node.Name} has no shard {index} of segment {row.Id}.");
            }
        }
    }

    private static async Task<string?> UnsettledAsync(World world)
    {
        foreach (var site in world.Gateways)
            if (await UnsettledAsync(site) is { } reason) return $"{site.Name}: {reason}";
        return null;
    }

    private static async Task<string?> UnsettledAsync(GatewaySite site)
    {
        if (site.Machine is not { IsDead: false } gateway) return "it is down";
        var status = gateway.System.GetStatus();
        if (!status.CanWrite) return "it cannot write";
        if (status.Stores.FirstOrDefault(store => store.Health != StoreHealth.Online) is { } away) return $"{away.Location} is {away.Health}: {away.Reason}";
        if (status.Stores.FirstOrDefault(store => store.State != StoreState.Active) is { } leaving) return $"{leaving.Location} is {leaving.State}";
        if (status.Repair.CopiesPending) return "copies are pending";
        if (status.Repair is { Queued: > 0 } or { Running: > 0 }) return $"repair has {status.Repair.Queued} segments waiting";
        try
        {
            var open = await gateway.System.Metadata.ListSegmentsAsync(default, 100, notFullOnly: true, null, CancellationToken.None);
            return open.IsEmpty ? null : $"{open.Length} segments are not full";
        }
        catch (MetadataUnavailableException e)
        {
            return e.Message;
        }
    }
}
