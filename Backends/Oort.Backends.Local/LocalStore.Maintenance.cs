using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

// Checkpoints and compaction, in the background and on demand.
public sealed partial class LocalStore
{
    private readonly object _checkpointLock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Compactor _compactor;
    private readonly SemaphoreSlim _spaceWanted = new(0, 1);
    private Task _maintenance = Task.CompletedTask;

    /// <summary>Compacts now, as fast as it goes, every closed volume of which less than <see cref="LocalStoreOptions.CompactionLiveShareMax"/> is live.</summary>
    /// <exception cref="BackendException">Kind ReadOnly when the store takes no writes.</exception>
    public async Task<CompactionResult> CompactAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        return await _compactor.RunAsync(bytesPerSecond: null, linked.Token);
    }

    private void StartMaintenance()
    {
        if (_options.CompactionInterval != Timeout.InfiniteTimeSpan && _health.Failure is null)
            _maintenance = MaintainAsync();
    }

    /// <summary>Compacts at each interval behind the work for clients, and at once and as fast as it goes when a write found no space.</summary>
    private async Task MaintainAsync()
    {
        try
        {
            while (true)
            {
                using var round = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                var wanted = _spaceWanted.WaitAsync(round.Token);
                var interval = Task.Delay(_options.CompactionInterval, _options.TimeProvider, round.Token);
                var isUrgent = await Task.WhenAny(wanted, interval) == wanted;
                await round.CancelAsync();
                _stopping.Token.ThrowIfCancellationRequested();
                await CompactInBackgroundAsync(isUrgent ? null : _options.CompactionBytesPerSecond);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }

    private async Task CompactInBackgroundAsync(long? bytesPerSecond)
    {
        try
        {
            await _compactor.RunAsync(bytesPerSecond, _stopping.Token);
        }
        catch (BackendException e)
        {
            // Whoever writes or probes meets the same failure and acts on it; the next round tries again.
            LogCompactionFailed(_logger, e);
        }
    }

    /// <summary>On the writer's thread: a write has found no space.</summary>
    private void WantSpace()
    {
        try
        {
            if (_spaceWanted.CurrentCount == 0)
                _spaceWanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is wanted already.
        }
    }

    /// <summary>After each full volume, so that an opening after a crash scans about one.</summary>
    private void CheckpointSoon()
    {
        try
        {
            _ = _fileThreads.RunAsync(TryWriteCheckpoint, CancellationToken.None);
        }
        catch (BackendException e)
        {
            LogCheckpointFailed(_logger, e); // Too busy, or closing, which writes one anyway.
        }
    }

    /// <summary>Writes a checkpoint of the index. It only makes the next opening faster, so a failure is logged and not thrown.</summary>
    private bool TryWriteCheckpoint()
    {
        if (_health.Failure is not null)
            return false;
        lock (_checkpointLock)
        {
            try
            {
                // In this order: a volume that is made after the first line has only groups behind "durable"; what the index gets after the
                // second is scanned again at the next opening, which changes nothing; no group before the ends is behind "sequence".
                var durable = _writer.AppliedSequence;
                var ends = _volumes.All.OrderBy(volume => volume.Number).Select(volume => (volume, volume.AppliedEnd)).ToArray();
                IndexFile.Write(_disk, Id, _writer.LastSequence, durable, ends, _index);
                return true;
            }
            catch (DiskException e)
            {
                LogCheckpointFailed(_logger, e);
                return false;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint of the index could not be written; the next opening scans more of the volumes.")]
    private static partial void LogCheckpointFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Compaction failed.")]
    private static partial void LogCompactionFailed(ILogger logger, Exception exception);
}
