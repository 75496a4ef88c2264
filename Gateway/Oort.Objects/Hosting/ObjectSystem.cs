using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Audits;
using Oort.Objects.Budget;
using Oort.Objects.Caching;
using Oort.Objects.Collection;
using Oort.Objects.Costs;
using Oort.Objects.Events;
using Oort.Objects.Networks;
using Oort.Objects.Placement;
using Oort.Objects.Reputation;
using Oort.Objects.Shards;
using Oort.Objects.Tiering;
using Oort.Objects.Writing;

namespace Oort.Objects;

/// <summary>A running gateway's storage, put together: stores, journal, database, data path, and the workers that keep them whole.</summary>
public sealed partial class ObjectSystem : IObjectSystem
{
    /// <summary>Pause between two comparisons of all copies of keyring, journal and snapshot; a disk that comes or comes back is looked at at once.</summary>
    private static readonly TimeSpan HealInterval = TimeSpan.FromHours(1);

    /// <summary>How long a gateway repairs before another may: long enough for many segments, short beside what a lost store takes.</summary>
    private static readonly TimeSpan RepairTurnMax = TimeSpan.FromSeconds(30);

    private readonly ObjectSystemOptions options;
    private readonly OpenedSystem parts;
    private readonly RootKey root;
    private readonly CellCache? cache;
    private readonly TimeProvider time;
    private readonly ILoggerFactory logs;
    private readonly ILogger logger;
    private readonly ObjectLayer objects;
    private readonly SegmentIds segmentIds;
    private readonly SegmentPins pins = new();
    private readonly SegmentClaims claims = new();
    private readonly SegmentRepairer repairer;
    private readonly RepairQueue repairs;
    private readonly Snapshotter snapshotter;
    private readonly Collector collector;
    private readonly ReputationBook reputations;
    private readonly AuditRound audits;
    private readonly Rebalancer rebalancer;
    private readonly NetworkBook networks;
    private readonly ItemPlanner itemPlanner;
    private readonly ItemRound itemRound;
    private readonly ItemCompactor itemCompactor;
    private readonly NetworkWatch networkWatch;
    private readonly KeyringKeeper keeper;
    private readonly KeyRotation rotation;
    private readonly Shredder shredder;
    private readonly Workers workers;
    private readonly SemaphoreSlim copies = new(1, 1);
    private readonly SemaphoreSlim diskChange = new(1, 1);
    private readonly SemaphoreSlim stopOnce = new(1, 1);
    private bool stopped;
    private bool disposed;
    private long scannedAt;
    private long healedAt;
    private volatile bool scanAsked = true;
    private volatile bool healAsked = true;
    private volatile bool isHealing;
    private volatile string placementFault = "";

    private ObjectSystem(ObjectSystemOptions options, OpenedSystem parts, RootKey root, BufferPool buffers, CellCache? cache, TimeProvider time, ILoggerFactory logs)
    {
        (this.options, this.parts, this.root, this.cache, this.time, this.logs) = (options, parts, root, cache, time, logs);
        logger = logs.CreateLogger<ObjectSystem>();
        Events = new(logs.CreateLogger<EventQueue>());
        segmentIds = new(parts.Epoch);
        repairer = new(parts.Metadata, parts.Stores, claims, parts.Keyring, SegmentRepairOptions.Default, time, logs.CreateLogger<SegmentRepairer>());
        repairs = new(parts.Metadata, parts.Stores, repairer, new Pacer(options.RepairBytesPerSecond, time), time, logs.CreateLogger<RepairQueue>());
        keeper = new(parts.Keyring, root, parts.Stores, options.DataDirectory, () => parts.Metadata.IsShared, time, logs.CreateLogger<KeyringKeeper>());
        objects = new(parts.Metadata, parts.Stores, repairs, pins, parts.Keyring, segmentIds, options.Objects with { Buffers = buffers, CellCache = cache }, time, keeper.LearnAsync, keeper.LearnNamedAsync);
        snapshotter = new(parts.Metadata, parts.Stores, parts.Journal, parts.Keyring, parts.Identity.Gateway, time, logs.CreateLogger<Snapshotter>()) { Generation = parts.SnapshotGeneration, Retired = parts.Retired, BytesBefore = parts.JournalBytes };
        collector = new(parts.Metadata, parts.Stores, pins, claims, segmentIds, objects.CreateCompactor(), options, time, logs.CreateLogger<Collector>()) { OnDropped = row => cache?.Drop(row.Id, new ShardLayout(row.Geometry, row.PayloadLength)) };
        var leftovers = new Leftovers(parts.Metadata, parts.Stores, claims, options.DeleteGrace, time);
        prices = new(time);
        networks = new(parts.Stores, parts.Metadata, parts.Keyring, options.Networks.Factory, new(buffers, Math.Min(options.Networks.CacheBytes, buffers.Budget.Capacity / ObjectLayerOptions.HotCellDivisor)), time, logs.CreateLogger<NetworkBook>());
        costBook = new(parts.Metadata, parts.Stores, time, logs.CreateLogger<CostBook>());
        costs = new(parts.Metadata, parts.Stores, costBook, prices, time);
        spending = new(parts.Metadata, parts.Stores, costBook, costs, prices, time, logs.CreateLogger<SpendGate>());
        itemPlanner = new(parts.Metadata, parts.Stores, repairer, claims, repairs, leftovers, spending, options.Networks, time, logs.CreateLogger<ItemPlanner>());
        itemRound = new(parts.Metadata, parts.Stores, itemPlanner, repairs, spending, options.Networks, time, logs.CreateLogger<ItemRound>());
        itemCompactor = new(parts.Metadata, parts.Stores, itemPlanner, repairer, options.Networks, options.DeleteGrace, time, logs.CreateLogger<ItemCompactor>());
        networkWatch = new(parts.Metadata, parts.Stores, options.Networks, time, logs.CreateLogger<NetworkWatch>());
        rebalancer = new(parts.Metadata, parts.Stores, repairer, repairs, leftovers, new Pacer(options.RebalanceBytesPerSecond, time), options, time, logs.CreateLogger<Rebalancer>());
        reputations = new(parts.Metadata, parts.Stores, time, logs.CreateLogger<ReputationBook>());
        var random = new UnforeseenRandom(options.Random);
        var auditor = new ShardAuditor(parts.Metadata, parts.Stores, parts.Keyring, options.Audits, time, random);
        audits = new(parts.Metadata, parts.Stores, reputations, auditor, repairs, options.Audits, time, random, logs.CreateLogger<AuditRound>());
        rotation = new(parts.Metadata, parts.Keyring, keeper, snapshotter, objects.Eras, options, time, logs.CreateLogger<KeyRotation>());
        shredder = new(parts.Metadata, parts.Stores, parts.Journal, snapshotter, parts.Identity.Gateway, copies, options, time, logs.CreateLogger<Shredder>());
        var mover = objects.CreateMover(new Pacer(options.Tiering.BytesPerSecond, time), Events);
        var waiting = new RestoreQueue(time);
        tiers = new(parts.Metadata, time, logs.CreateLogger<TierBook>());
        restores = new(parts.Metadata, mover, waiting, options.Tiering, time, logs.CreateLogger<RestoreRound>());
        var sweep = new TieringSweep(parts.Metadata, mover, waiting, options.Objects.PackThreshold, time, logs.CreateLogger<TieringSweep>());
        var lifecycle = new LifecycleRound(parts.Metadata, sweep, Events, options.Tiering, time, logs.CreateLogger<LifecycleRound>());
        tiering = new(parts.Metadata, parts.Stores, mover, tiers, waiting, restores, sweep, lifecycle, options.Tiering, time, logs.CreateLogger<TieringRound>());
        workers = new(time, logs.CreateLogger<Workers>());
    }

    public ClusterId Cluster => parts.Identity.Cluster;

    public GatewayId Gateway => parts.Identity.Gateway;

    public IObjectLayer Objects => objects;

    public IMetadataStore Metadata => parts.Metadata;

    public StoreSet Stores => parts.Stores;

    public EventQueue Events { get; }

    public ReputationBook Reputations => reputations;

    /// <summary>Opens a data directory with its stores, making both on the first start, and begins to serve.</summary>
    /// <param name="stores">One endpoint for each configured disk.</param>
    /// <param name="root">Stays the caller's, and is used as long as the system runs.</param>
    /// <exception cref="StartRefusedException">Directory, disks and root key do not fit together; the message says what to do.</exception>
    /// <exception cref="MetadataUnavailableException">Too few stores take the journal.</exception>
    public static async Task<ObjectSystem> OpenAsync(ObjectSystemOptions options, IReadOnlyList<IStoreEndpoint> stores, RootKey root, TimeProvider time, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        await using var opener = new SystemOpener(options, stores, root, time, logs);
        using var claim = options.Cache is { } wanted ? CacheClaim.Take(wanted) : null;
        var parts = await opener.RunAsync(cancellationToken);
        var buffers = options.Objects.Buffers ?? new BufferPool(new MemoryBudget(options.Objects.BufferBytes, time));
        var cache = claim is null ? null : CellCache.Open(claim, parts.Identity.Cluster, buffers, options.Threads, time, logs.CreateLogger<CellCache>());
        var system = new ObjectSystem(options, parts, root, buffers, cache, time, logs);
        await system.LoadNetworksAsync(cancellationToken);
        await system.LoadPlacementAsync(cancellationToken);
        await system.tiers.LoadAsync(cancellationToken);
        await system.spending.LoadAsync(cancellationToken);
        await system.reputations.LoadAsync(cancellationToken);
        system.lastDrill = system.LoadDrill();
        system.StartWorkers();
        return system;
    }

    public SystemStatus GetStatus()
    {
        var stores = parts.Stores.GetStatus();
        var journal = parts.Journal.Status;
        var geometry = parts.Stores.Geometry;
        var (outside, spent) = (networkWatch.Status, spending.Status);
        var writable = stores.Count(store => store is { State: StoreState.Active, Health: StoreHealth.Online or StoreHealth.Suspect });
        return new(
            writable >= geometry.WriteQuorum && parts.Metadata.JournalFault is null,
            geometry,
            stores,
            journal,
            repairs.Status with { CopiesPending = healAsked || isHealing },
            collector.Status,
            parts.Metadata.CommittedGeneration,
            snapshotter.Generation,
            [.. SystemWarnings.Of(geometry, stores), .. SystemWarnings.Of(cache?.Status), .. SystemWarnings.Of(parts.Stores.Placement.Status, placementFault), .. outside.SelectMany(network => network.Warnings).Select(warning => warning.Text), .. SystemWarnings.Of(spent.Budgets, spending.Fault, costBook.Fault)])
        {
            Placement = parts.Stores.Placement.Status,
            Rebalance = rebalancer.Status,
            Audits = audits.Status,
            Shredding = shredder.Status,
            HotCells = objects.HotCells,
            Spending = spent,
            Cache = cache?.Status,
            Tiering = tiering.Status,
            Drill = lastDrill,
            Networks = outside,
        };
    }

    public byte[] SealSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret) => parts.Keyring.SealSecret(context, secret);

    public byte[]? OpenSecret(ReadOnlySpan<byte> context, ReadOnlySpan<byte> sealedSecret) => parts.Keyring.OpenSecret(context, sealedSecret);

    public async ValueTask<ulong> SnapshotAsync(CancellationToken cancellationToken) => await snapshotter.RunAsync(cancellationToken);

    public async ValueTask<CollectReport> CollectAsync(CancellationToken cancellationToken) => await collector.RunAsync(scanStores: true, cancellationToken);

    /// <inheritdoc/>
    public void AskRebalance() => rebalancer.Ask();

    /// <inheritdoc/>
    public ValueTask PauseRebalanceAsync(bool pause, CancellationToken cancellationToken) => rebalancer.PauseAsync(pause, cancellationToken);

    public async ValueTask ConfirmRecoveryAsync(CancellationToken cancellationToken) => await collector.ConfirmAsync(cancellationToken);

    /// <inheritdoc/>
    /// <remarks>1. Workers. 2. The data path: flushes under way end. 3. A snapshot, if a recovery would otherwise replay much. 4. Database, journal, stores.</remarks>
    public async ValueTask StopAsync(CancellationToken cancellationToken)
    {
        await stopOnce.WaitAsync(CancellationToken.None);
        try
        {
            if (stopped) return;
            stopped = true;

            // 1.
            await workers.DisposeAsync();

            // 2.
            await objects.DisposeAsync();
            if (cache is not null) await cache.DisposeAsync();

            // 3.
            if (options.RunWorkers && snapshotter.BytesSince > options.SnapshotAfterBytes / 2) await TrySnapshotAsync(cancellationToken);

            if (options.RunWorkers) await TryCountCostsAsync(cancellationToken);
            await networks.DisposeAsync();

            // 4.
            var generation = parts.Metadata.CommittedGeneration;
            await parts.Metadata.DisposeAsync();
            await parts.Journal.DisposeAsync();
            await parts.Stores.DisposeAsync();
            parts.Keyring.Dispose();
            snapshotter.Dispose();
            collector.Dispose();
            rotation.Dispose();
            keeper.Dispose();
            shredder.Dispose();
            costs.Dispose();
            logger.LogInformation("Stopped at generation {Generation}.", generation);
        }
        finally
        {
            stopOnce.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true)) return;
        await StopAsync(CancellationToken.None);
        diskChange.Dispose();
        copies.Dispose();
        stopOnce.Dispose();
        moving.Dispose();
        backingUp.Dispose();
        drilling.Dispose();
    }

    /// <summary>Scans and repairs until nothing more can be done now: what the workers do, step by step, for offline verbs and tests.</summary>
    internal async Task DrainRepairsAsync(CancellationToken cancellationToken = default)
    {
        await repairs.ScanAsync(cancellationToken);
        await repairs.DrainAsync(cancellationToken);
        await FinishDrainsAsync(cancellationToken);
        await HealCopiesAsync(repair: true, cancellationToken);
    }

    /// <summary>Takes over placement policies that are newer than those in force. Policies that cannot be read are told, and do not keep a gateway from starting: without it nothing could be put right.</summary>
    private async Task LoadPlacementAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await parts.Stores.Placement.LoadAsync(parts.Metadata, cancellationToken)) scanAsked = true;
            placementFault = "";
        }
        catch (PlacementPolicyException failure)
        {
            if (placementFault != failure.Message) logger.LogError(failure, "The placement policies cannot be used; those before stay in force, at a start the default one.");
            placementFault = failure.Message;
        }
    }

    /// <inheritdoc/>
    public Task RunAloneAsync(string name, Func<CancellationToken, Task> work, CancellationToken cancellationToken) =>
        parts.Metadata.IsShared ? new LeasedRound(parts.Metadata, parts.Identity.Gateway.ToString(), time).RunAsync(name, work, cancellationToken) : work(cancellationToken);

    /// <summary>One round of rebalancing, for tests that step it.</summary>
    internal Task RebalanceAsync(CancellationToken cancellationToken = default) => rebalancer.RunAsync(static (passes, stop) => passes(stop), cancellationToken);

    /// <summary>Moves one shard, for tests of what comes between decision and move.</summary>
    internal Task<MoveOutcome> MoveShardAsync(SegmentRow row, int index, IStore target) => repairer.MoveAsync(row, index, target, Pacer.None, CancellationToken.None);

    /// <summary>Has segments looked at, in this order if nothing else decides, for tests.</summary>
    internal void AskRepair(IEnumerable<SegmentId> segments)
    {
        foreach (var segment in segments) repairs.Enqueue(segment, -1, RepairReason.BadShard);
    }

    /// <summary>Has a shard written anew, even if it looks well, for tests.</summary>
    internal void ReportShard(ShardId shard) => repairs.Enqueue(shard.Segment, shard.Index, RepairReason.Reported);

    /// <summary>Audits one shard now, for tests that step it.</summary>
    internal Task AuditAsync(StoreId store, ShardId shard) => audits.AuditAsync(store, shard, CancellationToken.None);

    /// <summary>Logs that some store is yet to be told all of, and the newest, for tests of what is dropped.</summary>
    internal ImmutableArray<string> LogsInUse => parts.Journal.LogsInUse;

    /// <summary>Gives every audited store that is due its turn, for tests that step it.</summary>
    internal Task AuditDueAsync() => audits.TickAsync(CancellationToken.None);

    private void StartWorkers()
    {
        if (!options.RunWorkers) return;
        workers.Every("Rebalancing", TimeSpan.FromSeconds(Math.Min(10, options.RebalanceInterval.TotalSeconds)), TimeSpan.FromSeconds(1), stop => rebalancer.RunAsync((passes, token) => RunAloneAsync("rebalance", passes, token), stop));
        workers.Every("The look for new placement policies", options.PlacementInterval, options.PlacementInterval, async stop =>
        {
            await LoadPlacementAsync(stop);
            await tiers.LoadAsync(stop);
        });
        if (parts.Metadata.IsShared && options.Locate is not null) workers.Every("The look for stores of other gateways", options.PlacementInterval, options.PlacementInterval, FollowStoresAsync);
        StartNetworks();
        StartTiering();
        StartDrills();
        parts.Stores.Changed += OnStoreChanged;
        workers.Every("Repair", TimeSpan.Zero, TimeSpan.FromSeconds(1), RepairAsync);
        workers.Every("The scan for repairs", TimeSpan.Zero, TimeSpan.FromSeconds(1), ScanWhenDueAsync);
        workers.Every("The audits of nodes", options.Audits.Tick, options.Audits.Tick, stop => parts.Metadata.IsShared ? RunAloneAsync("audit", audits.RunAsync, stop) : audits.TickAsync(stop));
        workers.Every("The look for reputations of other gateways", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), FollowReputationsAsync);
        workers.Every("The snapshot", TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), SnapshotWhenDueAsync);
        workers.Every("The collector", options.CollectInterval, options.CollectInterval, stop => RunAloneAsync("collector", async alone => await collector.RunAsync(scanStores: false, alone), stop));
        workers.Every("The search for orphans", TimeSpan.FromMinutes(10), options.OrphanScanInterval, stop => RunAloneAsync("orphans", async alone => await collector.RunAsync(scanStores: true, alone), stop));
        workers.Every("The check of journal and keyring copies", TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), HealWhenDueAsync);
        workers.Every("The rotation of keys", TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), async stop => await rotation.RunAsync((passes, token) => RunAloneAsync("keys", passes, token), stop));
        workers.Every("The shredder", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), stop => RunAloneAsync("shredder", async alone => await shredder.RunAsync(now: false, alone), stop));
        if (options.ScrubInterval > TimeSpan.Zero)
            workers.Every("The scrub", options.ScrubInterval / 2, options.ScrubInterval, stop => RunAloneAsync("scrub", async alone => await ScrubAsync(repair: true, new Pacer(options.ScrubBytesPerSecond, time), null, alone), stop));
    }


    /// <summary>Several gateways repair in turns: each knows of segments that others do not, and of two repairs of one segment one would be in vain.</summary>
    private async Task RepairAsync(CancellationToken stop)
    {
        if (!parts.Metadata.IsShared) await repairs.RunAsync(options.RepairParallelism, () => !parts.Metadata.IsShared, stop);
        else if (repairs.HasWork) await RunAloneAsync("repair", alone => repairs.TakeTurnAsync(options.RepairParallelism, RepairTurnMax, alone), stop);
    }

    /// <summary>What the gateway that audits has found holds for all.</summary>
    private async Task FollowReputationsAsync(CancellationToken stop)
    {
        if (parts.Metadata.IsShared) await reputations.LoadAsync(stop);
    }

    private async Task ScanWhenDueAsync(CancellationToken stop)
    {
        // When the queue has nothing left of a disk that drains, the disk is done with, or what could not be moved is tried again.
        var isDrained = repairs.IsIdle && parts.Stores.Slots.Any(slot => slot.State == StoreState.Draining);
        if (!scanAsked && !isDrained && time.GetElapsedTime(scannedAt) < options.RepairInterval) return;
        scanAsked = false;
        scannedAt = time.GetTimestamp();
        try
        {
            await repairs.ScanAsync(stop);
        }
        catch
        {
            // What asked for it is not done: the interval is for scans that nobody asked for.
            scanAsked = true;
            throw;
        }

        await FinishDrainsAsync(stop);
    }

    private async Task HealWhenDueAsync(CancellationToken stop)
    {
        if (!healAsked && time.GetElapsedTime(healedAt) < HealInterval) return;
        isHealing = true;
        healAsked = false;
        healedAt = time.GetTimestamp();
        try
        {
            await HealCopiesAsync(repair: true, stop);
        }
        catch
        {
            healAsked = true;
            throw;
        }
        finally
        {
            isHealing = false;
        }
    }

    private void OnStoreChanged(StoreHealthChange change)
    {
        if (change.To is StoreHealth.Online || change.From == change.To) scanAsked = healAsked = true;
    }

    private async Task SnapshotWhenDueAsync(CancellationToken stop)
    {
        if (snapshotter.BytesSince < options.SnapshotAfterBytes) return;
        await RunAloneAsync("snapshot", snapshotter.RunAsync, stop);
    }

    private async Task TrySnapshotAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.StopTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await snapshotter.RunAsync(either.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or MetadataUnavailableException or BackendException)
        {
            // The journal holds everything: only a recovery would take longer.
            logger.LogWarning(failure, "No snapshot was made at the end.");
        }
    }
}

/// <summary>Sentences about what these disks cannot survive.</summary>
internal static class SystemWarnings
{
    public static IEnumerable<string> Of(ImmutableArray<PlacerStatus> placers, string fault)
    {
        if (fault.Length > 0) yield return fault;
        foreach (var placer in placers.Where(placer => (placer.Shortfall & ~PlacementShortfall.Stores) != 0))
            yield return string.Create(CultureInfo.InvariantCulture, $"Placement policy {placer.Policy} could not be kept for the last segment ({placer.Shortfall}), and for {placer.Short} of {placer.Placed} since the start; oort placement check {placer.Policy} says why.");
    }

    public static IEnumerable<string> Of(ImmutableArray<BudgetStatus> budgets, params string[] faults)
    {
        foreach (var fault in faults.Where(fault => fault.Length > 0)) yield return fault;
        foreach (var one in budgets.Where(one => one.Level > 0 || one.IsHolding))
            yield return string.Create(CultureInfo.InvariantCulture, $"{one.Spent:0.00} of this month's budget of {one.Limit:0.00} US dollars for {one.Subject} are spent{(one.IsHolding || one.Level == 100 ? "; new items wait, and their shards stay on disks and nodes" : "")}. oort cost says for what.");
    }

    public static IEnumerable<string> Of(CellCacheStatus? cache)
    {
        if (cache is { Fault: { Length: > 0 } fault }) yield return $"The cache is off, so that everything is read from the stores: {fault}";
    }

    public static IEnumerable<string> Of(Geometry geometry, ImmutableArray<StoreStatus> stores)
    {
        var active = stores.Where(store => store.State == StoreState.Active).ToList();
        if (geometry.ParityShards == 0) yield return "There is one disk and no redundancy: when it fails, everything is lost. Add disks with oort disk add.";
        foreach (var shared in active.GroupBy(store => store.FailureDomain, StringComparer.Ordinal).Where(group => group.Key.Length > 0 && group.Count() > geometry.ParityShards && geometry.ParityShards > 0))
            yield return string.Create(CultureInfo.InvariantCulture, $"{shared.Count()} stores are on one device ({shared.Key}); it holds more shards of an object than may be lost ({geometry.ParityShards}), so the loss of that device loses data.");
        foreach (var store in stores.Where(store => store.Health != StoreHealth.Online))
            yield return $"{store.Location} is {store.Health}: {store.Reason}";
    }
}
