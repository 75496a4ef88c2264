using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>The configured stores with their health: who takes shards, who can be read, who is waited for.</summary>
/// <remarks>
/// Thread-safe. A slot stays as long as its store is configured, however long the store is away: a missing disk only degrades.
/// Operations in flight on a store that goes offline end by themselves; new ones are not sent to it.
/// </remarks>
public sealed partial class StoreSet : IStoreSet, IAsyncDisposable
{
    /// <summary>Stores of one set: as many as a code can have shards, so that every index of a bit set or a table of them fits a byte.</summary>
    public const int StoreCountMax = 255;

    private readonly ClusterId cluster;
    private readonly StoreSetOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim reopening = new(1, 1);
    private readonly Dictionary<StoreSlot, Task> probes = [];
    private volatile StoreSlot[] slots = [];

    public StoreSet(ClusterId cluster, StoreSetOptions options, TimeProvider time, ILogger<StoreSet> logger)
    {
        this.cluster = cluster;
        this.options = options;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Told after each change of a store's health or role. Handlers must be quick and not throw.</summary>
    public event Action<StoreHealthChange>? Changed;

    internal IReadOnlyList<StoreSlot> Slots => slots;

    /// <inheritdoc/>
    /// <remarks>By the number of stores with the role Active, away or not: a disk that is pulled out must not change the code of new segments.</remarks>
    public Geometry Geometry => Geometry.ForStoreCount(Math.Max(1, slots.Count(slot => slot.State == StoreState.Active)));

    /// <inheritdoc/>
    public ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry) =>
        ShardPlacement.Place(Candidates(static _ => true), geometry.TotalShards, segment.Counter);

    /// <summary>A store for one shard of a segment that has lost it: takes writes, holds no other shard of the segment, prefers a failure domain of its own.</summary>
    internal IStore? PlaceOne(SegmentRow segment)
    {
        var occupied = segment.Shards.Where(id => id != StoreId.None).Select(Find).OfType<IStore>().Select(store => store.FailureDomain);
        return ShardPlacement.PlaceOne(Candidates(slot => !segment.Shards.Contains(slot.Id)), occupied, segment.Id.Counter);
    }

    /// <inheritdoc/>
    public IStore? Find(StoreId id)
    {
        foreach (var slot in slots)
            if (slot.Id == id)
                return slot.TakesReads ? slot.Store : null;
        return null;
    }

    /// <inheritdoc/>
    public void Report(StoreId id, BackendException failure)
    {
        foreach (var slot in slots)
            if (slot.Id == id)
                Publish(slot.Reported(failure, options));
    }

    /// <summary>All stores as operators see them, in the order in which they were configured.</summary>
    public ImmutableArray<StoreStatus> GetStatus() => [.. slots.Select(slot => slot.Status)];

    /// <summary>Every store that can be read now.</summary>
    internal ImmutableArray<IStore> Readable() => [.. slots.Where(slot => slot.TakesReads).Select(slot => slot.Store).OfType<IStore>()];

    /// <summary>The role of a store; Removed when it is not one of this set.</summary>
    internal StoreState StateOf(StoreId id) => slots.FirstOrDefault(slot => slot.Id == id)?.State ?? StoreState.Removed;

    /// <summary>Whether nothing is expected of a store any more: removed, or offline for longer than that.</summary>
    internal bool IsGivenUp(StoreId id, TimeSpan offlineFor)
    {
        var slot = slots.FirstOrDefault(slot => slot.Id == id);
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
            if (slots.Length >= StoreCountMax) throw new InvalidOperationException("More than 255 stores.");
            slots = [.. slots, slot];
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
            slots = [.. slots.Where(other => other != slot)];
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
    }

    private PatientStore Patient(IStore store) => new(store, options.CallTimeout, time);

    private PlacementCandidate[] Candidates(Func<StoreSlot, bool> also)
    {
        var candidates = new List<PlacementCandidate>();
        foreach (var slot in slots)
            if (slot is { State: StoreState.Active, TakesWrites: true, Store: { } store } && also(slot))
                candidates.Add(new(store, store.FailureDomain));
        return [.. candidates];
    }

    private void Publish(StoreHealthChange? change)
    {
        if (change is not { } told) return;
        LogChange(logger, told.To is StoreHealth.Online ? LogLevel.Information : LogLevel.Warning, told.Location, told.Id, told.From, told.To, told.Reason);
        Changed?.Invoke(told);
    }

    [LoggerMessage(Message = "Store {Location} ({Id}) went from {From} to {To}. {Reason}")]
    private static partial void LogChange(ILogger logger, LogLevel level, string location, StoreId id, StoreHealth from, StoreHealth to, string reason);
}
