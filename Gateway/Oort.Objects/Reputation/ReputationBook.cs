using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Reputation;

/// <summary>The reputations of the stores that are audited: kept as settings of the namespace, and told to the store set.</summary>
/// <remarks>Thread-safe. Reports of one store are applied one after the other. A store that was never enrolled has no reputation: it is the gateway's own, and trusted.</remarks>
public sealed partial class ReputationBook
{
    private readonly IMetadataStore metadata;
    private readonly StoreSet stores;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<StoreId, Entry> entries = new();

    internal ReputationBook(IMetadataStore metadata, StoreSet stores, TimeProvider time, ILogger<ReputationBook> logger) =>
        (this.metadata, this.stores, this.time, this.logger) = (metadata, stores, time, logger);

    /// <summary>Reads what is stored of the stores of the cluster. What cannot be read is told, and that store is suspended until somebody has looked: it may have been disqualified.</summary>
    public async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await metadata.ListStoresAsync(cancellationToken))
        {
            if (await metadata.GetSettingAsync(ReputationRecord.SettingName(row.Id), cancellationToken) is not { } bytes) continue;
            try
            {
                Use(row.Id, ReputationRecord.Decode(bytes));
            }
            catch (ReputationFormatException failure)
            {
                LogUnreadable(logger, failure, row.Location);
                stores.Rate(row.Id, new(StoreStanding.Suspended, 0));
            }
        }
    }

    /// <summary>The reputation of a store; null when it is not audited.</summary>
    public StoreReputation? Find(StoreId store) => entries.TryGetValue(store, out var entry) ? entry.Reputation : null;

    /// <summary>Begins a store's reputation, unless it has one. Durable when it returns.</summary>
    /// <param name="isVetted">Of an operator that is trusted: gets its full share at once.</param>
    public ValueTask<StoreReputation> EnrolAsync(StoreId store, bool isVetted, CancellationToken cancellationToken) => EnrolAsync(store, isVetted, null, cancellationToken);

    /// <summary>The same of a store that follows on an earlier one.</summary>
    /// <param name="before">What is known of who runs the store, from the earlier one: it begins with that, but for what was owed for the earlier one's shards. Null: nothing.</param>
    public ValueTask<StoreReputation> EnrolAsync(StoreId store, bool isVetted, StoreReputation? before, CancellationToken cancellationToken) =>
        ChangeAsync(store, (known, now) => known ?? (before is null ? StoreReputation.New(now, isVetted) : before with { Pending = [] }), cancellationToken);

    /// <summary>Takes note of an audit. What it means for the store's standing holds, and is durable, when it returns.</summary>
    public ValueTask<StoreReputation> RecordAsync(StoreId store, AuditReport report, CancellationToken cancellationToken) =>
        ChangeAsync(store, (known, now) => ReputationRules.After(known ?? StoreReputation.New(now), report, now), cancellationToken);

    /// <summary>Takes note whether a store is there.</summary>
    public ValueTask<StoreReputation> RecordLookAsync(StoreId store, bool isOnline, CancellationToken cancellationToken) =>
        ChangeAsync(store, (known, now) => ReputationRules.AfterLook(known ?? StoreReputation.New(now), isOnline, now), cancellationToken);

    /// <summary>Forgets what a store owes for a shard that has gone from it by no doing of its own.</summary>
    public ValueTask<StoreReputation> ReleaseAsync(StoreId store, ShardId shard, CancellationToken cancellationToken) =>
        ChangeAsync(store, (known, now) => known is null ? StoreReputation.New(now) : ReputationRules.Released(known, shard), cancellationToken);

    /// <summary>Forgets a store that has left.</summary>
    public async ValueTask ForgetAsync(StoreId store, CancellationToken cancellationToken)
    {
        await metadata.PutSettingAsync(ReputationRecord.SettingName(store), null, cancellationToken);
        entries.TryRemove(store, out _);
    }

    private async ValueTask<StoreReputation> ChangeAsync(StoreId store, Func<StoreReputation?, DateTimeOffset, StoreReputation> change, CancellationToken cancellationToken)
    {
        var entry = entries.GetOrAdd(store, static _ => new());
        await entry.Changing.WaitAsync(cancellationToken);
        try
        {
            // Another gateway may have audited it meanwhile: what is stored counts.
            StoreReputation? before = null;
            var after = StoreReputation.New(time.GetUtcNow());
            await metadata.ChangeSettingAsync(
                ReputationRecord.SettingName(store),
                stored =>
                {
                    before = stored is null ? null : ReputationRecord.Decode(stored);
                    after = change(before, time.GetUtcNow());
                    return after == before ? stored : ReputationRecord.Encode(after);
                },
                cancellationToken);
            if (before is not null && before.Standing != after.Standing) LogStanding(logger, store, before.Standing, after.Standing, after.Events.IsEmpty ? "" : after.Events[0].Explanation);
            Use(store, after);
            return after;
        }
        finally
        {
            entry.Changing.Release();
        }
    }

    private void Use(StoreId store, StoreReputation reputation)
    {
        entries.GetOrAdd(store, static _ => new()).Reputation = reputation;
        stores.Rate(store, reputation.Rating);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Store {Store} was {Before} and is {After}. {Explanation}")]
    private static partial void LogStanding(ILogger logger, StoreId store, StoreStanding before, StoreStanding after, string explanation);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reputation of {Location} cannot be read; it is suspended.")]
    private static partial void LogUnreadable(ILogger logger, Exception failure, string location);

    private sealed class Entry
    {
        public SemaphoreSlim Changing { get; } = new(1, 1);

        public volatile StoreReputation? Reputation;
    }
}
