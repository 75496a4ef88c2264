using Oort.Backends;
using Oort.Node.Protocol;

namespace Oort.Gateway;

/// <summary>A node as this gateway knows it: its record, and what it said last. Changed under its own lock; read without.</summary>
internal sealed class NodeMember(NodeId id, NodeRecord record)
{
    private readonly Lock _lock = new();
    private ulong _counter;
    private UInt128 _instance;
    private UInt128 _instanceBefore;
    private ulong _counterBefore;

    public NodeId Id { get; } = id;

    /// <summary>One at a time writes the record and changes the node's store.</summary>
    public SemaphoreSlim Changing { get; } = new(1, 1);

    public volatile NodeRecord Record = record;

    /// <summary>Its store; null while it has none, and when that was removed.</summary>
    public volatile StoreBox? Store;

    /// <summary>What it said last; null: nothing since this gateway started.</summary>
    public volatile NodeReport? Report;

    /// <summary>Its clock minus the gateway's, by the last heartbeat.</summary>
    public TimeSpan ClockSkew { get; private set; }

    /// <summary>Timestamp of the last heartbeat; 0: none.</summary>
    public long HeardAt { get; private set; }

    /// <summary>The address that it told this gateway and that was written down; empty: none since this gateway started.</summary>
    public string AddressKept { get; set; } = "";

    /// <summary>The trouble that was recorded last, so that it is recorded once.</summary>
    public string Trouble { get; set; } = "";

    /// <summary>Damaged shards that it told of, and when; touched by the work of its heartbeats only.</summary>
    public Dictionary<ShardId, long> Told { get; } = [];

    /// <summary>How many changes <see cref="ChangesOf"/> had made durable when it last said so; touched by the work of its heartbeats only, like the three below.</summary>
    public long Changes { get; set; }

    public StoreId ChangesOf { get; set; }

    /// <summary>Timestamp at which that was written down; 0: not since this gateway started.</summary>
    public long ChangesKeptAt { get; set; }

    /// <summary>Timestamp at which it was last looked for what its disk has lost; 0: never.</summary>
    public long LossHeededAt { get; set; }

    /// <summary>The work that the last heartbeat asked for.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Takes a heartbeat whose signature is right.</summary>
    public HeartbeatOutcome Take(Heartbeat heartbeat, UInt128 session, long now, long timestamp)
    {
        lock (_lock)
        {
            if (heartbeat.Session != session) return HeartbeatOutcome.Again;
            // One that was overheard and comes again says nothing; one that is new was sent by a second process with the same key.
            if (heartbeat.Instance == _instanceBefore && _instanceBefore != 0) return heartbeat.Counter <= _counterBefore ? HeartbeatOutcome.Again : HeartbeatOutcome.Contested;
            if (heartbeat.Instance != _instance) (_instanceBefore, _counterBefore, _instance, _counter) = (_instance, _counter, heartbeat.Instance, 0);
            else if (heartbeat.Counter <= _counter) return HeartbeatOutcome.Again;
            _counter = heartbeat.Counter;
            (ClockSkew, HeardAt) = (TimeSpan.FromMilliseconds(heartbeat.Time - now), timestamp);
            Report = heartbeat.Report;
            return HeartbeatOutcome.Taken;
        }
    }

    /// <summary>A store's id, as one reference.</summary>
    internal sealed record StoreBox(StoreId Id);
}
