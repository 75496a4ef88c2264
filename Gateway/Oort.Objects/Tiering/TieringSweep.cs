using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>One pass over the versions of a bucket: moves those whose class is given up, or that lie elsewhere than they are to, puts restores that were asked for in line, and lets go of copies that expired.</summary>
/// <remarks>Everything is decided anew from the rows, so that a pass that is broken off is simply made again. What fails is counted, and the pass goes on.</remarks>
internal sealed partial class TieringSweep(IMetadataStore metadata, VersionMover mover, RestoreQueue restores, int packThreshold, TimeProvider time, ILogger<TieringSweep> logger)
{
    private const int PageSize = 1_000;

    /// <summary>Small versions moved at a time: they share packs, as many concurrent PUTs do.</summary>
    private const int SmallParallelism = 48;

    /// <summary>Large ones: each has the buffers of a PUT and of a GET.</summary>
    private const int LargeParallelism = 2;

    /// <summary>A gateway that is busy with requests has no memory for moves; they come again after this.</summary>
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    private const int BusyTriesMax = 10;

    /// <exception cref="MetadataUnavailableException">The pass was broken off.</exception>
    public async Task RunAsync(BucketPass pass, CancellationToken cancellationToken)
    {
        for (var query = new ListVersionsQuery(pass.Bucket.Id, "", "", "", null, PageSize); ;)
        {
            var page = await metadata.ListVersionsAsync(query, cancellationToken);
            await TakeAsync(pass, page.Versions, cancellationToken);
            if (pass.IsStopped || !page.IsTruncated) return;
            query = query with { AfterKey = page.LastKey, AfterVersionId = page.LastVersionId };
        }
    }

    /// <summary>Moves versions to other classes, or to where the policies of theirs say.</summary>
    /// <returns>Those that could not be moved now.</returns>
    public async Task<IReadOnlySet<VersionRow>> MoveAllAsync(BucketPass pass, IReadOnlyCollection<(VersionRow Version, string Target)> moves, CancellationToken cancellationToken)
    {
        var stuck = new ConcurrentDictionary<VersionRow, bool>(ReferenceEqualityComparer.Instance);
        await MoveAllAsync(pass, moves.Where(move => move.Version.Size <= packThreshold), SmallParallelism, stuck, cancellationToken);
        await MoveAllAsync(pass, moves.Where(move => move.Version.Size > packThreshold), LargeParallelism, stuck, cancellationToken);
        return stuck.Keys.ToHashSet<VersionRow>(ReferenceEqualityComparer.Instance);
    }

    private async Task TakeAsync(BucketPass pass, ImmutableArray<VersionRow> versions, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var moves = new List<(VersionRow Version, string Target)>();
        foreach (var version in versions)
        {
            if (version.IsDeleteMarker) continue;
            pass.Looked++;
            if (pass.Tiers.Find(version.StorageClass) is { } given) pass.Found.Add(given.StorageClass);
            if (RestoreState.Of(version) is { } restore) await LookAtRestoreAsync(pass, version, restore, now);
            var target = pass.Tiers.Find(version.StorageClass)?.To ?? version.StorageClass;
            if (target != version.StorageClass || pass.IsMigrating) moves.Add((version, target));
        }

        await MoveAllAsync(pass, moves, cancellationToken);
    }

    private async ValueTask LookAtRestoreAsync(BucketPass pass, VersionRow version, RestoreState restore, DateTimeOffset now)
    {
        if (restore.Phase == RestorePhase.Requested)
        {
            pass.Restores++;
            restores.Add(version, restore);
        }
        else if (restore.HoldsAt(now))
        {
            pass.Restores++;
        }
        else if (await mover.ExpireAsync(version, row => RestoreState.Of(row) is { Phase: RestorePhase.Restored } state && !state.HoldsAt(now)) == MoveVersionOutcome.Done)
        {
            pass.Expired++;
            LogExpired(logger, pass.Bucket.Name, version.Key, version.IdText);
        }
    }

    private Task MoveAllAsync(BucketPass pass, IEnumerable<(VersionRow Version, string Target)> moves, int parallelism, ConcurrentDictionary<VersionRow, bool> stuck, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(moves, new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken }, async (move, stop) =>
        {
            if (pass.IsStopped) return;
            try
            {
                var outcome = await MoveAsync(move.Version, move.Target, stop);
                if (outcome == MoveVersionOutcome.Changed) pass.CountChanged();
                if (outcome != MoveVersionOutcome.Done) return;
                pass.CountMoved(move.Version.Size);
                if (move.Target != move.Version.StorageClass) LogMoved(logger, pass.Bucket.Name, move.Version.Key, move.Version.IdText, move.Version.StorageClass, move.Target);
            }
            catch (Exception failure) when (failure is ObjectUnavailableException or VersionGoneException or OverloadedException or BackendException)
            {
                stuck.TryAdd(move.Version, true);
                pass.CountFailed($"s3://{pass.Bucket.Name}/{move.Version.Key}: {failure.Message}");
                LogFailed(logger, failure, pass.Bucket.Name, move.Version.Key, move.Version.IdText, failure.Message);
            }
        });

    private async ValueTask<MoveVersionOutcome> MoveAsync(VersionRow version, string target, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await mover.MoveAsync(version, target, cancellationToken);
            }
            catch (OverloadedException) when (tries < BusyTriesMax)
            {
                await Task.Delay(BusyPause, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "s3://{Bucket}/{Key} (version {Version}) went from {From} to {To}.")]
    private static partial void LogMoved(ILogger logger, string bucket, string key, string version, string from, string to);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The restored copy of s3://{Bucket}/{Key} (version {Version}) has expired.")]
    private static partial void LogExpired(ILogger logger, string bucket, string key, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "s3://{Bucket}/{Key} (version {Version}) could not be moved, and is tried again: {Reason}")]
    private static partial void LogFailed(ILogger logger, Exception failure, string bucket, string key, string version, string reason);
}
