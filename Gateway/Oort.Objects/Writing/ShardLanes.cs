using System.Collections.Immutable;
using Oort.Backends;

namespace Oort.Objects.Writing;

/// <summary>The lanes of one segment's shards, and the rule for how many must arrive and how long the last ones are waited for.</summary>
/// <remarks>
/// All shards are waited for. A lane is given up when a quorum has done the same operation and it has taken more than
/// <see cref="StallFactor"/> times as long as that, and longer than <see cref="ObjectLayerOptions.StallDelayMin"/>. Used by one writer.
/// </remarks>
internal sealed class ShardLanes : IDisposable
{
    /// <summary>A store is stalled when it takes more than twice the time of the others (DESIGN section 5).</summary>
    public const int StallFactor = 2;

    private readonly DataPath path;
    private readonly ShardLane[] lanes;
    private readonly int quorum;

    private ShardLanes(DataPath path, ShardLane[] lanes, int quorum)
    {
        this.path = path;
        this.lanes = lanes;
        this.quorum = quorum;
    }

    /// <summary>Places a segment's shards. Stores that stalled a moment ago are left out where a quorum remains without them.</summary>
    /// <exception cref="ObjectUnavailableException">Fewer stores than the quorum take shards.</exception>
    public static ShardLanes Open(DataPath path, IPlacer placer, SegmentId segment, Geometry geometry)
    {
        var places = placer.Place(segment, geometry);
        var avoided = places.Select(store => store is not null && path.StalledWrites.IsAvoided(store.Id)).ToArray();
        var remaining = places.Count(store => store is not null) - avoided.Count(isAvoided => isAvoided);
        if (remaining < geometry.WriteQuorum) Array.Clear(avoided);
        var lanes = new ShardLane[geometry.TotalShards];
        for (var i = 0; i < lanes.Length; i++)
            lanes[i] = new ShardLane(new ShardId(segment, (byte)i), avoided[i] ? null : places[i], path.Stores, path.Time);
        var opened = new ShardLanes(path, lanes, geometry.WriteQuorum);
        opened.RequireQuorum();
        return opened;
    }

    /// <summary>Starts an operation on every lane; it runs after the lane's earlier ones.</summary>
    public LaneOperation Start(Func<ShardLane, int, Task<long>> start)
    {
        var operation = new LaneOperation(lanes.Length, quorum, path.Time.GetTimestamp());
        for (var i = 0; i < lanes.Length; i++) Track(operation, i, start(lanes[i], i));
        return operation;
    }

    /// <summary>Waits until the operation has ended on every lane that is not given up.</summary>
    /// <param name="quorumReached">Called once, as soon as a quorum has done it, when somebody waits for that.</param>
    /// <exception cref="ObjectUnavailableException">Fewer lanes than the quorum are left.</exception>
    public async ValueTask SettleAsync(LaneOperation operation, Action? quorumReached = null)
    {
        // 1. Nobody is stalled before the least delay, and then one wait for all is enough.
        if (quorumReached is null) await EndsWithinAsync(operation.All, operation, path.Options.StallDelayMin);

        // 2. Otherwise the quorum decides how long the rest is waited for.
        if (await EndsWithinAsync(operation.Decided, operation, path.Options.StoreTimeout))
        {
            RequireQuorum();
            quorumReached?.Invoke();
            if (await EndsWithinAsync(operation.All, operation, Patience(operation))) return;
        }
        GiveUpPending(operation);
        RequireQuorum();
    }

    /// <summary>The store of each shard that arrived, to be asked when all operations have settled; <see cref="StoreId.None"/> for the others.</summary>
    public ImmutableArray<StoreId> Placed() => [.. lanes.Select(lane => lane.IsAlive ? lane.Store!.Id : StoreId.None)];

    /// <exception cref="ObjectUnavailableException">Fewer lanes than the quorum are alive.</exception>
    public void RequireQuorum()
    {
        var alive = 0;
        foreach (var lane in lanes) alive += lane.IsAlive ? 1 : 0;
        if (alive >= quorum) return;
        var failure = lanes.Select(lane => lane.Failure).FirstOrDefault(e => e is not null);
        throw new ObjectUnavailableException($"{alive} of {lanes.Length} stores take shards now; {quorum} are needed.", failure);
    }

    public void Dispose()
    {
        foreach (var lane in lanes) lane.Dispose();
    }

    private static void Track(LaneOperation operation, int lane, Task<long> task)
    {
        if (task.IsCompleted) operation.End(lane, task.Result);
        else _ = EndAsync(operation, lane, task);
    }

    private static async Task EndAsync(LaneOperation operation, int lane, Task<long> task) => operation.End(lane, await task);

    /// <summary>How long an operation may take in all, when a quorum has settled it.</summary>
    private TimeSpan Patience(LaneOperation operation)
    {
        if (operation.QuorumTime is not { } quorumTime) return path.Options.StoreTimeout;
        var patience = path.Time.GetElapsedTime(operation.Started, quorumTime) * StallFactor;
        return patience > path.Options.StallDelayMin ? patience : path.Options.StallDelayMin;
    }

    private void GiveUpPending(LaneOperation operation)
    {
        for (var i = 0; i < lanes.Length; i++)
        {
            if (!operation.IsPending(i) || !lanes[i].IsAlive) continue;
            path.StalledWrites.Mark(lanes[i].Store!.Id);
            lanes[i].GiveUp($"The store stalled on a write for {path.Time.GetElapsedTime(operation.Started).TotalSeconds:0.0} s and was left out.");
        }
    }

    /// <summary>Whether a task ends before the operation has taken so long.</summary>
    private async ValueTask<bool> EndsWithinAsync(Task task, LaneOperation operation, TimeSpan patience)
    {
        if (task.IsCompleted) return true;
        var left = patience - path.Time.GetElapsedTime(operation.Started);
        if (left <= TimeSpan.Zero) return false;
        try
        {
            await task.WaitAsync(left, path.Time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
