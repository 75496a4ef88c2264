using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Costs;
using Oort.Objects.Networks;

namespace Oort.Objects;

/// <content>Outside networks: added, drained and removed, and the work that takes shards there.</content>
public sealed partial class ObjectSystem
{
    private long plannedAt;
    private (long Networks, long Placement) plannedFor;
    private volatile string networkFault = "";

    /// <inheritdoc/>
    public ValueTask<NetworkDefinition> AddNetworkAsync(NetworkDefinition wanted, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken) => networks.AddAsync(wanted, secret, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DrainNetworkAsync(string name, bool isDraining, CancellationToken cancellationToken)
    {
        await networks.SetRoleAsync(name, isDraining ? NetworkRole.Draining : NetworkRole.Active, cancellationToken);
        scanAsked = true;
    }

    /// <inheritdoc/>
    public ValueTask RemoveNetworkAsync(string name, CancellationToken cancellationToken) => networks.RemoveAsync(name, cancellationToken);

    /// <inheritdoc/>
    public ImmutableArray<(NetworkDefinition Definition, INetworkBackend? Backend, string Fault)> GetNetworks() =>
        [.. parts.Stores.Networks.Values.OrderBy(network => network.Definition.Name, StringComparer.Ordinal).Select(network => (network.Definition, network.Backend, network.Fault))];

    /// <summary>Plans items, takes every step that is due, and again until nothing is left to do now; for tests that step it.</summary>
    /// <returns>Steps taken.</returns>
    internal async Task<int> StepNetworksAsync(CancellationToken cancellationToken = default)
    {
        await CountItemsAsync(isAsked: false, cancellationToken);
        var steps = await TakeNetworkStepAsync(cancellationToken);
        if (steps == 0) return steps;
        for (int taken; (taken = await itemRound.RunAsync(cancellationToken)) > 0;) steps += taken;
        return steps;
    }

    /// <summary>The same with one step of each item at most.</summary>
    internal async Task<int> TakeNetworkStepAsync(CancellationToken cancellationToken = default)
    {
        await itemPlanner.RunAsync(isWhole: true, cancellationToken);
        await itemCompactor.RunAsync(cancellationToken);
        return await itemRound.RunAsync(cancellationToken);
    }

    /// <summary>Looks at the networks once, for tests that step it.</summary>
    internal Task WatchNetworksAsync() => networkWatch.RunAsync(CancellationToken.None);

    /// <summary>Takes over networks that are newer than those that are open. A list that cannot be read is told, and keeps no gateway from starting.</summary>
    private async Task LoadNetworksAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await networks.LoadAsync(cancellationToken)) scanAsked = true;
            networkFault = "";
        }
        catch (NetworkException failure)
        {
            if (networkFault != failure.Message) logger.LogError(failure, "The list of networks cannot be used; those before stay open, at a start none.");
            networkFault = failure.Message;
        }
    }

    private void StartNetworks()
    {
        workers.Every("The look for new networks", options.PlacementInterval, options.PlacementInterval, LoadNetworksAsync);
        workers.Every("The look at networks", TimeSpan.FromSeconds(5), options.Networks.WatchInterval, networkWatch.RunAsync);
        workers.Every("The look for budgets", options.PlacementInterval, options.PlacementInterval, async stop => await spending.LoadAsync(stop));
        workers.Every("The count of reads from networks", CostRound.OwnInterval, CostRound.OwnInterval, costs.CountOwnAsync);
        workers.Every("Items on networks", options.Networks.StepInterval, options.Networks.StepInterval, stop => parts.Stores.Networks.Count == 0 ? Task.CompletedTask : RunAloneAsync("items", RunNetworksAsync, stop));
    }

    /// <summary>In the same turn as the items, so that one gateway minds the money.</summary>
    private async Task CountItemsAsync(bool isAsked, CancellationToken cancellationToken)
    {
        if (await costs.RunAsync(isAsked, cancellationToken) is { } until) await spending.ForgetCountedAsync(until, cancellationToken);
    }

    private async Task RunNetworksAsync(CancellationToken stop)
    {
        var now = (networks.Document.Revision, parts.Stores.Placement.Document.Revision);
        var isWhole = now != plannedFor || time.GetElapsedTime(plannedAt) >= options.Networks.PlanInterval;
        await itemPlanner.RunAsync(isWhole, stop);
        if (isWhole) (plannedFor, plannedAt) = (now, time.GetTimestamp());
        await CountItemsAsync(isAsked: false, stop);
        await itemRound.RunAsync(stop);
        await itemCompactor.RunAsync(stop);
    }
}
