using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>Takes items on networks further, one step at a time: what a step gives is stored before the next (docs/networks.md).</summary>
/// <remarks>
/// A gateway that dies between a step and its storing takes the same step again, which costs nothing. Only one gateway of a cluster is to run it at a time; when two do, the revision of
/// an item lets one of them store. Not thread-safe.
/// </remarks>
internal sealed partial class ItemRound(IMetadataStore metadata, StoreSet stores, ItemPlanner planner, IRepairQueue repairs, ISpendGate spending, NetworkOptions options, TimeProvider time, ILogger<ItemRound> logger)
{
    /// <summary>Items taken in one round; those that are due then come in the next.</summary>
    private const int BatchCount = 256;

    /// <summary>Pause before an item of a network that cannot be opened is looked at again.</summary>
    private static readonly TimeSpan ClosedDelay = TimeSpan.FromMinutes(5);

    /// <summary>Pause before it is asked again whether an item may be paid for.</summary>
    private static readonly TimeSpan HeldDelay = TimeSpan.FromMinutes(30);

    /// <summary>Pause between two looks at all that networks hold which are drained.</summary>
    private static readonly TimeSpan DrainedInterval = TimeSpan.FromMinutes(1);

    private long drainedAt;

    /// <summary>Takes every step that is due now.</summary>
    /// <returns>Steps taken.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (stores.Networks.Count == 0) return 0;
        await LetGoOfDrainedAsync(cancellationToken);
        // Times are kept in milliseconds: what is due in this one is due.
        var due = await metadata.ListDueItemsAsync(time.GetUtcNow().AddMilliseconds(1), BatchCount, cancellationToken);
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken }, StepAsync);
        // What is sealed may be the last that its segments waited for. One after the other: the planner is not for several.
        foreach (var item in due)
            if (await metadata.FindItemAsync(item.Store, item.Item.Id, cancellationToken) is { Item.IsCopy: true } now && !item.Item.IsCopy) await planner.LookAsync(now, cancellationToken);
        return due.Length;
    }

    private async ValueTask StepAsync(ItemRow row, CancellationToken cancellationToken)
    {
        try
        {
            var network = stores.Networks.GetValueOrDefault(row.Store) ?? stores.Networks.GetValueOrDefault(NetworkDefinition.DraftOf(row.Store));
            if (network?.Backend is not { } backend)
            {
                await StoreAsync(row, row.Item with { NextStep = time.GetUtcNow() + ClosedDelay }, cancellationToken);
                return;
            }

            var item = ItemStates.Resumed(row.Item);
            if (item.State == ItemState.DeleteRequested)
            {
                await DeleteAsync(row, item, network, backend, cancellationToken);
                return;
            }

            // Nothing is paid for what nobody wants any more.
            var shards = await metadata.ListItemShardsAsync(row, cancellationToken);
            if (await LetGoAsync(network.Id, row.Store, shards, cancellationToken)) return;
            if (item.Receipt is null && await spending.HoldAsync(network.Definition.Name, row, shards, cancellationToken) is { Length: > 0 } held)
            {
                await StoreAsync(row, item with { Reason = held, NextStep = time.GetUtcNow() + HeldDelay }, cancellationToken);
                return;
            }

            NetworkItem after;
            try
            {
                after = ItemStates.Worked(item, await backend.StepAsync(item, new ItemSource([.. shards.OrderBy(shard => shard.Offset)], metadata, stores), cancellationToken));
                network.Tally.StepTaken();
                // A step may take an hour: what is accepted counts from when its row says so, as costs are counted by that time (CostRound.Settling).
                if (row.Item.Receipt is null && after.Receipt is { } receipt) after = after with { Receipt = receipt with { Accepted = time.GetUtcNow() } };
            }
            catch (BackendException failure)
            {
                after = ItemStates.Failed(row.Item, failure, time.GetUtcNow());
                network.Tally.StepFailed(failure.Kind);
                LogFailed(logger, item.Id, network.Location, after.State, failure.Message);
            }
            catch (Exception failure) when (failure is not (OperationCanceledException or MetadataUnavailableException))
            {
                // A bug, for which no other item is to wait: it is tried again, later each time.
                after = ItemStates.Failed(row.Item, new(BackendErrorKind.Transient, "Something unforeseen happened; the log has more.", failure), time.GetUtcNow());
                LogUnforeseen(logger, item.Id, network.Location, failure);
            }

            if (await StoreAsync(row, after, cancellationToken) && after.State is ItemState.FailedFinal or ItemState.Expired) await LoseAsync(row.Store, shards, cancellationToken);
        }
        catch (MetadataUnavailableException failure)
        {
            LogUnavailable(logger, row.Item.Id, failure);
        }
    }

    private async ValueTask DeleteAsync(ItemRow row, NetworkItem item, NetworkStore network, INetworkBackend backend, CancellationToken cancellationToken)
    {
        NetworkItem after;
        try
        {
            var (outcome, effective) = await backend.DeleteAsync(item, cancellationToken);
            network.Tally.StepTaken();
            after = outcome switch
            {
                DeleteOutcome.Undeletable => item with { State = ItemState.Undeletable },
                DeleteOutcome.Scheduled => item with { NextStep = Later(effective), FailureCount = 0, Reason = "" },
                _ => item with { State = ItemState.Deleted },
            };
        }
        catch (BackendException failure)
        {
            after = ItemStates.Failed(row.Item, failure, time.GetUtcNow());
            network.Tally.StepFailed(failure.Kind);
            LogFailed(logger, item.Id, backend.Location, after.State, failure.Message);
        }

        // What is gone needs no row; what stays for ever keeps it, since it was paid for and is there.
        var isStored = after.State == ItemState.Deleted ? await metadata.RemoveItemAsync(row.Store, item.Id, row.Revision, cancellationToken) == CommitOutcome.Done : await StoreAsync(row, after, cancellationToken);
        if (isStored && after.State == ItemState.Deleted) spending.Deleted(network.Definition.Name, row);

        DateTimeOffset Later(DateTimeOffset? effective) => effective is { } at && at > time.GetUtcNow() ? at : time.GetUtcNow() + ClosedDelay;
    }

    /// <summary>An item was lost: shards that are nowhere else are rebuilt; of the others the network is not to keep anything.</summary>
    private async ValueTask LoseAsync(StoreId network, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken)
    {
        var elsewhere = new List<ShardId>();
        foreach (var place in shards)
        {
            if (await metadata.FindSegmentAsync(place.Shard.Segment, cancellationToken) is { } segment && segment.Shards[place.Shard.Index] == network) repairs.Enqueue(place.Shard.Segment, place.Shard.Index, RepairReason.Reported);
            else elsewhere.Add(place.Shard);
        }

        if (elsewhere.Count > 0) await metadata.RemoveItemShardsAsync(network, [.. elsewhere], cancellationToken);
    }

    /// <summary>Lets go of shards that nobody wants on the network any more: their segment is gone, was rebuilt elsewhere, or has another policy.</summary>
    /// <param name="under">The network, or its drafts.</param>
    /// <returns>Whether there were any: the item is another one then.</returns>
    private async ValueTask<bool> LetGoAsync(StoreId network, StoreId under, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken)
    {
        var unwanted = new List<ShardId>();
        foreach (var place in shards)
            if (!await planner.IsWantedAsync(network, place.Shard, cancellationToken)) unwanted.Add(place.Shard);
        if (unwanted.Count == 0) return false;
        await metadata.RemoveItemShardsAsync(under, [.. unwanted], cancellationToken);
        return true;
    }

    private async Task LetGoOfDrainedAsync(CancellationToken cancellationToken)
    {
        if (drainedAt != 0 && time.GetElapsedTime(drainedAt) < DrainedInterval) return;
        drainedAt = Math.Max(1, time.GetTimestamp());
        foreach (var network in stores.Networks.Values.Where(network => network.Definition.Role == NetworkRole.Draining))
            await foreach (var item in metadata.ListItemsAsync(network.Id, cancellationToken))
                await LetGoAsync(network.Id, network.Id, await metadata.ListItemShardsAsync(item, cancellationToken), cancellationToken);
    }

    /// <returns>False: it was changed meanwhile, and is looked at again as it is then.</returns>
    private async ValueTask<bool> StoreAsync(ItemRow row, NetworkItem after, CancellationToken cancellationToken) =>
        await metadata.UpdateItemAsync(row.Store, row.Revision, after, cancellationToken) == CommitOutcome.Done;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Item {Item} on {Location} is {State}: {Reason}")]
    private static partial void LogFailed(ILogger logger, ItemId item, string location, ItemState state, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A step of item {Item} on {Location} ended in a way that none should.")]
    private static partial void LogUnforeseen(ILogger logger, ItemId item, string location, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The step of item {Item} could not be stored; it is taken again.")]
    private static partial void LogUnavailable(ILogger logger, ItemId item, Exception failure);
}
