using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Networks;
using Oort.Objects.Placement;

namespace Oort.Objects;

/// <summary>The configured stores with their health: who takes shards, who can be read, who is waited for.</summary>
/// <remarks>
/// Thread-safe. A slot stays as long as its store is configured, however long the store is away: a missing disk only degrades.
/// Operations in flight on a store that goes offline end by themselves; new ones are not sent to it.
/// </remarks>
public sealed partial class StoreSet : IStoreSet, IAsyncDisposable
{
    /// <summary>Stores of one set. Each has a watch, and each segment costs a pass over those that its policy allows: some tenths of a millisecond for as many.</summary>
    public const int StoreCountMax = 10_000;

    private readonly ClusterId cluster;
    private readonly StoreSetOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim reopening = new(1, 1);
    private readonly Dictionary<StoreSlot, Task> probes = [];
    private volatile StoreSlot[] slots = [];
    private volatile FrozenDictionary<StoreId, StoreSlot> byId = FrozenDictionary<StoreId, StoreSlot>.Empty;
    private volatile FrozenDictionary<StoreId, NetworkStore> networks = FrozenDictionary<StoreId, NetworkStore>.Empty;
    private int version;
    private volatile bool anyLastResort;
    private volatile bool doDistancesMatter;
    private long distancesLookedAt;

    public StoreSet(ClusterId cluster, StoreSetOptions options, TimeProvider time, ILogger<StoreSet> logger)
    {
        this.cluster = cluster;
        this.options = options;
        this.time = time;
        this.logger = logger;
        Placement = new PlacementBook(this, time);
    }

    /// <summary>The placement policies.</summary>
    public PlacementBook Placement { get; }

    /// <summary>Changes whenever a store comes, goes, or has another health, role, standing or description.</summary>
    internal int Version => Volatile.Read(ref version);

    /// <summary>Told after each change of a store's health or role. Handlers must be quick and not throw.</summary>
    public event Action<StoreHealthChange>? Changed;

    internal IReadOnlyList<StoreSlot> Slots => slots;

    /// <summary>Outside networks that shards may lie on. They are no slots: nothing is placed on them, no journal, keyring or snapshot lies there, and they are not probed.</summary>
    internal FrozenDictionary<StoreId, NetworkStore> Networks => networks;

    /// <inheritdoc/>
    /// <remarks>Stores that are away count: a disk that is pulled out must not change the code of new segments.</remarks>
    public Geometry Geometry => Placement.Default.Geometry;

    /// <inheritdoc/>
    public ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry) => Placement.Default.Place(segment, geometry);

    /// <inheritdoc/>
    public bool HasPolicies => !Placement.Document.Policies.IsEmpty;

    /// <inheritdoc/>
    public IPlacer PlacerFor(BucketId bucket, string storageClass) => Placement.For(bucket, storageClass);

    /// <inheritdoc/>
    public IPlacer PlacerOf(string policy) => Placement.Of(policy);

    /// <summary>A store for one shard of a segment that has lost it: takes writes, holds no other shard of the segment, keeps its policy.</summary>
    internal IStore? PlaceOne(SegmentRow segment)
    {
        var holding = segment.Shards.Where(id => id != StoreId.None).ToList();
        return Placement.Of(segment.Policy).PlaceOne(segment.Id, segment.Geometry, [.. holding.Where(IsHealthy)], holding)?.Store;
    }

    /// <inheritdoc/>
    /// <remarks>A network is found however it does: it is asked, and says so.</remarks>
    public IStore? Find(StoreId id) => FindSlot(id) is { } slot ? slot.TakesReads ? slot.Store : null : networks.GetValueOrDefault(id);

    /// <inheritdoc/>
    public bool IsLastResort(StoreId id) => (anyLastResort && FindSlot(id) is { Rating.Standing: StoreStanding.Suspended or StoreStanding.Disqualified }) || networks.GetValueOrDefault(id) is { Tally.IsAvoided: true };

    /// <inheritdoc/>
    public bool DoDistancesMatter => doDistancesMatter || networks.Count > 0;

    /// <inheritdoc/>
    public double LatencyOf(StoreId id) => FindSlot(id)?.LatencyMilliseconds ?? networks.GetValueOrDefault(id)?.LatencyMilliseconds ?? 0;

    /// <summary>The slot of a store; null when it is not one of this set.</summary>
    internal StoreSlot? FindSlot(StoreId id) => byId.GetValueOrDefault(id);

    /// <summary>Whether a shard on the store counts where redundancy is counted: it can be read, and its store is neither suspended nor disqualified.</summary>
    /// <remarks>What is lost on a network loses its place in the row: what is there counts.</remarks>
    internal bool IsHealthy(StoreId id) => FindSlot(id) is { } slot ? slot is { TakesReads: true, Rating.Standing: StoreStanding.Vetted or StoreStanding.Vetting } : networks.GetValueOrDefault(id) is { Backend: not null };

    /// <summary>What is known of the place of shards on a store; null when it is not one of this set.</summary>
    internal StoreTraits? TraitsOf(StoreId id) => FindSlot(id)?.Traits ?? networks.GetValueOrDefault(id)?.Traits;

    /// <summary>Takes over the outside networks that there are.</summary>
    internal void SetNetworks(FrozenDictionary<StoreId, NetworkStore> changed)
    {
        networks = changed;
        Interlocked.Increment(ref version);
    }

    /// <summary>Changes when a store becomes healthy, or ceases to be.</summary>
    internal int HashHealthy()
    {
        var hash = new HashCode();
        foreach (var slot in slots)
            if (IsHealthy(slot.Id)) hash.Add(slot.Id);
        return hash.ToHashCode();
    }

    /// <summary>Whether what the store holds has to go elsewhere: it drains, was removed, or is disqualified.</summary>
    internal bool IsLeaving(StoreId id) => networks.GetValueOrDefault(id) is { } network
        ? network.Definition.Role != NetworkRole.Active
        : FindSlot(id) is not { State: StoreState.Active, Rating.Standing: not StoreStanding.Disqualified };

    /// <summary>All stores with what placement knows of them, in the order in which they were configured.</summary>
    public ImmutableArray<StoreDescriptor> Describe() => [.. slots.Select(slot => slot.Describe())];

    /// <summary>Says whose a store is and where, whatever it says itself. What is not in the set is left alone.</summary>
    public void DescribeAs(StoreId id, StoreTraits traits)
    {
        if (FindSlot(id) is not { } slot || slot.Traits == traits) return;
        slot.DescribeAs(traits);
        Interlocked.Increment(ref version);
    }

    /// <summary>Lets a store get no new shards until further notice; what it holds stays there and is read. Its place is not counted for the code of new segments.</summary>
    public void Pause(StoreId id, bool isPaused)
    {
        if (FindSlot(id) is not { } slot || slot.IsPaused == isPaused) return;
        slot.IsPaused = isPaused;
        Publish(new(id, slot.Endpoint.Location, slot.Health, slot.Health, isPaused ? "It is paused." : "It is no longer paused."));
    }

    /// <summary>One store as operators see it, with what placement knows of it; null when it is not one of this set.</summary>
    public (StoreStatus Status, StoreDescriptor Descriptor)? Look(StoreId id) => FindSlot(id) is { } slot ? (slot.Status, slot.Describe()) : null;

    /// <summary>Says what is thought of a store. Placement and repair see it at once.</summary>
    public void Rate(StoreId id, StoreRating rating)
    {
        if (FindSlot(id) is not { } slot || slot.Rating == rating) return;
        var before = slot.Rating;
        slot.Rating = rating;
        anyLastResort |= rating.Standing is StoreStanding.Suspended or StoreStanding.Disqualified;
        Interlocked.Increment(ref version);
        if (before.Standing != rating.Standing) Publish(new(id, slot.Endpoint.Location, slot.Health, slot.Health, $"It is now {rating.Standing.ToString().ToLowerInvariant()}."));
    }

    internal void TellShortfall(string policy, PlacementShortfall shortfall)
    {
        if (shortfall == PlacementShortfall.None) LogPlacementKept(logger, policy);
        else LogPlacementShort(logger, policy, shortfall);
    }

    /// <inheritdoc/>
    public void Report(StoreId id, BackendException failure)
    {
        if (FindSlot(id) is { } slot) Publish(slot.Reported(failure, options));
        else if (failure.Kind == BackendErrorKind.Corrupt) Doubt(id);
    }

    /// <inheritdoc/>
    public void Doubt(StoreId id) => networks.GetValueOrDefault(id)?.Doubt();

    /// <inheritdoc/>
    public void Complain(StoreId id, ShardId shard, long offset, int length) => FindSlot(id)?.Complain(new(shard, offset, length));

    /// <summary>All stores as operators see them, in the order in which they were configured.</summary>
    public ImmutableArray<StoreStatus> GetStatus() => [.. slots.Select(slot => slot.Status)];

    /// <summary>Every store that can be read now.</summary>
    internal ImmutableArray<IStore> Readable() => [.. slots.Where(slot => slot.TakesReads).Select(slot => slot.Store).OfType<IStore>()];

    /// <summary>The role of a store; Removed when it is not one of this set.</summary>
    internal StoreState StateOf(StoreId id) => FindSlot(id)?.State ?? StoreState.Removed;

    /// <summary>Whether nothing is expected of a store any more: removed, or offline for longer than that.</summary>
    internal bool IsGivenUp(StoreId id, TimeSpan offlineFor)
    {
        if (networks.ContainsKey(id)) return false;
        var slot = FindSlot(id);
        return slot is null || slot.State == StoreState.Removed || (slot.OfflineSince is not 0 and var since && time.GetElapsedTime(since) >= offlineFor);
    }

    /// <summary>Adds a store and begins to watch it.</summary>
    /// <param name="store">The open store, or null where it is not there yet.</param>
    /// <param name="missing">Why it is not there.</param>
    internal StoreSlot Add(IStoreEndpoint endpoint, StoreId id, IStore? store, StoreState state, string missing = "")
    {
        var slot = new StoreSlot(endpoint, id, time) { State = state };
        if (store is not null) slot.Attach(Patient(store));
        lock (gate)
        {
            if (slots.Length >= StoreCountMax) throw new InvalidOperationException($"More than {StoreCountMax} stores.");
            SetSlots([.. slots, slot]);
            // A store that was just opened has shown its identity; the next probe confirms it.
            if (store is not null) slot.ProbeSucceeded(default, 0);
            else slot.Missing(missing);
            probes.Add(slot, Task.Run(() => WatchAsync(slot, stopping.Token)));
        }

        Publish(new(id, endpoint.Location, StoreHealth.Offline, slot.Health, missing));
        return slot;
    }

    /// <summary>Gives a store another role. Whoever places or counts quorums sees it at once.</summary>
    internal void SetState(StoreId id, StoreState state)
    {
        foreach (var slot in slots)
        {
            if (slot.Id != id || slot.State == state) continue;
            slot.State = state;
            Publish(new(id, slot.Endpoint.Location, slot.Health, slot.Health, $"It is now {state}."));
        }
    }

    /// <summary>Forgets a store and closes it.</summary>
    internal async ValueTask RemoveAsync(StoreId id)
    {
        StoreSlot? slot;
        Task? probe = null;
        lock (gate)
        {
            slot = slots.FirstOrDefault(candidate => candidate.Id == id);
            if (slot is null) return;
            SetSlots([.. slots.Where(other => other != slot)]);
            slot.State = StoreState.Removed;
            if (probes.Remove(slot, out probe)) slot.StopWatching();
        }

        if (probe is not null) await probe;
        await CloseAsync(slot);
        slot.Dispose();
        Publish(new(id, slot.Endpoint.Location, StoreHealth.Online, StoreHealth.Offline, "It was removed."));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Task[] running;
        lock (gate) running = [.. probes.Values];
        await Task.WhenAll(running);
        foreach (var slot in slots)
        {
            await CloseAsync(slot);
            slot.Dispose();
        }

        stopping.Dispose();
        reopening.Dispose();
        Placement.Dispose();
    }

    private PatientStore Patient(IStore store) => new(store, options.CallTimeout, time);

    /// <summary>Under the gate. Of two slots with one id the first counts.</summary>
    private void SetSlots(StoreSlot[] changed)
    {
        byId = changed.DistinctBy(slot => slot.Id).ToFrozenDictionary(slot => slot.Id);
        slots = changed;
        Interlocked.Increment(ref version);
    }

    private void Publish(StoreHealthChange? change)
    {
        if (change is not { } told) return;
        Interlocked.Increment(ref version);
        LogChange(logger, told.To is StoreHealth.Online ? LogLevel.Information : LogLevel.Warning, told.Location, told.Id, told.From, told.To, told.Reason);
        Changed?.Invoke(told);
    }

    [LoggerMessage(Message = "Store {Location} ({Id}) went from {From} to {To}. {Reason}")]
    private static partial void LogChange(ILogger logger, LogLevel level, string location, StoreId id, StoreHealth from, StoreHealth to, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Placement policy {Policy} cannot be kept with the stores that take writes now: {Shortfall}.")]
    private static partial void LogPlacementShort(ILogger logger, string policy, PlacementShortfall shortfall);

    [LoggerMessage(Level = LogLevel.Information, Message = "Placement policy {Policy} is kept again.")]
    private static partial void LogPlacementKept(ILogger logger, string policy);
}
