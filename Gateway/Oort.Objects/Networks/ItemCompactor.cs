using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>Makes bundles anew of which much is not wanted any more, without that, on networks that delete (docs/networks.md, "Bundles").</summary>
/// <remarks>
/// What is wanted of one or more of them becomes a draft: an item as any other, sent, paid and sealed as any other, whose rows stand under <see cref="NetworkDefinition.DraftId"/>. Until it is sealed the old ones hold everything and
/// are read; then one commit puts it in their place, and the collector of items deletes them when no reader can mean them any more. A crash anywhere leaves what the next look goes on with, and a draft that comes to nothing leaves
/// the old items as they are. One call at a time.
/// </remarks>
internal sealed partial class ItemCompactor(IMetadataStore metadata, StoreSet stores, ItemPlanner planner, SegmentRepairer repairer, NetworkOptions options, TimeSpan grace, TimeProvider time, ILogger<ItemCompactor> logger)
{
    /// <summary>Drafts of a network at a time: what is paid for twice meanwhile stays below 4 GiB with bundles of 256 MiB.</summary>
    private const int DraftCountMax = 16;

    /// <summary>Times that what is kept is read for a draft: to be hashed, to be sent, and of the draft itself to be sealed.</summary>
    private const int ReadCount = 3;

    private readonly Dictionary<StoreId, Pass> passes = [];
    private readonly Pacer pacer = new(options.BytesPerSecond, time);

    /// <summary>Ends drafts that are sealed or came to nothing, and begins at most one for each network.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var network in stores.Networks.Values)
        {
            if (!passes.TryGetValue(network.Id, out var pass)) passes.Add(network.Id, pass = new());
            if (await EndDraftsAsync(network, cancellationToken) >= DraftCountMax || (pass.EndedAt != 0 && time.GetElapsedTime(pass.EndedAt) < options.CompactInterval)) continue;
            if (await TryBeginAsync(network, pass, cancellationToken)) continue;
            pass.EndedAt = Math.Max(1, time.GetTimestamp());
            pass.Unreadable.Clear();
        }

        foreach (var gone in passes.Keys.Where(id => !stores.Networks.ContainsKey(id)).ToArray()) passes.Remove(gone);
    }

    /// <returns>Drafts that are there.</returns>
    private async Task<int> EndDraftsAsync(NetworkStore network, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var draft in metadata.ListItemsAsync(network.Definition.DraftId, cancellationToken))
        {
            count++;
            if (draft.Item.State == ItemState.DeleteRequested) continue;
            var isOver = network.Definition.Role == NetworkRole.Draining || draft.Item.State is ItemState.FailedFinal or ItemState.Expired;
            if (!isOver && !draft.Item.IsCopy) continue;
            var shards = (await metadata.ListItemShardsAsync(draft, cancellationToken)).Select(place => place.Shard);
            if (isOver)
            {
                await metadata.RemoveItemShardsAsync(draft.Store, [.. shards], CancellationToken.None);
                continue;
            }

            var outcome = await metadata.MoveItemAsync(draft.Store, draft.Item.Id, draft.Revision, [.. shards], network.Id, time.GetUtcNow() + grace, CancellationToken.None);
            if (outcome == CommitOutcome.Done) LogCompacted(logger, draft.Item.Id, network.Definition.Name, draft.Item.Length);
        }

        return count;
    }

    /// <summary>1. Gathers what is wanted of bundles that are mostly not, up to a bundle's size. 2. Makes a draft of it.</summary>
    /// <returns>False: there is nothing more to do now.</returns>
    private async Task<bool> TryBeginAsync(NetworkStore network, Pass pass, CancellationToken cancellationToken)
    {
        // What has to be asked back from an archive first costs more than it saves; and from a network that fails nothing is copied.
        if (network.Definition.Role != NetworkRole.Active || network.Tally.FailingSince is not null) return false;
        if (network.Backend is not { Traits: { Retention: Retention.Deletable or Retention.Scheduled, ReadsRanges: true } and not { Latency: Latency.Archive } } backend) return false;
        if (await FindPricesAsync(backend, cancellationToken) is not { } prices) return false;

        // 1.
        var bytesMax = Math.Min(options.BundleBytes, backend.Traits.ItemLengthMax);
        var (gathered, bytes) = (new List<ItemShardRow>(), 0L);
        await foreach (var item in metadata.ListItemsAsync(network.Id, cancellationToken))
        {
            // Deleted earlier, it is charged for as long all the same.
            if (item.Item is not { State: ItemState.Sealed, Receipt: { } receipt } || pass.Unreadable.Contains(item.Item.Id) || time.GetUtcNow() - receipt.Accepted < prices.DurationMin) continue;
            var shards = await metadata.ListItemShardsAsync(item, cancellationToken);
            if (!IsWorthIt(item.Item.Length, shards.Sum(shard => shard.Length), prices)) continue;
            foreach (var shard in shards.OrderBy(shard => shard.Offset))
            {
                if (bytes + shard.Length > bytesMax || gathered.Count == MetadataLimits.MovedItemShardCountMax) break;
                if (!await planner.IsWantedAsync(network.Id, shard.Shard, cancellationToken) || await metadata.FindItemOfAsync(network.Definition.DraftId, shard.Shard, cancellationToken) is not null) continue;
                gathered.Add(shard);
                bytes += shard.Length;
            }
        }

        // 2.
        if (bytes < backend.Traits.ItemLengthMin) return false;
        await AddDraftAsync(network, pass, gathered, cancellationToken);
        return true;
    }

    /// <summary>Whether little enough of a bundle is wanted, and making it anew costs no more than it saves within <see cref="NetworkOptions.CompactHorizon"/>.</summary>
    private bool IsWorthIt(long length, long wanted, NetworkPrices prices)
    {
        const double gibibyte = 1L << 30;
        if (wanted >= options.CompactBelow * length) return false;
        var cost = prices.PerItem + prices.PerDelete + ReadCount * (wanted / gibibyte * prices.PerGibibyteRead);
        return cost <= (length - wanted) / gibibyte * prices.PerGibibyteMonth * (options.CompactHorizon / TimeSpan.FromDays(30));
    }

    private async Task AddDraftAsync(NetworkStore network, Pass pass, List<ItemShardRow> gathered, CancellationToken cancellationToken)
    {
        while (gathered.Count > 0)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var (places, offset) = (new List<(ShardId, long, long)>(), 0L);
            ItemId? bad = null;
            foreach (var shard in gathered)
            {
                var read = await metadata.FindSegmentAsync(shard.Shard.Segment, cancellationToken) is { } row ? await repairer.HashAsync(row, shard.Shard.Index, hash, pacer, cancellationToken) : 0;
                if (read != shard.Length)
                {
                    bad = shard.Item;
                    break;
                }

                places.Add((shard.Shard, offset, shard.Length));
                offset += shard.Length;
            }

            if (bad is not { } item)
            {
                await planner.AddAsync(network.Definition.DraftId, offset, hash, places, cancellationToken);
                return;
            }

            // A hash cannot be taken back: once more without the bundle that this is in.
            pass.Unreadable.Add(item);
            gathered.RemoveAll(shard => shard.Item == item);
        }
    }

    /// <returns>Null: the network does not say what it charges.</returns>
    private static async ValueTask<NetworkPrices?> FindPricesAsync(INetworkBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            return await backend.GetPricesAsync(cancellationToken);
        }
        catch (BackendException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Item {Item} of {Length} bytes on network {Network} has taken the place of bundles that were mostly not wanted any more.")]
    private static partial void LogCompacted(ILogger logger, ItemId item, string network, long length);

    /// <summary>How far the looks at a network's bundles are.</summary>
    private sealed class Pass
    {
        /// <summary>When there was nothing more to be begun; 0: not yet.</summary>
        public long EndedAt { get; set; }

        /// <summary>Items of which a shard could not be read whole in this pass: repair, and the network's own checks, come first.</summary>
        public HashSet<ItemId> Unreadable { get; } = [];
    }
}
