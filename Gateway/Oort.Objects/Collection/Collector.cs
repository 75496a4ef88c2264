using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Writing;

namespace Oort.Objects.Collection;

/// <summary>Frees what nothing refers to any more: abandoned uploads, segments without references, shards without rows; and empties sparse packs.</summary>
/// <remarks>
/// Deletion never derives from absence alone: a segment goes when its last reference went, long enough ago and unread; a shard without a row goes after
/// its writer is decided, seven days of quarantine, and a second look. After a recovery nothing is deleted until an operator has confirmed it or the
/// quarantine period has passed. One run at a time; safe to stop anywhere.
/// </remarks>
internal sealed partial class Collector(
    IMetadataStore metadata,
    StoreSet stores,
    ISegmentPins pins,
    SegmentClaims claims,
    SegmentIds segmentIds,
    Compactor compactor,
    ObjectSystemOptions options,
    TimeProvider time,
    ILogger<Collector> logger) : IDisposable
{
    /// <summary>Setting that holds the time until which nothing is deleted (seconds since 1970, decimal); written by a recovery.</summary>
    public const string PausedUntilSetting = "collector/paused-until";

    // Segments, uploads and packs handled between two looks at the stop signal.
    private const int BatchCount = 500;

    // Packs emptied in one run: the next run goes on.
    private const int CompactCountMax = 64;

    // Packs remembered that could not be emptied: as many as one query should give.
    private const int StuckCountMax = 10_000;

    private readonly HashSet<SegmentId> stuck = [];
    private readonly SemaphoreSlim running = new(1, 1);
    private readonly Quarantine quarantine = new(metadata);
    private readonly OrphanScan orphans = new(metadata, segmentIds);
    private long quarantinedCount;
    private long deletedShards;
    private long compactedSegments;
    private volatile string paused = "";

    /// <summary>Told of each segment that is no more.</summary>
    public Action<SegmentRow>? OnDropped { get; init; }

    public CollectorStatus Status => new(paused, Interlocked.Read(ref quarantinedCount), Interlocked.Read(ref deletedShards), Interlocked.Read(ref compactedSegments));

    /// <summary>Runs once.</summary>
    /// <param name="scanStores">Also list every store for orphans, which takes a while.</param>
    public async ValueTask<CollectReport> RunAsync(bool scanStores, CancellationToken cancellationToken)
    {
        await running.WaitAsync(cancellationToken);
        try
        {
            if (await IsPausedAsync(cancellationToken)) return new(0, 0, 0, 0, 0);
            var aborted = await AbortUploadsAsync(cancellationToken);
            var compacted = await CompactAsync(cancellationToken);
            var (dropped, deleted) = await DropSegmentsAsync(cancellationToken);
            var (found, expired) = scanStores ? await ScanAsync(cancellationToken) : (0, 0);
            Interlocked.Add(ref deletedShards, deleted + expired);
            Interlocked.Add(ref compactedSegments, compacted);
            return new(dropped, deleted + expired, found, aborted, compacted);
        }
        finally
        {
            running.Release();
        }
    }

    /// <summary>Lets it delete again after a recovery.</summary>
    public async ValueTask ConfirmAsync(CancellationToken cancellationToken)
    {
        await metadata.PutSettingAsync(PausedUntilSetting, null, cancellationToken);
        paused = "";
    }

    public void Dispose() => running.Dispose();

    private async ValueTask<bool> IsPausedAsync(CancellationToken cancellationToken)
    {
        if (await metadata.GetSettingAsync(PausedUntilSetting, cancellationToken) is { } bytes)
        {
            // What cannot be read holds it back until an operator confirms.
            var until = long.TryParse(System.Text.Encoding.ASCII.GetString(bytes), out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : DateTimeOffset.MaxValue;
            if (time.GetUtcNow() < until)
            {
                paused = $"This system was recovered; nothing is deleted until {until:u}, or until the recovery is confirmed.";
                return true;
            }
        }

        paused = "";
        return false;
    }

    private async ValueTask<int> AbortUploadsAsync(CancellationToken cancellationToken)
    {
        if (options.AbandonedUploadAge is not { } age) return 0;
        var count = 0;
        while (true)
        {
            var old = await metadata.FindUploadsBeforeAsync(time.GetUtcNow() - age, BatchCount, cancellationToken);
            var before = count;
            foreach (var upload in old)
                if (await metadata.AbortUploadAsync(upload.Bucket, upload.Key, upload.Id, cancellationToken) == CommitOutcome.Done)
                {
                    count++;
                    LogAborted(upload.Id, upload.Initiated);
                }

            // A batch of which none can be aborted would come again for ever.
            if (old.Length < BatchCount || count == before) return count;
        }
    }

    private async ValueTask<int> CompactAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        var sparse = await metadata.ListSegmentUseAsync(options.CompactBelow, time.GetUtcNow() - options.DeleteGrace, CompactCountMax + stuck.Count, cancellationToken);
        stuck.IntersectWith(sparse.Select(use => use.Segment.Id));
        // Those that did not work come last, so that they do not keep out the others for ever.
        foreach (var use in sparse.Where(use => use.LiveBytes > 0).OrderBy(use => stuck.Contains(use.Segment.Id)).Take(CompactCountMax).ToList())
        {
            if (stuck.Count < StuckCountMax) stuck.Add(use.Segment.Id);
            try
            {
                if (await compactor.EmptyAsync(use.Segment, cancellationToken) == 0) continue;
                stuck.Remove(use.Segment.Id);
                count++;
            }
            catch (Exception e) when (e is ObjectUnavailableException or OverloadedException or MetadataUnavailableException)
            {
                // Nothing is lost by leaving a pack as it is; the next run tries again.
                LogNotCompacted(e, use.Segment.Id);
            }
        }

        return count;
    }

    private async ValueTask<(int Segments, int Shards)> DropSegmentsAsync(CancellationToken cancellationToken)
    {
        var (segments, shards) = (0, 0);
        for (var asked = BatchCount; ;)
        {
            var idle = await metadata.ListSegmentUseAsync(0, time.GetUtcNow() - options.DeleteGrace, asked, cancellationToken);
            var claimed = new Dictionary<SegmentId, IDisposable>();
            try
            {
                // What is read stays, and so does what is being repaired: that notices soon that it is in vain.
                foreach (var use in idle.Where(use => use.LiveBytes == 0 && !pins.IsPinned(use.Segment.Id)))
                    if (claimed.Count < BatchCount && claims.TryClaim(use.Segment.Id) is { } claim) claimed.Add(use.Segment.Id, claim);
                if (claimed.Count > 0)
                {
                    var dropped = await metadata.DropSegmentsAsync([.. claimed.Keys], cancellationToken);
                    foreach (var row in dropped)
                    {
                        OnDropped?.Invoke(row);
                        shards += await DeleteShardsAsync(row);
                    }
                    segments += dropped.Length;
                    if (dropped.IsEmpty) return (segments, shards);
                }
            }
            finally
            {
                foreach (var claim in claimed.Values) claim.Dispose();
            }

            if (idle.Length < asked) return (segments, shards);
            // Those that stay must not hide the ones behind them.
            asked = BatchCount + idle.Length - claimed.Count;
        }
    }

    /// <summary>Not cancelled: the rows are gone, so this is the last time that anyone knows where the shards are. What fails becomes an orphan.</summary>
    private async ValueTask<int> DeleteShardsAsync(SegmentRow row)
    {
        var count = 0;
        for (var i = 0; i < row.Shards.Length; i++)
            if (row.Shards[i] != StoreId.None && await DeleteAsync(row.Shards[i], new ShardId(row.Id, (byte)i))) count++;
        return count;
    }

    private async ValueTask<bool> DeleteAsync(StoreId from, ShardId shard)
    {
        if (stores.Find(from) is not { } store) return false;
        try
        {
            return await store.DeleteAsync(shard, CancellationToken.None) == DeleteOutcome.Deleted;
        }
        catch (BackendException e)
        {
            stores.Report(from, e);
            LogNotDeleted(e, shard, store.Location);
            return false;
        }
    }

    /// <summary>Lists every store: new orphans go into quarantine, those whose time is over are looked at again and deleted, those that found a row are let go.</summary>
    private async ValueTask<(int Found, int Deleted)> ScanAsync(CancellationToken cancellationToken)
    {
        var (found, deleted, kept) = (0, 0, 0L);
        foreach (var store in stores.GetStatus().Select(s => stores.Find(s.Id)).OfType<IStore>())
        {
            var known = await quarantine.LoadAsync(store.Id, cancellationToken);
            var now = new Dictionary<ShardId, DateTimeOffset>();
            try
            {
                await foreach (var shard in orphans.FindAsync(store, cancellationToken))
                {
                    if (!known.TryGetValue(shard, out var since)) since = time.GetUtcNow();
                    else if (time.GetUtcNow() - since >= options.QuarantinePeriod && await DeleteOrphanAsync(store.Id, shard, cancellationToken))
                    {
                        deleted++;
                        continue;
                    }

                    if (now.Count < Quarantine.CountMax && now.TryAdd(shard, since) && !known.ContainsKey(shard)) found++;
                }
            }
            catch (BackendException e)
            {
                stores.Report(store.Id, e);
                LogNotScanned(e, store.Location);
                kept += known.Count;
                continue;
            }

            if (found > 0 || deleted > 0 || now.Count != known.Count) await quarantine.SaveAsync(store.Id, now, cancellationToken);
            kept += now.Count;
        }

        Interlocked.Exchange(ref quarantinedCount, kept);
        return (found, deleted);
    }

    /// <summary>The second look, while no repair can put that very shard there.</summary>
    private async ValueTask<bool> DeleteOrphanAsync(StoreId store, ShardId shard, CancellationToken cancellationToken)
    {
        using var claim = claims.TryClaim(shard.Segment);
        return claim is not null && !pins.IsPinned(shard.Segment) && await orphans.IsOrphanAsync(store, shard, cancellationToken) && await DeleteAsync(store, shard);
    }

    [LoggerMessage(LogLevel.Information, "Upload {Upload}, begun {Initiated:u} and never completed, was aborted.")]
    private partial void LogAborted(UploadId upload, DateTimeOffset initiated);

    [LoggerMessage(LogLevel.Warning, "Pack {Segment} could not be emptied; it is tried again.")]
    private partial void LogNotCompacted(Exception exception, SegmentId segment);

    [LoggerMessage(LogLevel.Warning, "Shard {Shard} on {Location} could not be deleted; the scan for orphans finds it again.")]
    private partial void LogNotDeleted(Exception exception, ShardId shard, string location);

    [LoggerMessage(LogLevel.Warning, "{Location} could not be searched for orphans.")]
    private partial void LogNotScanned(Exception exception, string location);
}
