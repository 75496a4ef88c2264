using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Collection;
using Oort.Objects.Shards;

namespace Oort.Objects.Networks;

/// <summary>Decides which shards go to which networks, makes items of them, and lets the segments' rows name the networks once all of that is sealed.</summary>
/// <remarks>
/// All shards stay on hot stores until every one of the segment's that is to go has a copy that counts; then its row flips by compare-and-swap, and the hot copies go when no reader can
/// mean them any more. A crash anywhere leaves what the next look goes on with: an item that is there is not planned again. One call at a time.
/// </remarks>
internal sealed partial class ItemPlanner(IMetadataStore metadata, StoreSet stores, SegmentRepairer repairer, SegmentClaims claims, IRepairQueue repairs, Leftovers leftovers, ISpendGate spending, NetworkOptions options, TimeProvider time, ILogger<ItemPlanner> logger)
{
    private const int PageSize = 1_000;

    /// <summary>Segments that are remembered because they were not full yet when they were new; a look at all finds the others.</summary>
    private const int UnfinishedCountMax = 1_000;

    /// <summary>By network, and by the bucket whose budget pays; null: none in particular.</summary>
    private readonly Dictionary<(StoreId Network, BucketId? Payer), Bundle> bundles = [];

    private readonly HashSet<SegmentId> unfinished = [];
    private SegmentId newest;
    private readonly Pacer pacer = new(options.BytesPerSecond, time);

    /// <summary>Looks at segments that came since the last time, and at those that were not full then.</summary>
    /// <param name="isWhole">At every segment: networks or policies have changed, or what was planned may have failed.</param>
    public async Task RunAsync(bool isWhole, CancellationToken cancellationToken)
    {
        if (stores.Networks.Count == 0 || !stores.Placement.Placers.Any(placer => placer.Rules.NetworkShares is not null)) return;
        if (isWhole)
        {
            newest = default;
            unfinished.Clear();
        }

        foreach (var id in unfinished.ToArray())
        {
            var row = await metadata.FindSegmentAsync(id, cancellationToken);
            if (row is { IsFull: false }) continue;
            unfinished.Remove(id);
            if (row is not null) await LookAsync(row, cancellationToken);
        }

        while (true)
        {
            var page = await metadata.ListSegmentsAsync(newest, PageSize, notFullOnly: false, store: null, cancellationToken);
            foreach (var row in page)
            {
                if (row.IsFull) await LookAsync(row, cancellationToken);
                else if (unfinished.Count < UnfinishedCountMax) unfinished.Add(row.Id);
                newest = row.Id;
            }

            if (page.Length < PageSize) break;
        }

        foreach (var (of, bundle) in bundles.ToArray())
        {
            if (bundle.Shards.Count > 0 && time.GetElapsedTime(bundle.Begun) >= options.BundleWait) await CloseAsync(of.Network, bundle, cancellationToken);
            if (bundle.Shards.Count == 0) bundles.Remove(of);
        }
    }

    /// <summary>Looks at the segments with shards in an item.</summary>
    public async Task LookAsync(ItemRow item, CancellationToken cancellationToken)
    {
        for (ShardId? after = null; ;)
        {
            var page = await metadata.ListItemShardsAsync(item.Store, item.Item.Id, after, PageSize, cancellationToken);
            foreach (var segment in page.Select(place => place.Shard.Segment).Distinct())
                if (await metadata.FindSegmentAsync(segment, cancellationToken) is { } row) await LookAsync(row, cancellationToken);
            if (page.Length < PageSize) return;
            after = page[^1].Shard;
        }
    }

    /// <summary>Whether a shard is on a network by its row, or is to go there by its policy.</summary>
    public async ValueTask<bool> IsWantedAsync(StoreId network, ShardId shard, CancellationToken cancellationToken) =>
        await metadata.FindSegmentAsync(shard.Segment, cancellationToken) is { } row && (row.Shards[shard.Index] == network || WantedOf(row).Contains((shard.Index, network)));

    /// <summary>Where shards of a segment are to be: of the last first, so that what a read needs first stays near. Networks that are not there, or are drained, get none.</summary>
    private List<(byte Index, StoreId Network)> WantedOf(SegmentRow row)
    {
        var wanted = new List<(byte, StoreId)>();
        var shares = stores.Placement.Of(row.Policy).Rules.Networks;
        if (shares.IsDefaultOrEmpty) return wanted;
        var index = row.Geometry.TotalShards;
        foreach (var share in shares)
        {
            var network = stores.Networks.Values.FirstOrDefault(one => one.Definition.Name == share.Network);
            for (var i = 0; i < share.Shards && index > 0; i++)
            {
                index--;
                if (network is { Definition.Role: NetworkRole.Active }) wanted.Add(((byte)index, network.Id));
            }
        }

        return wanted;
    }

    /// <summary>1. What is to go and has no item gets one. 2. When all that is to go has gone, the row says so.</summary>
    private async Task LookAsync(SegmentRow row, CancellationToken cancellationToken)
    {
        if (!row.IsFull) return;
        var wanted = WantedOf(row);
        var flips = new List<(byte Index, StoreId Network)>();
        var isComplete = true;
        foreach (var (index, network) in wanted)
        {
            if (row.Shards[index] == network) continue;
            var shard = new ShardId(row.Id, index);
            var found = await metadata.FindItemOfAsync(network, shard, cancellationToken);
            if (found?.Item.Item.IsCopy == true)
            {
                flips.Add((index, network));
                continue;
            }

            // 1.
            isComplete = false;
            if (found is null) await PlanAsync(row, index, stores.Networks[network], cancellationToken);
            // What came to nothing is let go of, and planned anew by the next look.
            else if (found.Item.Item.State is ItemState.FailedFinal or ItemState.Expired) await metadata.RemoveItemShardsAsync(network, [shard], cancellationToken);
        }

        // 2.
        if (isComplete && flips.Count > 0) await FlipAsync(row, flips, cancellationToken);
    }

    private async Task PlanAsync(SegmentRow row, byte index, NetworkStore network, CancellationToken cancellationToken)
    {
        if (network.Backend is not { } backend || stores.Networks.ContainsKey(row.Shards[index])) return;
        var shard = new ShardId(row.Id, index);
        var length = new ShardLayout(row.Geometry, row.PayloadLength).ShardLength;
        if (length >= backend.Traits.BundleBelow)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            if (length < backend.Traits.ItemLengthMin || length > backend.Traits.ItemLengthMax) LogUnfit(logger, shard, length, network.Definition.Name);
            else if (await HashAsync(shard, hash, cancellationToken) == length) await AddAsync(network.Id, length, hash, [(shard, 0, length)], cancellationToken);
            return;
        }

        if (bundles.Any(one => one.Key.Network == network.Id && one.Value.Shards.Exists(waiting => waiting.Shard == shard))) return;
        var payer = spending.HasBuckets ? spending.BudgetedOf(await ItemBuckets.OfAsync(metadata, [(shard, length)], cancellationToken)) : null;
        if (!bundles.TryGetValue((network.Id, payer), out var bundle)) bundles.Add((network.Id, payer), bundle = new(network.Tally));
        if (bundle.Shards.Count > 0 && bundle.Bytes + length > backend.Traits.ItemLengthMax) await CloseAsync(network.Id, bundle, cancellationToken);
        if (bundle.Shards.Count == 0) bundle.Begun = time.GetTimestamp();
        bundle.Add(shard, length);
        if (bundle.Bytes >= Math.Min(options.BundleBytes, backend.Traits.ItemLengthMax) || bundle.Shards.Count == MetadataLimits.ItemShardCountMax) await CloseAsync(network.Id, bundle, cancellationToken);
    }

    /// <summary>Makes an item of what waits for a network, without what has gone meanwhile.</summary>
    private async Task CloseAsync(StoreId network, Bundle bundle, CancellationToken cancellationToken)
    {
        var (waiting, places, offset) = (bundle.Shards.ToArray(), new List<(ShardId, long, long)>(), 0L);
        bundle.Clear();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (shard, length) in waiting)
        {
            if (!await IsWantedAsync(network, shard, cancellationToken) || await metadata.FindItemOfAsync(network, shard, cancellationToken) is not null) continue;
            using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            // Looked at before it is counted in: a hash cannot be taken back.
            if (await HashAsync(shard, whole, cancellationToken) != length || await HashAsync(shard, hash, cancellationToken) != length) continue;
            places.Add((shard, offset, length));
            offset += length;
        }

        if (places.Count > 0) await AddAsync(network, offset, hash, places, cancellationToken);
    }

    /// <summary>Adds an item that nothing was done for yet.</summary>
    public async Task AddAsync(StoreId network, long length, IncrementalHash hash, List<(ShardId Shard, long Offset, long Length)> places, CancellationToken cancellationToken)
    {
        var item = new NetworkItem { Id = ItemId.Read(RandomNumberGenerator.GetBytes(ItemId.Size)), Length = length, Sha256 = hash.GetHashAndReset(), NextStep = time.GetUtcNow() };
        var buckets = await ItemBuckets.OfAsync(metadata, places.Select(place => (place.Shard, place.Length)), cancellationToken);
        var outcome = await metadata.AddItemAsync(new() { Store = network, Item = item, Buckets = buckets }, [.. places.Select(place => new ItemShardRow(place.Shard, network, item.Id, place.Offset, place.Length))], cancellationToken);
        // Another gateway was faster with one of them: the next look sees it.
        if (outcome != CommitOutcome.Done) LogNotPlanned(logger, item.Id, outcome);
    }

    /// <summary>Adds a shard to a hash; every cell of it is checked.</summary>
    /// <returns>Its length; less when it is not whole where it is, which repair is told.</returns>
    private async ValueTask<long> HashAsync(ShardId shard, IncrementalHash hash, CancellationToken cancellationToken)
    {
        if (await metadata.FindSegmentAsync(shard.Segment, cancellationToken) is not { } row) return 0;
        var length = await repairer.HashAsync(row, shard.Index, hash, pacer, cancellationToken);
        if (length < new ShardLayout(row.Geometry, row.PayloadLength).ShardLength) repairs.Enqueue(row.Id, shard.Index, RepairReason.BadShard);
        return length;
    }

    private async Task FlipAsync(SegmentRow planned, List<(byte Index, StoreId Network)> flips, CancellationToken cancellationToken)
    {
        using var claim = await claims.ClaimAsync(planned.Id, cancellationToken);
        if (await metadata.FindSegmentAsync(planned.Id, cancellationToken) is not { } row || row.PlacementGeneration != planned.PlacementGeneration) return;
        var shards = row.Shards.ToBuilder();
        foreach (var (index, network) in flips) shards[index] = network;
        if (await metadata.MoveSegmentAsync(row.Id, row.PlacementGeneration, shards.ToImmutable(), CancellationToken.None) != CommitOutcome.Done) return;
        foreach (var (index, network) in flips)
        {
            var shard = new ShardId(row.Id, index);
            if (row.Shards[index] != StoreId.None) leftovers.Add(shard, row.Shards[index]);
            // Between the look and the row it may have been found lost.
            if (await metadata.FindItemOfAsync(network, shard, CancellationToken.None) is not { Item.Item.IsCopy: true }) repairs.Enqueue(row.Id, index, RepairReason.Reported);
        }

        LogFlipped(logger, row.Id, flips.Count);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Segment {Segment}: {Count} shards are on outside networks now.")]
    private static partial void LogFlipped(ILogger logger, SegmentId segment, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} of {Length} bytes is not of a length that network {Network} takes; it stays on hot stores.")]
    private static partial void LogUnfit(ILogger logger, ShardId shard, long length, string network);

    [LoggerMessage(Level = LogLevel.Information, Message = "Item {Item} was not planned ({Outcome}): one of its shards is in another.")]
    private static partial void LogNotPlanned(ILogger logger, ItemId item, CommitOutcome outcome);

    /// <summary>Shards that wait for others.</summary>
    private sealed class Bundle(NetworkTally tally)
    {
        public List<(ShardId Shard, long Length)> Shards { get; } = [];

        public long Bytes { get; private set; }

        /// <summary>When the first of them came.</summary>
        public long Begun { get; set; }

        public void Add(ShardId shard, long length)
        {
            Shards.Add((shard, length));
            Bytes += length;
            tally.Waits(1, length);
        }

        public void Clear()
        {
            tally.Waits(-Shards.Count, -Bytes);
            Shards.Clear();
            Bytes = 0;
        }
    }
}
