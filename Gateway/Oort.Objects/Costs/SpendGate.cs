using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Networks;

namespace Oort.Objects.Costs;

/// <summary>A budget and how much of it is spent.</summary>
/// <param name="Network">Of this network; empty: of all.</param>
/// <param name="Bucket">For this bucket; empty: for all.</param>
/// <param name="Limit">Of this month, in US dollars.</param>
/// <param name="Level">The highest of 50, 80 and 100 percent that was reached; otherwise 0.</param>
/// <param name="IsHolding">An item waits that would pass it.</param>
public sealed record BudgetStatus(string Network, string Bucket, double Limit, double Spent, int Level, bool IsHolding)
{
    /// <summary>What it is for, for people.</summary>
    public string Subject => Bucket.Length > 0 ? $"bucket {Bucket}" : Network.Length > 0 ? $"network {Network}" : "all networks";
}

/// <summary>What is spent on outside networks.</summary>
/// <param name="Lines">In this month, by network and kind.</param>
/// <param name="Held">Times since the start that an item had to wait for a budget.</param>
/// <param name="Emergencies">Items since the start that were sent beyond one.</param>
public sealed record SpendingStatus(ImmutableArray<BudgetStatus> Budgets, ImmutableArray<CostLine> Lines, long Held, long Emergencies)
{
    public static SpendingStatus None { get; } = new([], [], 0, 0);

    /// <summary>A budget is spent, or has too little left for what waits: nothing new goes under it.</summary>
    public bool IsUsedUp => Budgets.Any(one => one.IsHolding || one.Level >= 100);
}

/// <summary>Lets items wait when a budget is spent, but those of data at risk, for which some times as much may be (docs/costs.md, "Budgets").</summary>
/// <remarks>
/// What was let go since the last count is added to what was counted then; after a restart everything is counted before anything is let go. All shards are on hot stores as long as an item waits. Thread-safe.
/// </remarks>
internal sealed partial class SpendGate(IMetadataStore metadata, StoreSet stores, CostBook book, CostRound costs, PriceBook prices, TimeProvider time, ILogger<SpendGate> logger) : ISpendGate
{
    private static readonly ImmutableArray<int> levels = [50, 80, 100];

    /// <summary>What waits is asked about again within half an hour: a budget that has held nothing back for longer than this does so no more.</summary>
    private static readonly TimeSpan holdingMax = TimeSpan.FromHours(1);

    /// <summary>Pause before a network that has not told its prices is asked again: not each of its items waits for it.</summary>
    private static readonly TimeSpan silence = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ItemId, Promise> promised = [];
    /// <summary>When a budget last held an item back, by its subject.</summary>
    private readonly ConcurrentDictionary<string, long> heldAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Level, bool IsHolding)> told = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> silentAt = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private volatile BudgetDocument? budgets;
    private ImmutableDictionary<BucketId, (string Name, double Limit)> buckets = ImmutableDictionary<BucketId, (string, double)>.Empty;
    private long heldCount;
    private long emergencyCount;

    /// <summary>Why the budgets cannot be used; otherwise empty.</summary>
    public string Fault { get; private set; } = "";

    /// <inheritdoc/>
    public bool HasBuckets => !buckets.IsEmpty;

    /// <summary>Every budget, with what has gone since the last count, too.</summary>
    public SpendingStatus Status
    {
        get
        {
            var now = budgets ?? BudgetDocument.Empty;
            var found = now.Networks.Select(pair => StatusOf(pair.Key, "", pair.Value, SpentOn(pair.Key)))
                .Concat(now.Buckets.Select(pair => StatusOf("", pair.Key, pair.Value, buckets.Where(one => one.Value.Name == pair.Key).Sum(one => SpentFor(one.Key)))));
            if (now.Total is { } total) found = found.Prepend(StatusOf("", "", total, SpentOn("")));
            return new([.. found], Month?.Lines ?? [], Interlocked.Read(ref heldCount), Interlocked.Read(ref emergencyCount));
        }
    }

    /// <summary>What is counted of this month; null: nothing is.</summary>
    private CostLedger? Month => book.Ledger is { } known && known.Month == CostLedger.MonthOf(time.GetUtcNow()) ? known : null;

    /// <summary>Takes over the budgets as they are stored, and tells of those that come near their end.</summary>
    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var stored = await metadata.GetSettingAsync(BudgetDocument.SettingName, cancellationToken);
            var now = stored is { Length: > 0 } ? BudgetDocument.Decode(stored) : BudgetDocument.Empty;
            var known = ImmutableDictionary.CreateBuilder<BucketId, (string, double)>();
            foreach (var (name, limit) in now.Buckets)
                if (await metadata.FindBucketAsync(name, cancellationToken) is { } bucket) known[bucket.Id] = (name, limit);
            (budgets, buckets, Fault) = (now, known.ToImmutable(), "");
            book.Kept = [.. buckets.Keys];
        }
        catch (InvalidDataException failure)
        {
            if (Fault != failure.Message) LogUnreadable(logger, failure);
            Fault = failure.Message;
        }

        await book.FollowAsync(cancellationToken);
        foreach (var one in Status.Budgets)
        {
            var before = told.GetValueOrDefault(one.Subject);
            told[one.Subject] = (one.Level, one.IsHolding);
            if (one.Level > before.Level) LogLevelReached(logger, one.Subject, one.Level, one.Spent, one.Limit);
            if (one.IsHolding && !before.IsHolding) LogHolding(logger, one.Subject, one.Spent, one.Limit);
        }
    }

    /// <summary>Changes the budgets; durable when it returns.</summary>
    /// <exception cref="ArgumentException">It breaks a rule, or somebody else changed them at the same moment.</exception>
    public async ValueTask ChangeAsync(Func<BudgetDocument, BudgetDocument> change, CancellationToken cancellationToken)
    {
        var stored = await metadata.GetSettingAsync(BudgetDocument.SettingName, cancellationToken);
        var before = stored is { Length: > 0 } ? BudgetDocument.Decode(stored) : BudgetDocument.Empty;
        var after = (change(before) with { Revision = before.Revision + 1 }).Checked();
        if (!await metadata.ReplaceSettingAsync(BudgetDocument.SettingName, stored, after.Encode(), CancellationToken.None)) throw new ArgumentException("The budgets were changed through another gateway at the same moment. Look at them, and try again.");
        // What waits is asked about again, and may go now.
        heldAt.Clear();
        await LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public BucketId? BudgetedOf(ImmutableArray<BucketBytes> parts)
    {
        foreach (var part in parts)
            if (buckets.ContainsKey(part.Bucket)) return part.Bucket;
        return null;
    }

    public async ValueTask<string> HoldAsync(string network, ItemRow item, ImmutableArray<ItemShardRow> shards, CancellationToken cancellationToken)
    {
        if (promised.ContainsKey(item.Item.Id)) return "";
        if (budgets is not { } now) return Hold("The budgets cannot be read, so that nothing is spent.");
        if (now.Total is null && !now.Networks.ContainsKey(network) && BudgetedOf(item.Buckets) is null) return "";
        var resumed = ItemStates.Resumed(item.Item);
        var hasBegun = resumed.State != ItemState.Planned || !resumed.Progress.IsEmpty;
        var dollars = await PriceAsync(network, item.Item.Length, cancellationToken);
        var promise = new Promise(network, dollars ?? 0, item);
        if (!hasBegun && dollars is null) return Hold($"Network {network} does not tell its prices, so that it is not known whether they are within the budget.");
        if (!hasBegun && book.Fault.Length > 0) return Hold("It is not known what is spent, so that nothing more is.");
        lock (gate)
        {
            // What has begun before a restart is paid for already.
            if (hasBegun || SpentUp(now, promise, 1) is null) return Go();
        }

        const string wayOut = "Raise it with oort budget set, or wait for the next month.";
        var isAtRisk = false;
        foreach (var segment in shards.Select(place => place.Shard.Segment).Distinct())
            isAtRisk |= await metadata.FindSegmentAsync(segment, cancellationToken) is { } row && row.Shards.Count(stores.IsHealthy) <= stores.Placement.Of(row.Policy).Rules.RepairThreshold(row.Geometry);
        lock (gate)
        {
            // Meanwhile another may have gone, or have come to nothing.
            if (SpentUp(now, promise, 1) is not { } spent) return Go();
            if (!isAtRisk || SpentUp(now, promise, now.EmergencyFactor) is not null) heldAt[spent] = time.GetTimestamp();
            if (!isAtRisk) return Hold($"This month's budget of {spent} is spent. {wayOut}");
            if (SpentUp(now, promise, now.EmergencyFactor) is not null) return Hold($"This month's budget of {spent} is spent; data are at risk, and {now.EmergencyFactor.ToString(CultureInfo.InvariantCulture)} times the budget is spent too. {wayOut}");
            costs.AddEmergency(network, promise.Dollars, item.Item.Length);
            Interlocked.Increment(ref emergencyCount);
            LogEmergency(logger, item.Item.Id, network, promise.Dollars, spent);
            return Go();
        }

        string Go()
        {
            promised[item.Item.Id] = promise;
            return "";
        }

        string Hold(string reason)
        {
            Interlocked.Increment(ref heldCount);
            return reason + " The shards stay where they are.";
        }
    }

    public void Deleted(string network, ItemRow item)
    {
        promised.TryRemove(item.Item.Id, out _);
        costs.Deleted(network, item);
    }

    /// <summary>Forgets what is counted by now, and what came to nothing.</summary>
    /// <param name="until">Up to when was counted.</param>
    public async ValueTask ForgetCountedAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        foreach (var (id, one) in promised)
        {
            var row = await metadata.FindItemAsync(one.Item.Store, id, cancellationToken);
            // A draft that has taken the place of others is under another store.
            if (row is null && stores.Networks.Values.FirstOrDefault(network => network.Definition.Name == one.Network) is { } network) row = await metadata.FindItemAsync(network.Id, id, cancellationToken);
            if (row is null || row.Item.State is ItemState.FailedFinal || row.Item.Receipt?.Accepted < until) promised.TryRemove(id, out _);
        }
    }

    private BudgetStatus StatusOf(string network, string bucket, double limit, double spent)
    {
        var status = new BudgetStatus(network, bucket, limit, spent, levels.LastOrDefault(level => spent * 100 >= limit * level), false);
        return heldAt.TryGetValue(status.Subject, out var at) && time.GetElapsedTime(at) < holdingMax ? status with { IsHolding = true } : status;
    }

    /// <summary>The first budget, some times as large, that would not do for an item more; null: all would.</summary>
    private string? SpentUp(BudgetDocument now, Promise promise, double factor)
    {
        if (now.Total is { } total && SpentOn("") + promise.Dollars > total * factor) return "all networks";
        if (now.Networks.TryGetValue(promise.Network, out var limit) && SpentOn(promise.Network) + promise.Dollars > limit * factor) return $"network {promise.Network}";
        foreach (var part in promise.Item.Buckets)
            if (buckets.TryGetValue(part.Bucket, out var budget) && SpentFor(part.Bucket) + promise.PartOf(part.Bucket) > budget.Limit * factor) return $"bucket {budget.Name}";
        return null;
    }

    /// <param name="network">Empty: all.</param>
    private double SpentOn(string network) => (Month?.Sum(network.Length == 0 ? null : network) ?? 0) + promised.Values.Where(one => network.Length == 0 || one.Network == network).Sum(one => one.Dollars);

    private double SpentFor(BucketId bucket) => (Month?.SumOf(bucket) ?? 0) + promised.Values.Sum(one => one.PartOf(bucket));

    /// <summary>What sending an item costs at once; null: that is not known.</summary>
    private async ValueTask<double?> PriceAsync(string name, long length, CancellationToken cancellationToken)
    {
        if (stores.Networks.Values.FirstOrDefault(one => one.Definition.Name == name) is not { Backend: { } backend } network || (silentAt.TryGetValue(name, out var at) && time.GetElapsedTime(at) < silence)) return null;
        if ((await prices.FindAsync(network, cancellationToken)).Prices is not { } asked)
        {
            silentAt[name] = time.GetTimestamp();
            return null;
        }

        var fees = new ItemFees(asked, backend.Traits);
        return fees.Put(length) + fees.Once(length) + fees.Seal(length);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The month's budget of {Subject} has reached {Level} %: {Spent} of {Limit} US dollars.")]
    private static partial void LogLevelReached(ILogger logger, string subject, int level, double spent, double limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "New items wait: the month's budget of {Subject} has too little left for them, with {Spent} of {Limit} US dollars spent.")]
    private static partial void LogHolding(ILogger logger, string subject, double spent, double limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Item {Item} goes to network {Network} for {Dollars} US dollars beyond the budget of {Subject}, since it holds data of which too few shards are healthy.")]
    private static partial void LogEmergency(ILogger logger, ItemId item, string network, double dollars, string subject);

    [LoggerMessage(Level = LogLevel.Error, Message = "The budgets cannot be used; those before stay in force, and at a start nothing is sent.")]
    private static partial void LogUnreadable(ILogger logger, Exception failure);

    /// <summary>An item that was let go and is not counted yet.</summary>
    private sealed record Promise(string Network, double Dollars, ItemRow Item)
    {
        public double PartOf(BucketId bucket) => Item.Buckets.Where(part => part.Bucket == bucket).Sum(part => Dollars * part.Bytes / Item.Item.Length);
    }
}
