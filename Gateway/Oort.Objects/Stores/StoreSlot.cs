using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>One configured store: what is expected there, the open store if there is one, and its health. Changed under its own lock; read without.</summary>
internal sealed class StoreSlot(IStoreEndpoint endpoint, StoreId id, TimeProvider time) : IDisposable
{
    private readonly Lock gate = new();
    private volatile Snapshot current = new(null, StoreHealth.Offline, "It has not been opened yet.", default);
    private long failures;
    private long offlineSince = Math.Max(1, time.GetTimestamp());
    private long troubledSince = Math.Max(1, time.GetTimestamp());
    private int failuresInRow;
    private int badProbes;
    private double latency;
    private long probeCount;
    private volatile StoreTraits traits = StoreTraits.OfLocalDisk(endpoint.Location);
    private volatile StoreRating rating = StoreRating.Trusted;
    private volatile bool isDescribed;
    private volatile ReadComplaint? complaint;
    private readonly CancellationTokenSource watching = new();

    public IStoreEndpoint Endpoint { get; } = endpoint;

    /// <summary>The identity that must be found there.</summary>
    public StoreId Id { get; } = id;

    /// <summary>Its role in the cluster. Written by the owner of the set only.</summary>
    public volatile StoreState State;

    /// <summary>Whether it gets no new shards, though all is well with it. Written by the owner of the set only.</summary>
    public volatile bool IsPaused;

    /// <summary>When it was last closed to be opened anew, or 0. Touched by its probe loop only.</summary>
    public long ReopenedAt { get; set; }

    /// <summary>Timestamp at which it went offline; 0 while it is not.</summary>
    public long OfflineSince => Interlocked.Read(ref offlineSince);

    /// <summary>Timestamp at which it went offline or read-only; 0 while it is neither.</summary>
    public long TroubledSince => Interlocked.Read(ref troubledSince);

    /// <summary>Whether only a fresh start of the store, which can still be read, lets it write again.</summary>
    public bool NeedsReopening => current is { Health: StoreHealth.ReadOnly, Space.Refusal.EndsByReopening: true };

    /// <summary>Cancelled when the slot is removed.</summary>
    public CancellationToken Watching => watching.Token;

    public IStore? Store => current.Store;

    /// <summary>Whose it is and where: as was last said of it, by the membership or else by the store itself; a disk of this machine until then.</summary>
    public StoreTraits Traits => traits;

    /// <summary>What is thought of it.</summary>
    public StoreRating Rating
    {
        get => rating;
        set => rating = value;
    }

    /// <summary>Mean round trip of recent probes; 0 while none was made.</summary>
    public double LatencyMilliseconds => Volatile.Read(ref latency);

    /// <summary>Good probes so far.</summary>
    public long ProbeCount => Interlocked.Read(ref probeCount);

    /// <summary>What the last good probe said.</summary>
    public StoreSpace Space => current.Space;

    public StoreHealth Health => current.Health;

    public bool TakesReads => current.Health != StoreHealth.Offline && current.Store is not null;

    public bool TakesWrites => current.Health is StoreHealth.Online or StoreHealth.Suspect && current.Store is not null;

    public long Failures => Interlocked.Read(ref failures);

    public StoreStatus Status
    {
        get
        {
            var now = current;
            return new(Id, Endpoint.Location, now.Store?.FailureDomain ?? "", State, now.Health, now.Health == StoreHealth.Online ? "" : now.Reason, now.Space, Failures);
        }
    }

    public void StopWatching() => watching.Cancel();

    public void Dispose() => watching.Dispose();

    public StoreDescriptor Describe()
    {
        var now = current;
        var state = State == StoreState.Removed ? "removed"
            : rating.Standing == StoreStanding.Disqualified ? "disqualified"
            : State == StoreState.Draining ? "draining"
            : now.Health is StoreHealth.Offline or StoreHealth.Full or StoreHealth.ReadOnly ? now.Health.ToString().ToLowerInvariant()
            : rating.Standing == StoreStanding.Vetted ? "active"
            : rating.Standing.ToString().ToLowerInvariant();
        return new(Id, Endpoint.Location, traits, state, now.Space, LatencyMilliseconds, rating.Score);
    }

    /// <summary>A read for a client that failed or was given up; the first is kept until somebody has taken it.</summary>
    public void Complain(ReadComplaint about) => Interlocked.CompareExchange(ref complaint, about, null);

    /// <summary>The read that the store is to be asked for again; null: none.</summary>
    public ReadComplaint? Complaint => complaint;

    public void ForgetComplaint() => complaint = null;

    /// <summary>Takes over an opened store; it comes online with the first good probe.</summary>
    public void Attach(IStore store)
    {
        lock (gate)
        {
            current = current with { Store = store };
            if (!isDescribed) traits = store.Traits;
        }
    }

    /// <summary>Says whose the store is and where, whatever it says itself.</summary>
    public void DescribeAs(StoreTraits said)
    {
        lock (gate) (traits, isDescribed) = (said, true);
    }

    /// <summary>A probe took that long. Weighs a fifth, so that one hiccup moves little and a lasting change shows within seconds.</summary>
    public void ObserveLatency(TimeSpan elapsed)
    {
        Interlocked.Increment(ref probeCount);
        const double weight = 0.2;
        var before = LatencyMilliseconds;
        Volatile.Write(ref latency, before == 0 ? elapsed.TotalMilliseconds : before + weight * (elapsed.TotalMilliseconds - before));
    }

    /// <summary>Free bytes that are kept: a full store takes shards again only above it.</summary>
    public static long RoomOf(StoreSpace space, long roomBytes) => Math.Min(roomBytes, (space.CapacityBytes ?? long.MaxValue) / 20);

    /// <summary>Gives up the open store; the caller disposes it. Nothing is asked of the slot from now on; its health stays until it is known what is there then.</summary>
    public IStore? Detach()
    {
        lock (gate)
        {
            var store = current.Store;
            current = current with { Store = null };
            return store;
        }
    }

    /// <summary>A good probe: online, unless it refuses writes, or is full and has too little room to come back.</summary>
    public StoreHealthChange? ProbeSucceeded(StoreSpace space, long roomBytes)
    {
        lock (gate)
        {
            failuresInRow = 0;
            badProbes = 0;
            current = current with { Space = space };
            if (space.Refusal is { } refusal) return Set(StoreHealth.ReadOnly, refusal.Reason);
            var room = RoomOf(space, roomBytes);
            return current.Health == StoreHealth.Full && space.FreeBytes is { } free && free < room ? null : Set(StoreHealth.Online, "");
        }
    }

    public StoreHealthChange? ProbeFailed(BackendErrorKind kind, string reason, StoreSetOptions options)
    {
        Interlocked.Increment(ref failures);
        lock (gate)
        {
            badProbes++;
            if (kind is BackendErrorKind.Permanent or BackendErrorKind.Unauthorized or BackendErrorKind.Funds || badProbes >= options.OfflineAfterProbes)
                return Set(StoreHealth.Offline, reason);
            return current.Health == StoreHealth.Online ? Set(StoreHealth.Suspect, reason) : null;
        }
    }

    /// <summary>What a failed operation says about the store as a whole.</summary>
    public StoreHealthChange? Reported(BackendException failure, StoreSetOptions options)
    {
        // A shard that is missing or damaged says nothing about the store: the shard is repaired.
        if (failure.Kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt) return null;
        Interlocked.Increment(ref failures);
        lock (gate)
        {
            failuresInRow++;
            return failure.Kind switch
            {
                BackendErrorKind.Permanent or BackendErrorKind.Unauthorized or BackendErrorKind.Funds => Set(StoreHealth.Offline, failure.Message),
                BackendErrorKind.ReadOnly => current.Health == StoreHealth.Offline ? null : Set(StoreHealth.ReadOnly, failure.Message),
                BackendErrorKind.Full => current.Health is StoreHealth.Offline or StoreHealth.ReadOnly ? null : Set(StoreHealth.Full, failure.Message),
                _ => failuresInRow >= options.SuspectAfterFailures && current.Health == StoreHealth.Online ? Set(StoreHealth.Suspect, failure.Message) : null,
            };
        }
    }

    /// <summary>Says why there is no open store.</summary>
    public StoreHealthChange? Missing(string reason)
    {
        lock (gate) return Set(StoreHealth.Offline, reason);
    }

    private StoreHealthChange? Set(StoreHealth health, string reason)
    {
        var before = current.Health;
        if (health != StoreHealth.Offline) Interlocked.Exchange(ref offlineSince, 0);
        else if (OfflineSince == 0) Interlocked.Exchange(ref offlineSince, Math.Max(1, time.GetTimestamp()));
        if (health is not (StoreHealth.Offline or StoreHealth.ReadOnly)) Interlocked.Exchange(ref troubledSince, 0);
        else if (TroubledSince == 0) Interlocked.Exchange(ref troubledSince, Math.Max(1, time.GetTimestamp()));
        current = current with { Health = health, Reason = reason };
        return before == health ? null : new(Id, Endpoint.Location, before, health, reason);
    }

    /// <summary>A read for a client that came to nothing, though its store may have the shard.</summary>
    internal sealed record ReadComplaint(ShardId Shard, long Offset, int Length);

    private sealed record Snapshot(IStore? Store, StoreHealth Health, string Reason, StoreSpace Space);
}
