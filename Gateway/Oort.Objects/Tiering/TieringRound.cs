using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Placement;

namespace Oort.Objects.Tiering;

/// <summary>Sees to it that each bucket that needs a pass gets one: each day, when what it goes by changes, and again when something failed. Restores what was asked for.</summary>
/// <remarks>What is due is worked out from rows and settings alone; what is kept here only saves passes that would find nothing.</remarks>
internal sealed partial class TieringRound(IMetadataStore metadata, StoreSet stores, VersionMover mover, TierBook tiers, RestoreQueue waiting, RestoreRound restores, TieringSweep sweep, LifecycleRound lifecycle, TieringOptions options, TimeProvider time, ILogger<TieringRound> logger) : ITiering
{
    private const int PageSize = 1_000;

    /// <summary>A day of restores that nobody is told of one by one is found by a pass; below this age a mark is renewed in vain.</summary>
    private static readonly TimeSpan MarkAgeMax = TimeSpan.FromMinutes(1);

    /// <summary>How much older than the pass a mark must be to be taken away: no request that saw it so is still under way.</summary>
    private static readonly TimeSpan MarkAgeMin = TimeSpan.FromMinutes(5);

    /// <summary>After a pass in which something failed.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMinutes(10);

    /// <summary>A write under a class that is given up may have been let in at another gateway this long after.</summary>
    private static readonly TimeSpan DrainAgeMin = TimeSpan.FromMinutes(1);

    /// <summary>Buckets whose last pass is remembered; one that is forgotten gets another pass.</summary>
    private const int RememberedMax = 10_000;

    private readonly ConcurrentDictionary<BucketId, Done> done = [];
    private volatile BucketPass? current;
    private volatile string lastFailure = "";
    private long passes, moved, expired, failed;
    private DateTimeOffset tiersRetryAt;

    public TieringOptions Options => options;

    public TierDocument Tiers => tiers.Document;

    public TieringStatus Status
    {
        get
        {
            var now = current ?? lifecycle.Current;
            return new(
                Interlocked.Read(ref passes) + lifecycle.Passes, Interlocked.Read(ref moved) + (now?.Moved ?? 0), mover.Bytes, Interlocked.Read(ref expired) + (now?.Expired ?? 0), restores.Restored, waiting.Count,
                Interlocked.Read(ref failed) + restores.Failed + (now?.Failed ?? 0), now is { LastFailure.Length: > 0 } ? now.LastFailure : lastFailure.Length > 0 ? lastFailure : restores.LastFailure)
            {
                Looked = lifecycle.Looked,
                Ended = lifecycle.Ended,
                UploadsEnded = lifecycle.UploadsEnded,
                Refused = lifecycle.Refused,
            };
        }
    }

    /// <inheritdoc/>
    public BucketTieringStatus? PassOf(BucketId bucket) => (current ?? lifecycle.Current) is { } now && now.Bucket.Id == bucket ? StatusOf(now, null) : done.GetValueOrDefault(bucket)?.Status;

    /// <summary>How often to look whether something is due: a short day has many.</summary>
    public TimeSpan LookInterval => TimeSpan.FromTicks(Math.Clamp(options.DayLength.Ticks / 32, TimeSpan.FromMilliseconds(250).Ticks, TimeSpan.FromSeconds(7).Ticks));

    /// <inheritdoc/>
    public async ValueTask PrepareRestoreAsync(BucketRow bucket, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (BucketMarks.Of(bucket, BucketMarks.Restores) is { } mark && mark <= now && now - mark < MarkAgeMax) return;
        await metadata.UpdateBucketAsync(bucket.Id, row => BucketMarks.Set(row, BucketMarks.Restores, now), cancellationToken);
    }

    /// <inheritdoc/>
    public void RestoreRequested(VersionRow version)
    {
        if (RestoreState.Of(version) is { Phase: RestorePhase.Requested } state) waiting.Add(version, state);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> MigrateAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await metadata.UpdateBucketAsync(bucket, row => BucketMarks.Set(row, BucketMarks.Migration, now), cancellationToken) == CommitOutcome.Done;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StopMigrationAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        if (current is { } pass && pass.Bucket.Id == bucket) pass.Stop();
        return await metadata.UpdateBucketAsync(bucket, row => row with { Settings = row.Settings.Remove(BucketMarks.Migration) }, cancellationToken) == CommitOutcome.Done;
    }

    /// <inheritdoc/>
    public DateTimeOffset? MigratingSince(BucketRow bucket) => BucketMarks.Of(bucket, BucketMarks.Migration);

    /// <inheritdoc/>
    public ImmutableArray<string> PermanentStoresOf(BucketId bucket) => BucketPlaces.Permanent(stores, bucket);

    /// <inheritdoc/>
    public ValueTask<TierDocument> DrainAsync(string storageClass, string to, CancellationToken cancellationToken) => tiers.DrainAsync(storageClass, to, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TierDocument> ResumeAsync(string storageClass, CancellationToken cancellationToken) => tiers.ResumeAsync(storageClass, cancellationToken);

    /// <summary>Makes the passes that are due. One call at a time in a cluster.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await tiers.LoadAsync(cancellationToken);
        var document = tiers.Document;
        if (waiting.TakeOverflow()) Forget(one => BucketMarks.Of(one.Pass.Bucket, BucketMarks.Restores) is not null);
        var isDraining = document.Drained.Any(tier => tier.Role == TierRole.Draining);
        var looksForDrained = isDraining && time.GetUtcNow() >= tiersRetryAt;
        var ruled = new HashSet<BucketId>();
        var (left, isWhole) = (new HashSet<string>(StringComparer.Ordinal), true);
        for (var after = ""; ;)
        {
            var buckets = await metadata.ListBucketsAsync(null, "", after, PageSize, cancellationToken);
            foreach (var bucket in buckets)
            {
                await CarryOutAsync(bucket, document, ruled, cancellationToken);
                if (await LookAsync(bucket, document, looksForDrained, cancellationToken) is not { } pass) continue;
                left.UnionWith(pass.Found);
                isWhole &= pass.IsClean;
                if (looksForDrained) left.UnionWith(await UploadClassesAsync(bucket.Id, cancellationToken));
            }

            if (buckets.Length < PageSize) break;
            after = buckets[^1].Name;
        }

        await lifecycle.CleanAsync(ruled, cancellationToken);
        if (!looksForDrained) return;
        tiersRetryAt = time.GetUtcNow() + TimeSpan.FromTicks(Math.Min(RetryDelay.Ticks, options.DayLength.Ticks));
        if (isWhole) await SettleAsync(document, left, cancellationToken);
    }

    /// <summary>Carries out the lifecycle of a bucket, as far as something is due.</summary>
    private async ValueTask CarryOutAsync(BucketRow bucket, TierDocument document, HashSet<BucketId> ruled, CancellationToken cancellationToken)
    {
        if (!bucket.Settings.ContainsKey(LifecycleDocument.SettingName)) return;
        ruled.Add(bucket.Id);
        if (await lifecycle.RunAsync(bucket, document, cancellationToken) is not { } pass) return;
        Interlocked.Add(ref moved, pass.Moved);
        Interlocked.Add(ref failed, pass.Failed);
        if (pass.LastFailure.Length > 0) lastFailure = pass.LastFailure;
    }

    /// <summary>Makes a pass over a bucket if one is due.</summary>
    private async ValueTask<BucketPass?> LookAsync(BucketRow bucket, TierDocument document, bool isAsked, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var pass = new BucketPass(bucket, document, now);
        if (!pass.IsNeeded) return null;
        var reason = ReasonOf(bucket, document, now);
        if (!isAsked && done.TryGetValue(bucket.Id, out var before) && before.Reason == reason && (before.Pass.IsClean || now < before.RetryAt)) return null;

        current = pass;
        try
        {
            await sweep.RunAsync(pass, cancellationToken);
            if (!pass.IsStopped) await FinishAsync(pass, cancellationToken);
        }
        finally
        {
            Interlocked.Increment(ref passes);
            Interlocked.Add(ref moved, pass.Moved);
            Interlocked.Add(ref expired, pass.Expired);
            Interlocked.Add(ref failed, pass.Failed);
            if (pass.LastFailure.Length > 0) lastFailure = pass.LastFailure;
            current = null;
        }

        if (done.Count >= RememberedMax) done.Clear();
        var ended = time.GetUtcNow();
        done[bucket.Id] = new(pass, reason, ended + TimeSpan.FromTicks(Math.Min(RetryDelay.Ticks, options.DayLength.Ticks)), StatusOf(pass, ended));
        if (pass.Moved + pass.Failed + pass.Expired > 0) LogPass(logger, bucket.Name, pass.Looked, pass.Moved, pass.MovedBytes, pass.Expired, pass.Failed);
        return pass;
    }

    /// <summary>Takes away the marks of what is done.</summary>
    private async ValueTask FinishAsync(BucketPass pass, CancellationToken cancellationToken)
    {
        if (pass.Restores == 0 && BucketMarks.Of(pass.Bucket, BucketMarks.Restores) is { } asked && pass.Started - asked >= MarkAgeMin)
            await BucketMarks.RemoveAsync(metadata, pass.Bucket, BucketMarks.Restores, cancellationToken);

        if (!pass.IsMigrating || !pass.IsClean) return;
        var since = BucketMarks.Of(pass.Bucket, BucketMarks.Migration)!.Value;
        await foreach (var upload in UploadsAsync(pass.Bucket.Id, cancellationToken))
        {
            // Its parts lie where the policies said when they came: the bucket is looked at again when it is completed.
            if (upload.Initiated > since) continue;
            pass.CountWaiting($"An upload to s3://{pass.Bucket.Name}/{upload.Key} was begun before the migration and is not complete.");
            return;
        }

        await BucketMarks.RemoveAsync(metadata, pass.Bucket, BucketMarks.Migration, cancellationToken);
        LogMigrated(logger, pass.Bucket.Name, pass.Looked, pass.Moved, pass.MovedBytes);
    }

    /// <summary>Classes in which nothing was found are drained.</summary>
    private async ValueTask SettleAsync(TierDocument seen, HashSet<string> left, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var empty = seen.Drained.Where(tier => tier.Role == TierRole.Draining && !left.Contains(tier.StorageClass) && now - tier.Since >= DrainAgeMin).ToList();
        if (empty.Count > 0) await tiers.SettleAsync(empty, cancellationToken);
    }

    private async ValueTask<HashSet<string>> UploadClassesAsync(BucketId bucket, CancellationToken cancellationToken)
    {
        var classes = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var upload in UploadsAsync(bucket, cancellationToken)) classes.Add(upload.StorageClass);
        return classes;
    }

    private async IAsyncEnumerable<UploadRow> UploadsAsync(BucketId bucket, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var query = new ListUploadsQuery(bucket, "", "", "", null, PageSize); ;)
        {
            var page = await metadata.ListUploadsAsync(query, cancellationToken);
            foreach (var upload in page.Uploads) yield return upload;
            if (!page.IsTruncated) yield break;
            query = query with { AfterKey = page.LastKey, AfterUpload = page.LastUpload };
        }
    }

    /// <summary>What a pass goes by: another day, or other settings, ask for another pass.</summary>
    private string ReasonOf(BucketRow bucket, TierDocument document, DateTimeOffset now)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bucket.Settings.GetValueOrDefault(BucketMarks.Migration, []).AsSpan());
        hash.AppendData([0xff]);
        hash.AppendData(document.Encode());
        var day = (now - DateTimeOffset.UnixEpoch).Ticks / options.DayLength.Ticks;
        return $"{day} {Convert.ToHexString(hash.GetHashAndReset())}";
    }

    private void Forget(Func<Done, bool> which)
    {
        foreach (var (bucket, one) in done)
            if (which(one)) done.TryRemove(bucket, out _);
    }

    private static BucketTieringStatus StatusOf(BucketPass pass, DateTimeOffset? ended) =>
        new(pass.Bucket.Name, pass.IsMigrating, pass.Started, ended, pass.Looked, pass.Moved, pass.MovedBytes, pass.Expired, pass.Failed, pass.LastFailure);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pass over bucket {Bucket}: {Looked} versions looked at, {Moved} moved ({Bytes} bytes), {Expired} restored copies expired, {Failed} failed.")]
    private static partial void LogPass(ILogger logger, string bucket, long looked, long moved, long bytes, long expired, long failed);

    [LoggerMessage(Level = LogLevel.Information, Message = "All of bucket {Bucket} lies where its placement policies say: {Looked} versions, of which {Moved} were moved by the last pass ({Bytes} bytes).")]
    private static partial void LogMigrated(ILogger logger, string bucket, long looked, long moved, long bytes);

    /// <summary>The last pass over a bucket.</summary>
    private sealed record Done(BucketPass Pass, string Reason, DateTimeOffset RetryAt, BucketTieringStatus Status);
}
