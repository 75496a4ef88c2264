using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Objects.Drills;

namespace Oort.Objects;

// Recovery drills: one at a time.
public sealed partial class ObjectSystem
{
    /// <summary>A gateway that has just started has other things to do.</summary>
    private static readonly TimeSpan DrillDelay = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim drilling = new(1, 1);
    private volatile DrillReport? lastDrill;

    /// <inheritdoc/>
    public async ValueTask<DrillReport> DrillAsync(DrillOptions what, Action<string, long>? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(what.VersionsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(what.VersionsMax, DrillOptions.VersionsLimit);
        ArgumentOutOfRangeException.ThrowIfNegative(what.BytesMax);
        await drilling.WaitAsync(cancellationToken);
        try
        {
            // Bad shards are told as objects that cannot be read; to repair is scrub's and the audits' work.
            ObjectLayer Read(Metadata.IMetadataStore metadata, Crypto.Keyring keyring) =>
                new(metadata, parts.Stores, new NoRepairs(), pins, keyring, segmentIds, options.Objects with { Buffers = objects.Buffers, HotCellBytes = 0 }, time);
            var report = await new RecoveryDrill(parts, snapshotter, root, Read, options.DataDirectory, time, logger).RunAsync(what, progress, cancellationToken);
            KeepDrill(report);
            if (report.IsClean) logger.LogInformation("Recovery drill: {Compared} versions as they must be, {Bytes} bytes read back.", report.Compared, report.ReadBytes);
            else logger.LogError("Recovery drill: {Count} findings. {First}", report.Findings.Length, report.Findings[0]);
            return report;
        }
        finally
        {
            drilling.Release();
        }
    }

    /// <summary>Shows a report from now on, and after a restart too. Where the file cannot be written, the drill has still taken place.</summary>
    private void KeepDrill(DrillReport report)
    {
        lastDrill = report;
        try
        {
            DurableFile.Write(Path.Combine(options.DataDirectory, DrillReportFile.FileName), DrillReportFile.ToBytes(report));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(failure, "The drill's report could not be kept: after a restart the one before it is shown.");
        }
    }

    /// <summary>The report that was kept; null when there is none that can be read.</summary>
    private DrillReport? LoadDrill()
    {
        try
        {
            if (DurableFile.Read(Path.Combine(options.DataDirectory, DrillReportFile.FileName)) is not { } bytes) return null;
            var outcome = DrillReportFile.Read(bytes, out var report);
            if (outcome != DrillReportOutcome.Ok) logger.LogWarning("The last drill's report, {File}, cannot be read ({Outcome}); the next drill replaces it.", DrillReportFile.FileName, outcome);
            return report;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(failure, "The last drill's report, {File}, cannot be read; the next drill replaces it.", DrillReportFile.FileName);
            return null;
        }
    }

    private void StartDrills()
    {
        RecoveryDrill.CleanUp(options.DataDirectory);
        if (options.DrillInterval <= TimeSpan.Zero) return;
        var delay = options.DrillInterval < DrillDelay ? options.DrillInterval : DrillDelay;
        workers.Every("The recovery drill", delay, options.DrillInterval, stop => RunAloneAsync("drill", async alone => await DrillAsync(options.Drill, null, alone), stop));
    }

    private sealed class NoRepairs : IRepairQueue
    {
        public void Enqueue(SegmentId segment, int badShard, RepairReason reason)
        {
        }
    }
}
