using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>Restores the versions that wait for it. Each gateway restores what it was asked for or has found; where two are at one version, the commit decides.</summary>
internal sealed partial class RestoreRound(IMetadataStore metadata, VersionMover mover, RestoreQueue queue, TieringOptions options, TimeProvider time, ILogger<RestoreRound> logger)
{
    /// <summary>Versions restored at a time: each has the buffers of a PUT and of a GET.</summary>
    private const int Parallelism = 8;

    /// <summary>Versions taken from the queue at a time, so that a more urgent one does not wait for long.</summary>
    private const int BatchCount = 4 * Parallelism;

    private long restored;
    private long failed;
    private volatile string lastFailure = "";

    public long Restored => Interlocked.Read(ref restored);

    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Of those that failed, the last one and why; empty: none.</summary>
    public string LastFailure => lastFailure;

    /// <summary>Restores what waits, as much as is done at a time.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => queue.Take(BatchCount) is { Count: > 0 } batch ? RunAsync(batch, cancellationToken) : Task.CompletedTask;

    private Task RunAsync(List<VersionRow> batch, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(batch, new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken }, async (version, stop) =>
        {
            try
            {
                if (await RestoreAsync(version, stop)) queue.Remove(version);
                else queue.Delay(version);
            }
            catch (Exception failure) when (failure is ObjectUnavailableException or VersionGoneException or OverloadedException or BackendException or MetadataUnavailableException)
            {
                queue.Delay(version);
                Interlocked.Increment(ref failed);
                lastFailure = $"{version.Key}: {failure.Message}";
                LogFailed(logger, version.Key, version.IdText, failure.Message);
            }
            catch
            {
                queue.Delay(version);
                throw;
            }
        });

    /// <returns>Whether nothing is left to be done for it.</returns>
    private async ValueTask<bool> RestoreAsync(VersionRow version, CancellationToken cancellationToken)
    {
        if (await metadata.FindVersionAsync(version.Bucket, version.Key, version.IdText, cancellationToken) is not { } row || row.Id != version.Id) return true;
        if (RestoreState.Of(row) is not { Phase: RestorePhase.Requested } || !StorageClassOrder.IsArchive(row.StorageClass)) return true;
        if (await mover.RestoreAsync(row, Complete, cancellationToken) == MoveVersionOutcome.Changed) return false;
        Interlocked.Increment(ref restored);
        LogRestored(logger, version.Key, version.IdText);
        return true;
    }

    /// <summary>The days begin when the copy is there.</summary>
    private ObjectAttributes Complete(VersionRow row) => RestoreState.Of(row) is { Phase: RestorePhase.Requested } asked
        ? RestoreState.Set(row.Attributes, asked with { Phase = RestorePhase.Restored, Expires = LifecycleDays.After(time.GetUtcNow(), asked.Days, options.DayLength) })
        : row.Attributes;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Key} (version {Version}) is restored.")]
    private static partial void LogRestored(ILogger logger, string key, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Key} (version {Version}) could not be restored yet: {Reason}")]
    private static partial void LogFailed(ILogger logger, string key, string version, string reason);
}
