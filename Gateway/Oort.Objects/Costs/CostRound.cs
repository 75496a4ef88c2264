using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Networks;

namespace Oort.Objects.Costs;

/// <summary>A bucket's part of what lies on a network.</summary>
internal readonly record struct BucketStock(double Bytes, double MonthRate);

/// <summary>Counts what networks charge, by a look at the rows of all items each hour (docs/costs.md, "What is spent").</summary>
/// <remarks>
/// What is charged by time is counted from where the last look ended, and what is charged once by the time in the receipt; both are stored with the sums, so that neither a restart nor a restored database
/// counts anything twice. What only memory knows — reads, deletions, what went beyond a budget — is stored every few minutes: so much of it a kill loses. Thread-safe.
/// </remarks>
internal sealed class CostRound(IMetadataStore metadata, StoreSet stores, CostBook book, PriceBook prices, TimeProvider time) : IDisposable
{
    /// <summary>Pause between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Pause between two times that what only memory knows is stored.</summary>
    public static readonly TimeSpan OwnInterval = TimeSpan.FromMinutes(5);

    /// <summary>How long a row takes at most to be stored that says when its item was accepted; up to so long ago is counted, so that it is not found too late.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    /// <summary>Deletions that are remembered until they are stored, some 20 MB; more are not counted. Steps are not taken so fast that there are as many in <see cref="OwnInterval"/>.</summary>
    private const int DeletionCountMax = 20_000;

    /// <summary>Buckets and networks of which is kept what lies there; others are not told apart.</summary>
    private const int BucketStockCountMax = 10_000;

    /// <summary>Bundles of which is remembered how much of them is wanted, for as long as it stays as much.</summary>
    private const int WantedCountMax = 100_000;

    private readonly SemaphoreSlim counting = new(1, 1);
    private readonly ConcurrentQueue<(string Network, ItemRow Item, DateTimeOffset At)> deletions = [];
    private readonly ConcurrentQueue<(string Network, double Dollars, long Bytes)> emergencies = [];
    private readonly Dictionary<ItemId, (int ShardCount, long Bytes)> wanted = [];
    private long lookedAt;

    /// <summary>What the last look found, by name of network.</summary>
    public ImmutableSortedDictionary<string, NetworkStock> Stocks { get; private set; } = ImmutableSortedDictionary<string, NetworkStock>.Empty;

    /// <summary>Of these, what is of which bucket.</summary>
    public ImmutableDictionary<(BucketId Bucket, string Network), BucketStock> BucketStocks { get; private set; } = ImmutableDictionary<(BucketId, string), BucketStock>.Empty;

    /// <summary>An item is gone from a network.</summary>
    public void Deleted(string network, ItemRow item)
    {
        if (item.Item.Receipt is not null && deletions.Count < DeletionCountMax) deletions.Enqueue((network, item, time.GetUtcNow()));
    }

    /// <summary>An item was sent beyond a budget.</summary>
    public void AddEmergency(string network, double dollars, long bytes) => emergencies.Enqueue((network, dollars, bytes));

    /// <summary>Looks at everything, if that is due.</summary>
    /// <param name="isAsked">It is.</param>
    /// <returns>Up to when was counted; null: nothing was.</returns>
    public async Task<DateTimeOffset?> RunAsync(bool isAsked, CancellationToken cancellationToken)
    {
        if (stores.Networks.Count == 0 || (!isAsked && lookedAt != 0 && time.GetElapsedTime(lookedAt) < Interval)) return null;
        // What went since the last look is counted from there, so before this one ends elsewhere.
        await CountOwnAsync(cancellationToken);
        await counting.WaitAsync(cancellationToken);
        try
        {
            // Receipts have milliseconds: one that is of this one is counted next time.
            var now = DateTimeOffset.FromUnixTimeMilliseconds((time.GetUtcNow() - Settling).ToUnixTimeMilliseconds());
            var before = await book.LoadAsync(now, cancellationToken);
            var (tally, look) = (new CostTally(), new Look());
            foreach (var network in stores.Networks.Values) await CountAsync(network, before, now, tally, look, cancellationToken);
            lookedAt = Math.Max(1, time.GetTimestamp());
            // Somebody else has counted the same meanwhile, or not.
            var isStored = await book.StoreAsync(now, ledger => tally.Counted.Keys.All(name => ledger.Counted.GetValueOrDefault(name) == before.Counted.GetValueOrDefault(name)) ? tally : null, cancellationToken);
            if (isStored) (Stocks, BucketStocks) = (look.Stocks.ToImmutable(), look.Buckets.ToImmutableDictionary());
            return isStored ? now : null;
        }
        catch (InvalidDataException failure)
        {
            book.Fail(failure);
            lookedAt = Math.Max(1, time.GetTimestamp());
            return null;
        }
        finally
        {
            counting.Release();
        }
    }

    /// <summary>Stores what only this gateway knows; what cannot be stored is kept for the next time.</summary>
    public async Task CountOwnAsync(CancellationToken cancellationToken)
    {
        await counting.WaitAsync(cancellationToken);
        var isStored = false;
        var (gone, urgent) = (Take(deletions), Take(emergencies));
        var reads = new List<(NetworkStore Network, IReadOnlyDictionary<(BucketId? Bucket, bool IsOwn), (long Count, long Bytes)> Charged, NetworkPrices Prices)>();
        try
        {
            var known = new Dictionary<string, (NetworkPrices Prices, ItemFees Fees)>(StringComparer.Ordinal);
            foreach (var network in stores.Networks.Values.Where(network => network.Tally.HasCharged || gone.Exists(one => one.Network == network.Definition.Name)))
            {
                if (network.Backend is not { } backend || (await prices.FindAsync(network, cancellationToken)).Prices is not { } found) continue;
                known.Add(network.Definition.Name, (found, new(found, backend.Traits)));
                if (network.Tally.TakeCharged() is { Count: > 0 } charged) reads.Add((network, charged, found));
            }

            // What has no price yet waits for it; what is of a network that was removed has nobody to ask.
            foreach (var one in gone.Where(one => !known.ContainsKey(one.Network) && stores.Networks.Values.Any(network => network.Definition.Name == one.Network))) deletions.Enqueue(one);
            gone.RemoveAll(one => !known.ContainsKey(one.Network));
            if (gone.Count + urgent.Count + reads.Count == 0) return;
            isStored = await book.StoreAsync(time.GetUtcNow(), ledger =>
            {
                var tally = new CostTally();
                foreach (var (network, charged, asked) in reads) Charges.AddReads(network.Definition.Name, charged, asked, tally);
                foreach (var (network, item, at) in gone) Charges.AddDeleted(known[network].Fees, known[network].Prices, network, item, ledger.Counted.TryGetValue(network, out var counted) ? counted : at - Interval, at, tally);
                foreach (var (network, dollars, bytes) in urgent) tally.Add(network, CostKind.Emergency, dollars, 1, bytes);
                return tally;
            }, cancellationToken);
        }
        catch (InvalidDataException failure)
        {
            book.Fail(failure);
        }
        finally
        {
            if (!isStored)
            {
                foreach (var (network, charged, _) in reads) network.Tally.GiveBack(charged);
                foreach (var one in gone) deletions.Enqueue(one);
                foreach (var one in urgent) emergencies.Enqueue(one);
            }

            counting.Release();
        }
    }

    public void Dispose() => counting.Dispose();

    /// <summary>Counts one network: what is charged by time since the last look, and what came since.</summary>
    private async ValueTask CountAsync(NetworkStore network, CostLedger ledger, DateTimeOffset now, CostTally tally, Look look, CancellationToken cancellationToken)
    {
        var name = network.Definition.Name;
        var found = await prices.FindAsync(network, cancellationToken);
        // Without prices nothing is counted, and later all of it.
        if (found.Prices is not { } asked || network.Backend is not { } backend)
        {
            if (!ledger.Counted.ContainsKey(name)) tally.SetCounted(name, now - Interval);
            return;
        }

        var fees = new ItemFees(asked, backend.Traits);
        var from = ledger.Counted.TryGetValue(name, out var counted) ? counted : now - Interval;
        // The clock was set back: what was counted stays so.
        if (from > now) return;
        var stock = new NetworkStock(name, network.Definition.Kind, 0, 0, 0, 0, 0, 0, 0, 0, found.Source, asked.AsOf);
        DateTimeOffset? oldest = null;
        // A draft may take its place among the others between the two lists.
        var drafts = new HashSet<ItemId>();
        foreach (var under in (StoreId[])[network.Definition.DraftId, network.Id])
            await foreach (var row in metadata.ListItemsAsync(under, cancellationToken))
            {
                var isDraft = under != network.Id;
                if (row.Item.Receipt is not { } receipt || receipt.Accepted >= now || (isDraft ? !drafts.Add(row.Item.Id) : drafts.Contains(row.Item.Id))) continue;
                Charges.Add(fees, name, row, from, now, tally);
                if (!ItemFees.IsKept(row.Item)) continue;
                var length = row.Item.Length;
                // What is to be deleted, or stands beside what it will replace, is there in vain as a whole.
                var waste = isDraft || row.Item.State == ItemState.DeleteRequested ? length : backend.Traits.BundleBelow > 0 ? length - await WantedAsync(row, cancellationToken) : 0;
                var share = (double)waste / length;
                var since = receipt.Accepted > from ? receipt.Accepted : from;
                tally.Add(name, CostKind.Waste, share * fees.Stored(length, now - since), 0, 0, row);
                stock = stock with
                {
                    Items = stock.Items + 1,
                    Bytes = stock.Bytes + length,
                    WasteBytes = stock.WasteBytes + (isDraft ? 0 : waste),
                    DraftBytes = stock.DraftBytes + (isDraft ? length : 0),
                    LeavingItems = stock.LeavingItems + (row.Item.State == ItemState.DeleteRequested ? 1 : 0),
                    MonthRate = stock.MonthRate + fees.OfMonth(length),
                    WasteRate = stock.WasteRate + share * fees.Stored(length, CostQuestion.Month),
                    MinimumLeft = stock.MinimumLeft + fees.Minimum(length, receipt.Accepted, now),
                };
                look.Add(name, row, fees.OfMonth(length));
                if (oldest is null || receipt.Accepted < oldest) oldest = receipt.Accepted;
            }

        // A floor for all of them together, for as long as there are any.
        if (oldest is { } first)
        {
            tally.Add(name, CostKind.Stored, asked.PerMonth * ((now - (first > from ? first : from)) / asked.Month), 0, 0);
            stock = stock with { MonthRate = stock.MonthRate + asked.PerMonth * (CostQuestion.Month / asked.Month) };
        }

        tally.SetCounted(name, now);
        look.Stocks[name] = stock;
    }

    /// <summary>Bytes of an item's shards that somebody wants.</summary>
    private async ValueTask<long> WantedAsync(ItemRow row, CancellationToken cancellationToken)
    {
        // Shards only ever leave an item.
        if (wanted.TryGetValue(row.Item.Id, out var known) && known.ShardCount == row.ShardCount) return known.Bytes;
        var bytes = (await metadata.ListItemShardsAsync(row, cancellationToken)).Sum(place => place.Length);
        if (wanted.Count >= WantedCountMax) wanted.Clear();
        wanted[row.Item.Id] = (row.ShardCount, bytes);
        return bytes;
    }

    private static List<T> Take<T>(ConcurrentQueue<T> queue)
    {
        var taken = new List<T>();
        for (var left = queue.Count; left > 0 && queue.TryDequeue(out var one); left--) taken.Add(one);
        return taken;
    }

    /// <summary>What a look finds.</summary>
    private sealed class Look
    {
        public ImmutableSortedDictionary<string, NetworkStock>.Builder Stocks { get; } = ImmutableSortedDictionary.CreateBuilder<string, NetworkStock>(StringComparer.Ordinal);

        public Dictionary<(BucketId Bucket, string Network), BucketStock> Buckets { get; } = [];

        public void Add(string network, ItemRow row, double monthRate)
        {
            foreach (var part in row.Buckets)
            {
                if (Buckets.Count >= BucketStockCountMax && !Buckets.ContainsKey((part.Bucket, network))) continue;
                var before = Buckets.GetValueOrDefault((part.Bucket, network));
                Buckets[(part.Bucket, network)] = new(before.Bytes + part.Bytes, before.MonthRate + monthRate * part.Bytes / row.Item.Length);
            }
        }
    }
}
