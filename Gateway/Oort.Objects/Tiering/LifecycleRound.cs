using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Metadata;
using Oort.Objects.Events;

namespace Oort.Objects.Tiering;

/// <summary>Carries out the lifecycles of buckets: what has come due since the day before is read from the index of times, judged, moved or deleted; then comes what is to be looked at again.</summary>
/// <remarks>
/// Page by page: (1) versions that have come due, with their neighbours; (2) each is judged by all rules; (3) moves; (4) deletes, each decided anew in its commit; (5) the place is noted. A crash
/// costs the page, whose moves and deletes find nothing to do the second time. Two gateways at one bucket do no harm: the second one's note is refused, and it stops.
/// </remarks>
internal sealed partial class LifecycleRound(IMetadataStore metadata, TieringSweep sweep, IChangeEvents events, TieringOptions options, TimeProvider time, ILogger<LifecycleRound> logger)
{
    /// <summary>Rows of a page, neighbours with them.</summary>
    private const int PageRowsMax = 1_000;

    /// <summary>However many neighbours there are.</summary>
    private const int PageSizeMin = 20;

    /// <summary>Pages of a bucket before another one has its turn.</summary>
    private const int PagesMax = 50;

    /// <summary>Delete markers that may stand among the newer versions that are counted; behind more of them in one key, versions stay.</summary>
    private const int MarkersMax = 20;

    /// <summary>Buckets whose last look is remembered; one that is forgotten is looked at again.</summary>
    private const int RememberedMax = 10_000;

    /// <summary>Longest time until what is to be looked at again is; after a failure the shortest.</summary>
    private static readonly TimeSpan RevisitDelay = TimeSpan.FromMinutes(10);

    /// <summary>What cannot be deleted, since it is locked, is tried again after an eighth of its age, but after so many days at the latest.</summary>
    private const int LaterDaysMax = 32;

    private readonly ConcurrentDictionary<BucketId, Look> looks = [];
    private long looked, ended, uploadsEnded, refused, passes;
    private volatile BucketPass? current;
    private DateTimeOffset cleanAt;

    /// <summary>Versions judged.</summary>
    public long Looked => Interlocked.Read(ref looked);

    /// <summary>Versions deleted, or put under a delete marker, and delete markers removed.</summary>
    public long Ended => Interlocked.Read(ref ended);

    public long UploadsEnded => Interlocked.Read(ref uploadsEnded);

    /// <summary>Deletes that were refused, to be tried again.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Days of buckets that were looked at to their end.</summary>
    public long Passes => Interlocked.Read(ref passes);

    /// <summary>The pass that is under way.</summary>
    public BucketPass? Current => current;

    private TimeSpan Day => options.DayLength;

    /// <summary>Carries out what is due in a bucket, as far as it goes in one turn.</summary>
    /// <returns>What was done; null: nothing was due.</returns>
    public async ValueTask<BucketPass?> RunAsync(BucketRow bucket, TierDocument tiers, CancellationToken cancellationToken)
    {
        if (LifecycleOf(bucket) is not { } lifecycle) return null;
        var now = time.GetUtcNow();
        var today = LifecycleSchedule.DayOf(now, Day);
        var rules = RulesOf(bucket, tiers);
        if (looks.TryGetValue(bucket.Id, out var look) && look.Rules == rules && look.Day == today && now < look.RevisitAt) return null;
        if (await LoadAsync(bucket, rules, today, cancellationToken) is not { } state) return null;

        var pass = current = new(bucket, tiers, now);
        var turn = new Turn(bucket, lifecycle, new(lifecycle, tiers, Day), pass);
        try
        {
            while (true)
            {
                if (!await RunDayAsync(turn, state, cancellationToken)) return pass;
                if (!(state.Progress.Day < today)) break;
                state.Progress = state.Progress with { Target = today }; // What was begun on another day is done now.
            }

            if (!await RevisitAsync(turn, state, cancellationToken)) return pass;
        }
        finally
        {
            current = null;
        }

        if (looks.Count >= RememberedMax) looks.Clear();
        looks[bucket.Id] = new(rules, today, now + Min(RevisitDelay, Day));
        return pass;
    }

    /// <summary>Forgets the progress of buckets that are gone, or have no lifecycle any more; once a day.</summary>
    public async ValueTask CleanAsync(IReadOnlySet<BucketId> present, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() < cleanAt) return;
        for (var after = ""; ;)
        {
            var settings = await metadata.ListSettingsAsync(AgeSettings.ProgressPrefix, after, PageRowsMax, cancellationToken);
            foreach (var (name, value) in settings)
                if (AgeSettings.BucketOf(name) is { } bucket && !present.Contains(bucket)) await metadata.AdvanceAgesAsync(new(bucket, value, null, null, [], []), cancellationToken);
            if (settings.Length < PageRowsMax) break;
            after = settings[^1].Name;
        }

        cleanAt = time.GetUtcNow() + Day;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>Where the bucket's run is; begins one anew where there is none that can be gone on with.</summary>
    /// <returns>Null: another gateway is at it.</returns>
    private async ValueTask<State?> LoadAsync(BucketRow bucket, string rules, DateTimeOffset today, CancellationToken cancellationToken)
    {
        var stored = await metadata.GetSettingAsync(AgeSettings.Progress(bucket.Id), cancellationToken);
        var progress = LifecycleProgress.Decode(stored);
        if (progress is not null && progress.Rules == rules && !(progress.Day > today) && !(progress.Target > today) && await metadata.FindRevisitStampAsync(bucket.Id, cancellationToken) == progress.Stamp)
            return new(progress.Target is null && progress.Day < today ? progress with { Target = today } : progress, stored);

        var state = new State(new(rules, (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) << 31 | (uint)RandomNumberGenerator.GetInt32(int.MaxValue), Target: today), stored);
        return await SaveAsync(bucket, state, state.Progress, [], [], cancellationToken, state.Progress.Stamp) ? state : null;
    }

    /// <returns>False: somebody else has noted something meanwhile.</returns>
    private async ValueTask<bool> SaveAsync(BucketRow bucket, State state, LifecycleProgress progress, ImmutableArray<Revisit> done, ImmutableArray<Revisit> later, CancellationToken cancellationToken, ulong? stamp = null)
    {
        var bytes = progress.Encode();
        if (!await metadata.AdvanceAgesAsync(new(bucket.Id, state.Stored, bytes, stamp, done, later), cancellationToken)) return false;
        (state.Progress, state.Stored) = (progress, bytes);
        return true;
    }

    /// <summary>What came due with the day. False: not all of it yet.</summary>
    private async ValueTask<bool> RunDayAsync(Turn turn, State state, CancellationToken cancellationToken)
    {
        if (state.Progress.Target is not { } target) return true;
        var ranges = LifecycleSchedule.OfVersions(turn.Lifecycle, state.Progress.Day, target, Day);
        for (var pages = 0; NextOf(ranges, state.Progress.Place) is { } query; pages++)
        {
            if (pages == PagesMax || turn.Pass.IsStopped) return false;
            var limit = turn.PageSize;
            var windows = await metadata.ListAgedVersionsAsync(new(turn.Bucket.Id, query.After, query.Until, limit, turn.Newer, turn.Older), cancellationToken); // (1)
            var later = await ActAsync(turn, windows, target, cancellationToken);
            var place = windows.Length < limit ? new(query.Until, long.MaxValue) : new AgePlace(windows[^1].Version.LastModified, windows[^1].Version.Id.Generation);
            if (!await SaveAsync(turn.Bucket, state, state.Progress with { At = place.At, Generation = place.Generation }, [], later, cancellationToken)) return false; // (5)
        }

        await EndUploadsAsync(turn, state.Progress.Day, target, cancellationToken);
        if (!await SaveAsync(turn.Bucket, state, state.Progress with { Day = target, Target = null, At = null, Generation = null }, [], [], cancellationToken)) return false;
        Interlocked.Increment(ref passes);
        if (turn.Pass.Moved + turn.Pass.Failed + turn.Ended > 0) LogDay(logger, turn.Bucket.Name, turn.Pass.Looked, turn.Pass.Moved, turn.Pass.MovedBytes, turn.Ended, turn.Pass.Failed);
        return true;
    }

    /// <summary>The rest of the range that a place is in, or the one after it; null: it is behind all.</summary>
    private static (AgePlace After, DateTimeOffset Until)? NextOf(IReadOnlyList<AgeRange> ranges, AgePlace place)
    {
        foreach (var range in ranges)
        {
            if (range.Until < place.At || (range.Until == place.At && place.Generation == long.MaxValue)) continue;
            return (range.After is { } after && after > place.At ? new(after, long.MaxValue) : place, range.Until);
        }

        return null;
    }

    /// <summary>What is to be looked at again by now. False: not all of it yet.</summary>
    private async ValueTask<bool> RevisitAsync(Turn turn, State state, CancellationToken cancellationToken)
    {
        for (var pages = 0; ; pages++)
        {
            if (pages == PagesMax || turn.Pass.IsStopped) return false;
            var now = time.GetUtcNow();
            var revisits = await metadata.ListRevisitsAsync(turn.Bucket.Id, now, turn.PageSize, cancellationToken);
            if (revisits.IsEmpty) return true;
            var windows = new List<VersionWindow>();
            foreach (var one in revisits.DistinctBy(one => (one.Key, one.Generation)))
                if (await metadata.FindWindowAsync(turn.Bucket.Id, one.Key, one.Generation, turn.Newer, turn.Older, cancellationToken) is { } window) windows.Add(window);
            var later = await ActAsync(turn, windows, LifecycleSchedule.DayOf(now, Day), cancellationToken);
            if (!await SaveAsync(turn.Bucket, state, state.Progress, revisits, later, cancellationToken)) return false;
        }
    }

    /// <summary>Judges versions, and carries it out.</summary>
    /// <returns>Those to be looked at again later.</returns>
    private async ValueTask<ImmutableArray<Revisit>> ActAsync(Turn turn, IReadOnlyCollection<VersionWindow> windows, DateTimeOffset today, CancellationToken cancellationToken)
    {
        var (moves, ends, seen) = (new List<(VersionRow Version, string Target)>(), new List<VersionRow>(), new HashSet<(string, ulong)>());
        foreach (var window in windows)
        {
            foreach (var one in Rows(window))
            {
                if (!seen.Add((one.Version.Key, one.Version.Id.Generation))) continue;
                turn.Pass.Looked++;
                Interlocked.Increment(ref looked);
                var verdict = turn.Judge.Judge(one.Version, one.Replaced, one.NewerNoncurrent, one.IsAlone, today); // (2)
                // What is removed for good need not be moved; what gets a marker on top stays, in its new class.
                var isRemoved = verdict.Ends && (one.Replaced is not null || one.Version.IsDeleteMarker || turn.Bucket.Versioning == VersioningState.Unversioned);
                if (verdict.Target != one.Version.StorageClass && !isRemoved) moves.Add((one.Version, verdict.Target));
                if (verdict.Ends) ends.Add(one.Version);
            }
        }

        var later = ImmutableArray.CreateBuilder<Revisit>();
        var stuck = await sweep.MoveAllAsync(turn.Pass, moves, cancellationToken); // (3)
        foreach (var version in stuck) later.Add(new(Milliseconds(time.GetUtcNow() + Min(RevisitDelay, Day)), version.Key, version.Id.Generation));
        await EndAsync(turn, [.. ends.Where(version => !stuck.Contains(version))], later, cancellationToken); // (4)
        return later.DrainToImmutable();
    }

    /// <summary>A window's versions from its own one down, with what rules go by.</summary>
    private static IEnumerable<(VersionRow Version, DateTimeOffset? Replaced, int NewerNoncurrent, bool IsAlone)> Rows(VersionWindow window)
    {
        // The topmost one is the current version, or stands for it where more are above: then one is counted too few, and the rules ask for fewer than are read.
        var (above, newer) = (window.Newer.IsEmpty ? null : window.Newer[0], window.Newer.SkipLast(1).Count(row => !row.IsDeleteMarker));
        yield return (window.Version, above?.LastModified, newer, window.Version.IsLatest && window.Older.IsEmpty);
        if (above is not null && !window.Version.IsDeleteMarker) newer++;
        above = window.Version;
        foreach (var row in window.Older)
        {
            yield return (row, above.LastModified, newer, false);
            if (!row.IsDeleteMarker) newer++;
            above = row;
        }
    }

    private async ValueTask EndAsync(Turn turn, List<VersionRow> versions, ImmutableArray<Revisit>.Builder later, CancellationToken cancellationToken)
    {
        if (versions.Count == 0) return;
        var told = new WriteConditions { Announcement = events.Of(ChangeCause.LifecycleExpiration, ChangeOrigin.Service) };
        var results = await metadata.DeleteVersionsAsync(versions.ConvertAll(version => DeleteOf(turn.Bucket, version) with { Conditions = told }), cancellationToken);
        for (var i = 0; i < versions.Count; i++)
        {
            var version = versions[i];
            switch (results[i].Outcome)
            {
                case CommitOutcome.Done:
                    turn.Ended++;
                    Interlocked.Increment(ref ended);
                    LogEnded(logger, turn.Bucket.Name, version.Key, version.IdText);
                    break;
                case CommitOutcome.Conflict:
                    // Somebody else has changed it, which brings it here again if need be.
                    break;
                case var outcome:
                    Interlocked.Increment(ref refused);
                    later.Add(new(LaterThan(version.LastModified), version.Key, version.Id.Generation));
                    LogRefused(logger, turn.Bucket.Name, version.Key, version.IdText, outcome);
                    break;
            }
        }
    }

    /// <summary>The delete of a version as it was judged: as the bucket's owner would, and of nothing else that has come in its place.</summary>
    internal static DeleteVersion DeleteOf(BucketRow bucket, VersionRow judged)
    {
        var versionId = judged.IsLatest && !judged.IsDeleteMarker ? null : judged.IdText;
        return new(bucket.Id, judged.Key, bucket.OwnerId, versionId, WriteConditions.None, If: row => row.Id == judged.Id && row.IsLatest == judged.IsLatest && StoredTags.IsSame(row.Attributes, judged.Attributes));
    }

    private async ValueTask EndUploadsAsync(Turn turn, DateTimeOffset? from, DateTimeOffset target, CancellationToken cancellationToken)
    {
        foreach (var range in LifecycleSchedule.OfUploads(turn.Lifecycle, from, target, Day))
        {
            for (var query = new AgedUploadsQuery(turn.Bucket.Id, range.After ?? DateTimeOffset.UnixEpoch, default, range.Until, PageRowsMax); ;)
            {
                var uploads = await metadata.ListAgedUploadsAsync(query, cancellationToken);
                foreach (var upload in uploads)
                {
                    if (!turn.Judge.Ends(upload, target)) continue;
                    if (await metadata.AbortUploadAsync(upload.Bucket, upload.Key, upload.Id, cancellationToken) != CommitOutcome.Done) continue;
                    turn.Ended++;
                    Interlocked.Increment(ref uploadsEnded);
                    LogUploadEnded(logger, turn.Bucket.Name, upload.Key, upload.Id);
                }

                if (uploads.Length < PageRowsMax) break;
                query = query with { AfterInitiated = uploads[^1].Initiated, AfterUpload = uploads[^1].Id };
            }
        }
    }

    private DateTimeOffset LaterThan(DateTimeOffset written)
    {
        var now = time.GetUtcNow();
        return Milliseconds(now + TimeSpan.FromTicks(Math.Clamp((now - written).Ticks / 8, Day.Ticks, LaterDaysMax * Day.Ticks)));
    }

    private static DateTimeOffset Milliseconds(DateTimeOffset value) => DateTimeOffset.FromUnixTimeMilliseconds(value.ToUnixTimeMilliseconds());

    private LifecycleDocument? LifecycleOf(BucketRow bucket)
    {
        try
        {
            return LifecycleDocument.Of(bucket);
        }
        catch (LifecycleFormatException failure)
        {
            LogLifecycleUnreadable(logger, bucket.Name, failure.Message);
            return null;
        }
    }

    /// <summary>What judgement goes by: with anything else all is judged anew.</summary>
    private string RulesOf(BucketRow bucket, TierDocument tiers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bucket.Settings[LifecycleDocument.SettingName].AsSpan());
        hash.AppendData([0xff]);
        hash.AppendData(tiers.Encode());
        hash.AppendData(BitConverter.GetBytes(Day.Ticks));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Lifecycle of bucket {Bucket}: {Looked} versions looked at, {Moved} moved ({Bytes} bytes), {Ended} ended, {Failed} failed.")]
    private static partial void LogDay(ILogger logger, string bucket, long looked, long moved, long bytes, long ended, long failed);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Lifecycle has ended s3://{Bucket}/{Key} (version {Version}).")]
    private static partial void LogEnded(ILogger logger, string bucket, string key, string version);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Lifecycle has ended the upload {Upload} to s3://{Bucket}/{Key}.")]
    private static partial void LogUploadEnded(ILogger logger, string bucket, string key, UploadId upload);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Lifecycle may not end s3://{Bucket}/{Key} (version {Version}) now ({Outcome}), and tries again later.")]
    private static partial void LogRefused(ILogger logger, string bucket, string key, string version, CommitOutcome outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "The lifecycle of bucket {Bucket} cannot be used: {Reason}")]
    private static partial void LogLifecycleUnreadable(ILogger logger, string bucket, string reason);

    /// <summary>A bucket's last look.</summary>
    private sealed record Look(string Rules, DateTimeOffset Day, DateTimeOffset RevisitAt);

    /// <summary>Progress, and the bytes of it that are stored.</summary>
    private sealed class State(LifecycleProgress progress, byte[]? stored)
    {
        public LifecycleProgress Progress { get; set; } = progress;

        public byte[]? Stored { get; set; } = stored;
    }

    /// <summary>A bucket's turn, and how far versions of a key are looked at around each.</summary>
    private sealed class Turn(BucketRow bucket, LifecycleDocument lifecycle, LifecycleJudge judge, BucketPass pass)
    {
        public BucketRow Bucket => bucket;

        public LifecycleDocument Lifecycle => lifecycle;

        public LifecycleJudge Judge => judge;

        public BucketPass Pass => pass;

        public long Ended { get; set; }

        // A bucket that was never versioned has one version a key. Two more than are left: the current one, and the one that is judged.
        public int Newer { get; } = bucket.Versioning == VersioningState.Unversioned ? 0 : judge.NewerVersionsMax == 0 ? 1 : judge.NewerVersionsMax + 2 + MarkersMax;

        public int Older => Newer;

        public int PageSize => Math.Max(PageSizeMin, PageRowsMax / (1 + Newer + Older));
    }
}
