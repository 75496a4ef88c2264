using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Adding, replacing and emptying disks.</summary>
public sealed partial class ObjectSystem
{
    /// <summary>How long a change of disks waits for the journal: it retries with pauses of up to two seconds.</summary>
    private static readonly TimeSpan DiskChangePatience = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async ValueTask<ImmutableArray<DiskStatus>> ListDisksAsync(CancellationToken cancellationToken)
    {
        var disks = ImmutableArray.CreateBuilder<DiskStatus>();
        var removed = (await parts.Metadata.ListStoresAsync(cancellationToken)).Where(row => row.State == StoreState.Removed).Select(row => row.Id).ToHashSet();
        // What lies on removed stores, or nowhere, is waiting for a disk: it is shown with each one that could take it.
        var homeless = (await parts.Metadata.GetTotalsAsync(cancellationToken)).SegmentsNotFull;
        foreach (var id in removed) homeless += (await CountSegmentsAsync(id, cancellationToken)).Count;
        foreach (var store in parts.Stores.GetStatus())
        {
            var (held, _) = await CountSegmentsAsync(store.Id, cancellationToken);
            disks.Add(new(store, held, store.State == StoreState.Draining ? held : homeless));
        }

        return disks.ToImmutable();
    }

    /// <inheritdoc/>
    public async ValueTask<DiskStatus> AddDiskAsync(IStoreEndpoint endpoint, CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            var slot = await JoinAsync(endpoint, cancellationToken);
            scanAsked = healAsked = true;
            return new(slot.Status, 0, 0);
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 1. The old one is taken out of the set at once, so that the journal's quorum is of stores that can take it. 2. The new one joins. 3. The old one's row says
    /// Removed, and the scan finds every segment with a shard on it. A crash between 2. and 3. leaves the old one missing and the new one joined; called again, it goes on with 3.
    /// </remarks>
    public async ValueTask<DiskStatus> ReplaceDiskAsync(StoreId gone, IStoreEndpoint endpoint, CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            var rows = await parts.Metadata.ListStoresAsync(cancellationToken);
            var row = rows.FirstOrDefault(one => one.Id == gone && one.State != StoreState.Removed) ?? throw new DiskChangeException($"There is no disk {gone} in this cluster.");
            var old = parts.Stores.Slots.FirstOrDefault(slot => slot.Id == gone);
            var joined = await FindJoinedAsync(rows, old, endpoint, cancellationToken);

            // 1.
            parts.Stores.SetState(gone, StoreState.Removed);

            // 2.
            StoreSlot slot;
            try
            {
                slot = joined ?? await JoinAsync(endpoint, cancellationToken);
            }
            catch
            {
                parts.Stores.SetState(gone, row.State);
                throw;
            }

            // 3. From here on it is done to its end.
            await PutStoreAsync(row with { State = StoreState.Removed }, CancellationToken.None);
            if (old is not null) await parts.Stores.RemoveAsync(gone);
            logger.LogInformation("Store {Gone} ({Location}) was replaced by {Id} at {NewLocation}; its shards are rebuilt.", gone, row.Location, slot.Id, endpoint.Location);
            scanAsked = healAsked = true;
            return new(slot.Status, 0, (await CountSegmentsAsync(gone, CancellationToken.None)).Count);
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DrainDiskAsync(StoreId disk, CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            var row = (await parts.Metadata.ListStoresAsync(cancellationToken)).FirstOrDefault(one => one.Id == disk && one.State != StoreState.Removed) ?? throw new DiskChangeException($"There is no disk {disk} in this cluster.");
            var others = parts.Stores.Slots.Count(slot => slot.State == StoreState.Active && slot.Id != disk);
            var (_, widest) = await CountSegmentsAsync(disk, cancellationToken);
            if (others < Math.Max(1, widest))
                throw new DiskChangeException(string.Create(CultureInfo.InvariantCulture, $"It holds segments with {widest} shards, and only {others} other disks are active; add a disk first, or replace this one."));
            await parts.Metadata.PutStoreAsync(row with { State = StoreState.Draining }, cancellationToken);
            parts.Stores.SetState(disk, StoreState.Draining);
            scanAsked = healAsked = true;
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <inheritdoc/>
    /// <remarks>1. Out of the set at once, so that the journal's quorum is of stores that can take it. 2. Its row says Removed, and the scan finds every segment with a shard on it.</remarks>
    public async ValueTask GiveUpDiskAsync(StoreId gone, CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            var row = (await parts.Metadata.ListStoresAsync(cancellationToken)).FirstOrDefault(one => one.Id == gone && one.State != StoreState.Removed) ?? throw new DiskChangeException($"There is no disk {gone} in this cluster.");
            if (parts.Stores.FindSlot(gone) is { Health: not StoreHealth.Offline }) throw new DiskChangeException($"{row.Location} is there; drain it, so that it hands over what it has.");
            if (!parts.Stores.Slots.Any(slot => slot.State == StoreState.Active && slot.Id != gone)) throw new DiskChangeException("It is the last one.");

            // 1.
            parts.Stores.SetState(gone, StoreState.Removed);
            try
            {
                // 2.
                await PutStoreAsync(row with { State = StoreState.Removed }, CancellationToken.None);
            }
            catch
            {
                parts.Stores.SetState(gone, row.State);
                throw;
            }

            await parts.Stores.RemoveAsync(gone);
            logger.LogInformation("Store {Gone} ({Location}) was given up; its shards are rebuilt.", gone, row.Location);
            scanAsked = healAsked = true;
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask RelocateDiskAsync(StoreId disk, string location, CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            var row = (await parts.Metadata.ListStoresAsync(cancellationToken)).FirstOrDefault(one => one.Id == disk && one.State != StoreState.Removed) ?? throw new DiskChangeException($"There is no disk {disk} in this cluster.");
            if (row.Location != location) await parts.Metadata.PutStoreAsync(row with { Location = location }, cancellationToken);
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <summary>Follows what other gateways on the same database did to stores that can be located: they joined, moved, drain, or left.</summary>
    internal async Task FollowStoresAsync(CancellationToken cancellationToken)
    {
        await diskChange.WaitAsync(cancellationToken);
        try
        {
            foreach (var row in await parts.Metadata.ListStoresAsync(cancellationToken))
            {
                var slot = parts.Stores.FindSlot(row.Id);
                if (row.State == StoreState.Removed)
                {
                    if (slot is not null) await parts.Stores.RemoveAsync(row.Id);
                    continue;
                }

                // Also of a store that is here already: it may be somewhere else by now.
                var endpoint = options.Locate!(row.Location);
                if (slot is not null) parts.Stores.SetState(row.Id, row.State);
                else if (endpoint is not null) parts.Stores.Add(endpoint, row.Id, null, row.State, "It joined through another gateway.");
            }
        }
        finally
        {
            diskChange.Release();
        }
    }

    /// <summary>The store that a replacement which broke off has let join; null: it is still to join.</summary>
    /// <remarks>A disk that has long been here looks the same. That it takes the place of one that is gone only says so of that one, which is true; one that is there is drained, not given up.</remarks>
    /// <exception cref="DiskChangeException">It cannot take the old one's place.</exception>
    private async ValueTask<StoreSlot?> FindJoinedAsync(IReadOnlyList<StoreRow> rows, StoreSlot? old, IStoreEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (await FindAsync(endpoint, cancellationToken) is not { } found || rows.FirstOrDefault(one => one.Id == found.Id) is not { } row) return null;
        if (row.State != StoreState.Active || parts.Stores.FindSlot(found.Id) is not { } slot || slot == old) throw new DiskChangeException($"{endpoint.Location} holds store {found.Id} already; give an empty disk.");
        if (old is { State: not StoreState.Removed, Health: not StoreHealth.Offline })
            throw new DiskChangeException($"{endpoint.Location} holds store {found.Id} already, and {old.Endpoint.Location} is there; give an empty disk, or drain {old.Endpoint.Location}.");
        return slot;
    }

    /// <summary>A blank place becomes a store of this cluster: 1. the store, 2. the keyring on it, 3. a place in the set, 4. its row.</summary>
    /// <remarks>When it is in doubt whether its row took effect, what the metadata have decides. Where they do not say it, the store stays in the set: called again, this goes on with 4., and so does a start.</remarks>
    private async ValueTask<StoreSlot> JoinAsync(IStoreEndpoint endpoint, CancellationToken cancellationToken)
    {
        var found = await FindAsync(endpoint, cancellationToken);
        if (found is { } present && parts.Stores.FindSlot(present.Id) is { } begun)
        {
            if (await HasRowAsync(present.Id, cancellationToken) == false) return await PutRowAsync(begun);
            throw new DiskChangeException($"{endpoint.Location} is a disk of this cluster already.");
        }

        if (found is { Cluster: { } cluster } && cluster != Cluster) throw new DiskChangeException($"{endpoint.Location} belongs to another cluster ({cluster}); give an empty disk.");

        IStore? store = null;
        try
        {
            // 1.
            store = found is null ? await endpoint.CreateAsync(Cluster, cancellationToken) : await endpoint.OpenAsync(Cluster, cancellationToken);

            // 2.
            await store.PutBlobAsync(KeyringReplicas.BlobName, parts.Keyring.Seal(root), cancellationToken);
        }
        catch (BackendException failure)
        {
            if (store is not null && endpoint is not OpenStoreEndpoint) await store.DisposeAsync();
            throw new DiskChangeException($"{endpoint.Location} cannot be used: {failure.Message}", failure);
        }

        // 3.
        return await PutRowAsync(parts.Stores.Add(endpoint, store.Id, store, StoreState.Active));

        // 4. Its record is the first that the new store takes part in. Whoever does not wait for it any more does not take it back.
        async ValueTask<StoreSlot> PutRowAsync(StoreSlot added)
        {
            try
            {
                await PutStoreAsync(new() { Id = added.Id, Location = endpoint.Location, State = StoreState.Active }, CancellationToken.None);
                return added;
            }
            catch (Exception failure)
            {
                switch (await HasRowAsync(added.Id, CancellationToken.None))
                {
                    case true:
                        return added;
                    case false:
                        await parts.Stores.RemoveAsync(added.Id);
                        throw;
                    default:
                        throw new MetadataUnavailableException($"The metadata do not say whether {endpoint.Location} has joined. Ask for it again when they answer.", failure);
                }
            }
        }
    }

    /// <summary>Whether a store has a row; null when the metadata do not say it.</summary>
    private async ValueTask<bool?> HasRowAsync(StoreId id, CancellationToken cancellationToken)
    {
        try
        {
            return (await parts.Metadata.ListStoresAsync(cancellationToken)).Any(row => row.Id == id);
        }
        catch (MetadataUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Writes a store's row, with patience: when the journal had lost its quorum, it first has to find the stores that are there now.</summary>
    private async ValueTask PutStoreAsync(StoreRow row, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                await parts.Metadata.PutStoreAsync(row, cancellationToken);
                return;
            }
            catch (MetadataUnavailableException) when (time.GetElapsedTime(begun) < DiskChangePatience)
            {
                await Task.Delay(options.Journal.RetryDelay, time, cancellationToken);
            }
        }
    }

    private static async ValueTask<FoundStore?> FindAsync(IStoreEndpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            return await endpoint.FindAsync(cancellationToken);
        }
        catch (BackendException failure)
        {
            throw new DiskChangeException($"{endpoint.Location} cannot be used: {failure.Message}", failure);
        }
    }

    /// <summary>Segments with a shard on a disk, and the most shards that any of them has.</summary>
    private async ValueTask<(long Count, int Widest)> CountSegmentsAsync(StoreId disk, CancellationToken cancellationToken)
    {
        const int pageSize = 1_000;
        var (count, widest) = (0L, 0);
        for (var after = default(SegmentId); ;)
        {
            var page = await parts.Metadata.ListSegmentsAsync(after, pageSize, notFullOnly: false, disk, cancellationToken);
            foreach (var row in page) widest = Math.Max(widest, row.Geometry.TotalShards);
            count += page.Length;
            if (page.Length < pageSize) return (count, widest);
            after = page[^1].Id;
        }
    }

    /// <summary>Draining disks that hold nothing any more are removed.</summary>
    private async ValueTask FinishDrainsAsync(CancellationToken cancellationToken)
    {
        var isHandedOver = false;
        foreach (var row in await parts.Metadata.ListStoresAsync(cancellationToken))
        {
            if (row.State != StoreState.Draining || !(await parts.Metadata.ListSegmentsAsync(default, 1, notFullOnly: false, row.Id, cancellationToken)).IsEmpty) continue;
            // It may be the only one with an early log of the journal: with a snapshot on the stores that stay, nothing before it is needed any more.
            if (!isHandedOver) await snapshotter.RunAsync(cancellationToken);
            isHandedOver = true;
            await parts.Metadata.PutStoreAsync(row with { State = StoreState.Removed }, cancellationToken);
            await parts.Stores.RemoveAsync(row.Id);
            healAsked = true;
            logger.LogInformation("Store {Id} ({Location}) is empty and was removed.", row.Id, row.Location);
        }
    }
}
