using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Collection;

namespace Oort.Objects.Placement;

/// <summary>How far rebalancing is.</summary>
/// <param name="State">"idle", "running" or "paused".</param>
/// <param name="Looked">Segments that the pass under way, or the last one, has looked at.</param>
/// <param name="Total">Segments there were when it began.</param>
/// <param name="Moved">Shards moved since the start.</param>
/// <param name="MovedBytes">Bytes of these.</param>
/// <param name="Failed">Moves that could not be made since the start; the next pass tries again.</param>
/// <param name="Leftovers">Old copies that wait for the longest reader before they are deleted.</param>
public sealed record RebalanceStatus(string State, long Looked, long Total, long Moved, long MovedBytes, long Failed, int Leftovers);

/// <summary>Moves shards when policies or stores have changed, or stores fill unevenly, within a budget and behind repair.</summary>
/// <remarks>
/// A pass walks the segments by id and remembers how far it is, so that a restart goes on there. A shard is copied and checked, the row is flipped by compare-and-swap, and the old copy is
/// deleted when no reader can mean it any more; those that a crash leaves are orphans, which the collector finds. One round at a time.
/// </remarks>
internal sealed partial class Rebalancer(IMetadataStore metadata, StoreSet stores, SegmentRepairer repairer, RepairQueue repairs, Leftovers leftovers, Pacer pacer, ObjectSystemOptions options, TimeProvider time, ILogger<Rebalancer> logger)
{
    private const int PageSize = 1_000;

    /// <summary>A look at all segments though nothing is known to have changed.</summary>
    private static readonly TimeSpan PassIntervalMax = TimeSpan.FromDays(1);

    private RebalanceState? state;
    private volatile bool isPaused;
    private volatile bool isRunning;
    private volatile bool isAsked;
    private int seenVersion = -1;
    private long seenRevision = -1;
    private long passedAt;
    private long looked;
    private long total;
    private long moved;
    private long movedBytes;
    private long failed;

    public RebalanceStatus Status => new(
        isPaused ? "paused" : isRunning ? "running" : "idle", Interlocked.Read(ref looked), Interlocked.Read(ref total), Interlocked.Read(ref moved), Interlocked.Read(ref movedBytes), Interlocked.Read(ref failed), leftovers.Count);

    /// <summary>Asks for a pass soon, whether or not anything has changed.</summary>
    public void Ask() => isAsked = true;

    /// <summary>Pauses or resumes; durable when it returns. A move under way ends.</summary>
    public async ValueTask PauseAsync(bool pause, CancellationToken cancellationToken)
    {
        isPaused = pause;
        await SaveAsync(known => known with { IsPaused = pause }, cancellationToken);
    }

    /// <summary>One round of the worker: old copies are deleted when it is time, and a pass is made if there is reason to.</summary>
    /// <param name="alone">Runs passes while no other gateway of the cluster does.</param>
    public async Task RunAsync(Func<Func<CancellationToken, Task>, CancellationToken, Task> alone, CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await leftovers.DropDueAsync(cancellationToken);
        if (isPaused || !IsDue()) return;
        await alone(
            async stop =>
            {
                while (await PassAsync(stop) > 0 && !isPaused)
                {
                }
            },
            cancellationToken);
    }

    /// <summary>One pass over all segments, from where the last one broke off.</summary>
    /// <returns>Shards moved.</returns>
    private async Task<long> PassAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        (seenVersion, seenRevision, isAsked, passedAt, isRunning) = (stores.Version, stores.Placement.Document.Revision, false, time.GetTimestamp(), true);
        var before = Interlocked.Read(ref moved);
        try
        {
            Interlocked.Exchange(ref looked, 0);
            Interlocked.Exchange(ref total, (await metadata.GetTotalsAsync(cancellationToken)).Segments);
            var planner = new MovePlanner(stores);
            var savedMoves = before;
            while (true)
            {
                await ReadPauseAsync(cancellationToken);
                var page = await metadata.ListSegmentsAsync(state!.Value.Cursor, PageSize, notFullOnly: false, store: null, cancellationToken);
                foreach (var row in page)
                {
                    if (isPaused)
                    {
                        // It goes on at this segment.
                        await SaveAsync(known => known with { Cursor = state.Value.Cursor }, cancellationToken);
                        isAsked = true;
                        return Interlocked.Read(ref moved) - before;
                    }

                    await LookAsync(row, planner, cancellationToken);
                    Interlocked.Increment(ref looked);
                    state = state.Value with { Cursor = row.Id };
                }

                if (page.Length < PageSize) break;
                // A place is worth a record in the journal only when work has been done up to it.
                var moves = Interlocked.Read(ref moved);
                if (moves != savedMoves) await SaveAsync(known => known with { Cursor = page[^1].Id }, cancellationToken);
                savedMoves = moves;
            }

            var count = Interlocked.Read(ref moved) - before;
            state = state.Value with { Cursor = default };
            if (count > 0)
            {
                await SaveAsync(static known => known with { Cursor = default }, cancellationToken);
                LogPass(logger, count, Interlocked.Read(ref looked));
            }

            return count;
        }
        finally
        {
            isRunning = false;
        }
    }

    private bool IsDue() => isAsked
        || seenVersion != stores.Version
        || seenRevision != stores.Placement.Document.Revision
        || state!.Value.Cursor != default
        || time.GetElapsedTime(passedAt) >= PassIntervalMax
        || (time.GetElapsedTime(passedAt) >= options.RebalanceInterval && new MovePlanner(stores).IsUneven);

    /// <summary>Moves what a segment needs, at most as many shards as it has.</summary>
    private async Task LookAsync(SegmentRow row, MovePlanner planner, CancellationToken cancellationToken)
    {
        for (var move = 0; move < row.Geometry.TotalShards && !isPaused; move++)
        {
            if (planner.Plan(row) is not { } planned || planned.Target.Store is not { } target) return;
            await BehindRepairAsync(cancellationToken);
            var from = row.Shards[planned.Index];
            switch (await repairer.MoveAsync(row, planned.Index, target, pacer, cancellationToken))
            {
                case MoveOutcome.Moved:
                    planner.Done(from, planned);
                    Interlocked.Increment(ref moved);
                    Interlocked.Add(ref movedBytes, planned.Bytes);
                    leftovers.Add(new(row.Id, (byte)planned.Index), from);
                    row = row with { Shards = row.Shards.SetItem(planned.Index, target.Id), PlacementGeneration = row.PlacementGeneration + 1 };
                    break;
                case MoveOutcome.BadSource:
                    Interlocked.Increment(ref failed);
                    repairs.Enqueue(row.Id, planned.Index, RepairReason.BadShard);
                    return;
                case MoveOutcome.TargetFailed:
                    Interlocked.Increment(ref failed);
                    return;
                default:
                    return;
            }
        }
    }

    /// <summary>Repair comes first: what lacks shards is in more danger than what lies unevenly. What cannot be repaired now does not hold this up for ever.</summary>
    private async Task BehindRepairAsync(CancellationToken cancellationToken)
    {
        const int secondsMax = 60;
        for (var second = 0; second < secondsMax && options.RunWorkers && repairs.Status.Running > 0; second++) await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
    }

    private async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        var stored = await metadata.GetSettingAsync(RebalanceState.SettingName, cancellationToken);
        state = stored is null ? default(RebalanceState) : RebalanceState.Decode(stored);
        if (state is null)
        {
            LogUnreadable(logger);
            state = default(RebalanceState);
        }

        isPaused = state.Value.IsPaused;
    }

    /// <summary>Another gateway may have been told to pause all of them.</summary>
    private async ValueTask ReadPauseAsync(CancellationToken cancellationToken)
    {
        var stored = await metadata.GetSettingAsync(RebalanceState.SettingName, cancellationToken);
        isPaused = stored is not null && RebalanceState.Decode(stored) is { IsPaused: true };
    }

    private async ValueTask SaveAsync(Func<RebalanceState, RebalanceState> change, CancellationToken cancellationToken) => await metadata.ChangeSettingAsync(
        RebalanceState.SettingName,
        stored => change(stored is null ? default : RebalanceState.Decode(stored) ?? default) is var after && after == default ? null : after.Encode(),
        cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "Rebalancing moved {Count} shards; {Looked} segments were looked at.")]
    private static partial void LogPass(ILogger logger, long count, long looked);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Where rebalancing was cannot be read; it begins at the first segment.")]
    private static partial void LogUnreadable(ILogger logger);
}
