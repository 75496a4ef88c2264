using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects;

/// <summary>Segments that need repair, the most endangered first, and the workers that repair them.</summary>
/// <remarks>
/// Thread-safe. Requests enter a bounded channel without waiting; what does not fit is found again by the scan. A worker gives each its danger (good shards beyond
/// k) by its row, and takes the one with the least; when stores come or go, all are ranked anew. A segment that cannot be repaired now waits, longer each time, and never
/// holds up another.
/// </remarks>
internal sealed partial class RepairQueue : IRepairQueue
{
    /// <summary>Requests that have not been ranked yet.</summary>
    private const int IncomingCountMax = 16_384;

    /// <summary>Segments that wait, ranked or put off; some 100 bytes each.</summary>
    private const int WaitingCountMax = 100_000;

    /// <summary>Pause after the first failed attempt at a segment; doubled each time up to <see cref="RetryDelayMax"/>.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(10);

    /// <summary>Least pause between two times that all are ranked anew: it reads the row of each.</summary>
    private static readonly TimeSpan RankAnewInterval = TimeSpan.FromSeconds(30);

    private readonly Channel<(SegmentId Segment, int Suspect)> incoming = Channel.CreateBounded<(SegmentId, int)>(new BoundedChannelOptions(IncomingCountMax) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly PriorityQueue<SegmentId, int> ranked = new();
    private readonly Dictionary<SegmentId, Waiting> waiting = [];
    private readonly Lock gate = new();
    private readonly IMetadataStore metadata;
    private readonly StoreSet stores;
    private readonly SegmentRepairer repairer;
    private readonly Pacer pacer;
    private readonly TimeProvider time;
    private readonly ILogger<RepairQueue> logger;
    private int running;
    private int healthyRanked;
    private long rankedAnewAt;
    private long repaired;
    private long failed;
    private long dropped;

    public RepairQueue(IMetadataStore metadata, StoreSet stores, SegmentRepairer repairer, Pacer pacer, TimeProvider time, ILogger<RepairQueue> logger)
    {
        (this.metadata, this.stores, this.repairer, this.pacer, this.time, this.logger) = (metadata, stores, repairer, pacer, time, logger);
    }

    /// <summary>Segments that lacked a shard at the last scan.</summary>
    public long NotFull { get; private set; }

    public RepairStatus Status
    {
        get
        {
            lock (gate) return new(waiting.Count + incoming.Reader.Count, running, Interlocked.Read(ref repaired), Interlocked.Read(ref failed), Interlocked.Read(ref dropped), NotFull);
        }
    }

    /// <summary>Whether there is something that can be looked at now.</summary>
    public bool HasWork
    {
        get
        {
            lock (gate) return incoming.Reader.Count > 0 || waiting.Values.Any(one => one.Rank is not null || IsDueAgain(one));
        }
    }

    private bool IsIdleNow => !HasWork && Status.Running == 0;

    /// <summary>Whether nothing waits and nothing runs.</summary>
    public bool IsIdle => Status is { Queued: 0, Running: 0 };

    /// <inheritdoc/>
    public void Enqueue(SegmentId segment, int badShard, RepairReason reason)
    {
        var suspect = reason == RepairReason.Reported ? badShard : -1;
        lock (gate)
        {
            if (TryAddSuspect(segment, suspect)) return;
        }

        if (incoming.Reader.Count >= IncomingCountMax || !incoming.Writer.TryWrite((segment, suspect))) Interlocked.Increment(ref dropped);
    }

    /// <summary>Runs workers until cancelled, or until something says that there must be turns.</summary>
    public async Task RunAsync(int parallelism, Func<bool> goesOn, CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, parallelism).Select(_ => Task.Run(() => WorkAsync(goesOn, stop), CancellationToken.None)));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The rows and the next scan know what was left.
        }
    }

    /// <summary>Works off what can be worked off now, for a time at most: another gateway may be waiting for its turn.</summary>
    public async Task TakeTurnAsync(int parallelism, TimeSpan most, CancellationToken stop)
    {
        var begun = time.GetTimestamp();
        // A worker without work stays as long as another has some: a segment that takes long must not hold up those that come.
        await RunAsync(parallelism, () => time.GetElapsedTime(begun) < most && !IsIdleNow, stop);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Works off everything that can be worked off now, and returns; for tests and offline verbs.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (await RankAsync(cancellationToken) | await RepairNextAsync(cancellationToken))
        {
        }
    }

    /// <summary>Finds the segments that are not full, and those with a shard on a store that is leaving or gone.</summary>
    public async Task ScanAsync(CancellationToken cancellationToken)
    {
        NotFull = await ScanAsync(notFullOnly: true, store: null, cancellationToken);
        foreach (var row in await metadata.ListStoresAsync(cancellationToken))
            if (stores.IsLeaving(row.Id) || stores.FindSlot(row.Id)?.Rating.Standing == StoreStanding.Suspended || stores.IsGivenUp(row.Id, SegmentRepairOptions.Default.RebuildElsewhereAfter))
                await ScanAsync(notFullOnly: false, row.Id, cancellationToken);
        foreach (var network in stores.Networks.Keys.Where(stores.IsLeaving)) await ScanAsync(notFullOnly: false, network, cancellationToken);
    }

    private async Task<long> ScanAsync(bool notFullOnly, StoreId? store, CancellationToken cancellationToken)
    {
        const int pageSize = 1_000;
        long count = 0;
        for (var after = default(SegmentId); ;)
        {
            var page = await metadata.ListSegmentsAsync(after, pageSize, notFullOnly, store, cancellationToken);
            foreach (var row in page)
                if (CanImprove(row))
                    Enqueue(row.Id, -1, notFullOnly ? RepairReason.WrittenPartly : RepairReason.StoreChanged);
            count += page.Length;
            if (page.Length < pageSize) return count;
            after = page[^1].Id;
            // The queue is not flooded by its own scan: what is ranked is worked off first.
            while (incoming.Reader.Count > IncomingCountMax / 2 || Status.Queued > WaitingCountMax / 2)
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
        }
    }

    /// <summary>Whether some store could take a shard that has no place: without that, looking again is in vain.</summary>
    private bool CanImprove(SegmentRow row) => row.Shards.Any(id => id != StoreId.None && stores.IsLeaving(id)) || (IsDue(row) && stores.PlaceOne(row) is not null);

    /// <summary>Whether so few healthy shards are left that the segment's policy has it repaired.</summary>
    private bool IsDue(SegmentRow row) => row.Shards.Count(stores.IsHealthy) <= stores.Placement.Of(row.Policy).Rules.RepairThreshold(row.Geometry);

    private async Task WorkAsync(Func<bool> goesOn, CancellationToken stop)
    {
        while (goesOn())
        {
            try
            {
                if (await RankAsync(stop) | await RepairNextAsync(stop)) continue;
            }
            catch (MetadataUnavailableException failure)
            {
                LogUnavailable(logger, failure);
            }

            using var wake = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(incoming.Reader.WaitToReadAsync(wake.Token).AsTask(), Task.Delay(RetryDelay, time, wake.Token));
            await wake.CancelAsync();
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Gives new requests their rank, and those whose pause is over their rank again.</summary>
    private async Task<bool> RankAsync(CancellationToken cancellationToken)
    {
        var any = false;
        while (incoming.Reader.TryRead(out var asked))
        {
            any = true;
            var (segment, suspect) = asked;
            lock (gate)
            {
                if (TryAddSuspect(segment, suspect)) continue;
                if (waiting.Count >= WaitingCountMax)
                {
                    Interlocked.Increment(ref dropped);
                    continue;
                }

                waiting.Add(segment, new(0, 0, null, suspect < 0 ? [] : [suspect]));
            }

            await RankAsync(segment, static _ => true, cancellationToken);
        }

        await RankAnewAsync(cancellationToken);

        SegmentId[] due;
        lock (gate) due = [.. waiting.Where(pair => IsDueAgain(pair.Value)).Select(pair => pair.Key)];
        foreach (var segment in due) await RankAsync(segment, static one => one.PutOffAt != 0, cancellationToken);
        return any || due.Length > 0;
    }

    /// <summary>Under the gate. True: the segment waits already, or is being looked at; a shard of it that is to be written anew is noted.</summary>
    private bool TryAddSuspect(SegmentId segment, int suspect)
    {
        if (!waiting.TryGetValue(segment, out var known)) return false;
        // A look that is under way may have passed by what this request is about: a store that was replaced since, a shard that it found well.
        waiting[segment] = known with
        {
            IsAskedAgain = true,
            Suspects = suspect < 0 || known.Suspects.Contains(suspect) ? known.Suspects : known.Suspects.Add(suspect),
        };
        return true;
    }

    private bool IsDueAgain(Waiting one) => one.PutOffAt != 0 && time.GetElapsedTime(one.PutOffAt) >= one.Delay;

    /// <summary>After other stores are healthy than when the segments were ranked: what has become more dangerous must not wait for what has not.</summary>
    private async Task RankAnewAsync(CancellationToken cancellationToken)
    {
        SegmentId[] all;
        lock (gate)
        {
            var healthy = stores.HashHealthy();
            if (healthy == healthyRanked || (rankedAnewAt != 0 && time.GetElapsedTime(rankedAnewAt) < RankAnewInterval)) return;
            (healthyRanked, rankedAnewAt) = (healthy, Math.Max(1, time.GetTimestamp()));
            all = [.. waiting.Where(pair => pair.Value.Rank is not null).Select(pair => pair.Key)];
        }

        foreach (var segment in all) await RankAsync(segment, static one => one.Rank is not null, cancellationToken);
    }

    /// <param name="holds">Whether it is still to be ranked when its row is there: another worker may have been quicker, and look at it already.</param>
    private async Task RankAsync(SegmentId segment, Func<Waiting, bool> holds, CancellationToken cancellationToken)
    {
        SegmentRow? row;
        try
        {
            row = await metadata.FindSegmentAsync(segment, cancellationToken);
        }
        catch
        {
            // Neither ranked nor put off it would wait for ever, and every later request for it would be taken for a repetition.
            lock (gate)
            {
                if (waiting.TryGetValue(segment, out var unread) && unread.Rank is null && holds(unread)) PutOff(segment, []);
            }

            throw;
        }

        lock (gate)
        {
            if (!waiting.TryGetValue(segment, out var known) || !holds(known)) return;
            if (row is null)
            {
                waiting.Remove(segment);
                return;
            }

            var rank = row.Shards.Count(stores.IsHealthy) - row.Geometry.DataShards;
            if (known.Rank == rank) return;
            waiting[segment] = known with { PutOffAt = 0, Rank = rank };
            ranked.Enqueue(segment, rank);
            if (ranked.Count > 2 * WaitingCountMax) DropOldRanks();
        }
    }

    /// <summary>Under the gate. Ranks that hold no longer stay in the queue until they are met; too many are thrown out at once.</summary>
    private void DropOldRanks()
    {
        ranked.Clear();
        ranked.EnqueueRange(waiting.Where(pair => pair.Value.Rank is not null).Select(pair => (pair.Key, pair.Value.Rank!.Value)));
    }

    /// <summary>Under the gate. Takes the segment with the least rank that still holds. It stays in <see cref="waiting"/>, without rank or pause, until its look has ended.</summary>
    private bool TryTake(out SegmentId segment, out Waiting taken)
    {
        while (ranked.TryDequeue(out segment, out var rank))
        {
            if (!waiting.TryGetValue(segment, out taken) || taken.Rank != rank) continue;
            waiting[segment] = taken with { Rank = null, Suspects = [], IsAskedAgain = false };
            return true;
        }

        taken = default;
        return false;
    }

    private async Task<bool> RepairNextAsync(CancellationToken cancellationToken)
    {
        SegmentId segment;
        Waiting taken;
        lock (gate)
        {
            if (!TryTake(out segment, out taken)) return false;
            running++;
        }

        try
        {
            var done = await RepairAsync(segment, taken.Suspects, cancellationToken);
            lock (gate)
            {
                if (!done) PutOff(segment, taken.Suspects);
                else if (waiting[segment].IsAskedAgain) LookAgain(segment, taken);
                else waiting.Remove(segment);
            }
        }
        catch when (cancellationToken.IsCancellationRequested)
        {
            // The turn has passed to another gateway, and comes back.
            lock (gate) PutOff(segment, taken.Suspects);
            throw;
        }
        catch (Exception failure)
        {
            // Whatever it was, a bug or a store that was closed meanwhile: neither this segment nor this worker may be lost over it.
            Interlocked.Increment(ref failed);
            LogFailed(logger, segment, failure);
            lock (gate) PutOff(segment, taken.Suspects);
        }
        finally
        {
            lock (gate) running--;
        }

        return true;
    }

    /// <summary>Looks at a segment until nothing more can be done for it now: a cell that is found bad on the way is rebuilt by the next look.</summary>
    /// <returns>Whether it needs no further look.</returns>
    private async Task<bool> RepairAsync(SegmentId segment, ImmutableArray<int> suspects, CancellationToken cancellationToken)
    {
        const int looksMax = 3;
        for (var look = 0; look < looksMax; look++)
        {
            if (await metadata.FindSegmentAsync(segment, cancellationToken) is not { } row) return true;
            var outcome = await repairer.RunAsync(row, repair: true, suspects, believesNetworks: false, pacer, cancellationToken);
            suspects = outcome.Suspects;
            Interlocked.Add(ref repaired, outcome.Repaired.Length);
            if (outcome.Repaired.Length + outcome.Moved.Length > 0) LogRepaired(logger, segment, outcome.Repaired.Length, outcome.Moved.Length);
            if (!outcome.Readable)
            {
                Interlocked.Increment(ref failed);
                LogUnreadable(logger, segment, string.Join(", ", outcome.Conditions));
                return false;
            }

            if (outcome.Remaining == 0) return true;
            if (outcome.Repaired.IsEmpty && look > 0) break;
        }

        // No store can take it now: the row says that it is not full, and the scan comes back when a store does.
        return true;
    }

    /// <summary>Under the gate. It comes back at the rank it was taken at, with the suspects that were reported since.</summary>
    private void LookAgain(SegmentId segment, Waiting taken)
    {
        waiting[segment] = new(0, 0, taken.Rank, waiting[segment].Suspects);
        ranked.Enqueue(segment, taken.Rank!.Value);
    }

    /// <summary>Under the gate.</summary>
    /// <param name="suspects">Those that it was taken with, and that nothing was done about.</param>
    private void PutOff(SegmentId segment, ImmutableArray<int> suspects)
    {
        var before = waiting[segment];
        waiting[segment] = new(before.Attempts + 1, Math.Max(1, time.GetTimestamp()), null, [.. before.Suspects.Union(suspects)]);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Segment {Segment}: {Repaired} shards rebuilt, {Moved} moved.")]
    private static partial void LogRepaired(ILogger logger, SegmentId segment, int repaired, int moved);

    [LoggerMessage(Level = LogLevel.Error, Message = "Segment {Segment} has too few good shards to be read or repaired now: {Conditions}.")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, string conditions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Segment {Segment} could not be repaired; it is tried again later.")]
    private static partial void LogFailed(ILogger logger, SegmentId segment, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Repair waits for the metadata.")]
    private static partial void LogUnavailable(ILogger logger, Exception failure);

    /// <param name="PutOffAt">When an attempt failed; 0: it is not put off.</param>
    /// <param name="Rank">Its place in the queue; null: it is not in it, but put off, or being looked at.</param>
    /// <param name="Suspects">Shards that are to be written anew even if they look well; while it is being looked at, those that were reported since.</param>
    /// <param name="IsAskedAgain">Whether a request came since it was last taken: what was found then may be out of date.</param>
    private readonly record struct Waiting(int Attempts, long PutOffAt, int? Rank, ImmutableArray<int> Suspects, bool IsAskedAgain = false)
    {
        public TimeSpan Delay => TimeSpan.FromTicks(Math.Min(RetryDelay.Ticks << Math.Min(Attempts, 12), RetryDelayMax.Ticks));
    }
}
