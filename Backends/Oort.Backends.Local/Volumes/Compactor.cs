using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

/// <summary>What a compaction did.</summary>
/// <param name="VolumeCount">Volumes that were emptied and deleted.</param>
/// <param name="FreedBytes">Bytes they took.</param>
/// <param name="MovedBytes">Bytes of live shards that were copied to the open volume.</param>
public readonly record struct CompactionResult(int VolumeCount, long FreedBytes, long MovedBytes);

/// <summary>Frees the space of dead shards: moves what is live out of a closed volume and deletes the file.</summary>
/// <remarks>
/// For one volume: (1) go through its groups; copy each shard for which the index still points here, through the writer's thread,
/// which drops a copy whose shard has been replaced or deleted meanwhile; carry on each tombstone that still has an outdone record to
/// guard in another volume; (2) copy what the index has here although no readable group says so; (3) all that is synced now,
/// and nothing points here: write a checkpoint, which says so; (4) delete the file; (5) sync the folder. A crash before (4)
/// leaves two copies, of which the newer counts; after it, none too few. The checkpoint still names the volume: one that left it out would
/// cover newer tombstones and have the old file scanned without them, were the crash to come before (4).
/// </remarks>
internal sealed partial class Compactor(IDisk disk, VolumeTable volumes, ShardIndex index, ExtentServices services, LocalStoreOptions options, long volumeSize, Func<bool> tryWriteCheckpoint, ILogger logger) : IDisposable
{
    /// <summary>A closed volume shorter than this part of a full one is moved whole: each crash leaves one behind, and each is an open file.</summary>
    private const int SmallVolumeDivisor = 16;

    /// <summary>Bytes that are read ahead of their writing: one full group.</summary>
    private const int BatchSize = VolumeFormat.ContentSizeMax;

    /// <summary>Long shards are copied in pieces of this size.</summary>
    private const int PieceSize = 1 << 20;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Compacts every closed volume of which less than the allowed share is live. The oldest first: once a shard's old records are gone, its tombstone in a later volume need not be carried.</summary>
    /// <param name="bytesPerSecond">The most it copies, or null for as fast as it goes.</param>
    public async Task<CompactionResult> RunAsync(long? bytesPerSecond, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var total = default(CompactionResult);
            foreach (var volume in volumes.All.Where(IsWorthIt).OrderBy(volume => volume.Number).ToArray())
            {
                cancellationToken.ThrowIfCancellationRequested();
                services.Health.ThrowIfFailed();
                var work = new VolumeMove(volume, bytesPerSecond);
                if (!await EmptyAsync(work, cancellationToken))
                    continue;
                var size = volume.End;
                if (!await services.Threads.RunAsync(() => Drop(volume), CancellationToken.None))
                    break;
                total = new(total.VolumeCount + 1, total.FreedBytes + size, total.MovedBytes + work.MovedBytes);
            }

            if (total.VolumeCount > 0)
                LogCompacted(logger, total.VolumeCount, total.FreedBytes, total.MovedBytes);
            return total;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Returns when nothing is under way; nothing can be begun after it.</summary>
    public Task StopAsync() => _one.WaitAsync();

    public void Dispose() => _one.Dispose();

    private bool IsWorthIt(Volume volume) =>
        volume.IsSealed && !volume.IsRetired && volume.PendingExtents == 0
        && (IsSmall(volume) || volume.LiveBytes < options.CompactionLiveShareMax * volume.End);

    private bool IsSmall(Volume volume) => volume.End < volumeSize / SmallVolumeDivisor;

    /// <summary>Steps 1 and 2.</summary>
    /// <returns>False when the volume must stay: it can hardly be made smaller, or some of it cannot be read.</returns>
    private async Task<bool> EmptyAsync(VolumeMove work, CancellationToken cancellationToken)
    {
        try
        {
            var guarded = volumes.All.Where(volume => volume != work.Volume).SelectMany(volume => volume.CopyDeadIds()).ToHashSet();
            if (!IsSmall(work.Volume) && await CountNeededAsync(work, guarded, cancellationToken) >= options.CompactionLiveShareMax * work.Volume.End)
                return false;

            var scanner = work.NewScanner();
            while (await services.Threads.RunAsync(() => Next(scanner, work.Volume.End), cancellationToken) is { } group)
            {
                foreach (var record in group.Records)
                {
                    if (record.Kind == RecordKind.Tombstone)
                        await CarryTombstoneAsync(work, record.Id, guarded, cancellationToken);
                    else if (index.TryGet(record.Id, out var location) && IsAt(location, work.Volume, record.Offset))
                        await MoveAsync(work, record.Id, location, record.Crc, cancellationToken);
                }
            }

            await work.SettleAsync();
            if (work.Volume.LiveBytes > 0)
                await MoveUnlistedAsync(work, cancellationToken);
            await work.SettleAsync();
            return work.Volume.LiveBytes == 0;
        }
        catch (BackendException e) when (e.Kind is BackendErrorKind.Corrupt or BackendErrorKind.Full)
        {
            // What cannot be read is repaired by others; what finds no space waits until there is some. Nothing is lost by waiting.
            LogStuck(logger, work.Volume.Number, e);
            await work.DrainAsync();
            return false;
        }
    }

    /// <summary>Bytes of records and shards that would have to be moved.</summary>
    private async Task<long> CountNeededAsync(VolumeMove work, HashSet<ulong> guarded, CancellationToken cancellationToken)
    {
        var needed = work.Volume.LiveBytes;
        var scanner = work.NewScanner();
        while (await services.Threads.RunAsync(() => Next(scanner, work.Volume.End), cancellationToken) is { } group)
            needed += GroupRecord.Size * group.Records.LongCount(record => record.Kind == RecordKind.Tombstone && IsNeeded(record.Id, guarded));
        return needed;
    }

    /// <summary>A tombstone is needed while some other volume has a record that it outdoes, unless a newer shard of that id outdoes it as well.</summary>
    private bool IsNeeded(ShardId id, HashSet<ulong> guarded) => guarded.Contains(ShardIndex.Hash(id)) && !index.TryGet(id, out _);

    private async Task CarryTombstoneAsync(VolumeMove work, ShardId id, HashSet<ulong> guarded, CancellationToken cancellationToken)
    {
        if (IsNeeded(id, guarded))
            await work.AddAsync(services.Writer.SubmitAsync(new WriteRequest(WriteKind.KeepTombstone, id), cancellationToken), GroupRecord.Size, options.TimeProvider, cancellationToken);
    }

    private async Task MoveAsync(VolumeMove work, ShardId id, ShardLocation location, ulong? crc, CancellationToken cancellationToken)
    {
        if (location.Length > options.InlineSizeMax)
        {
            await MoveLongAsync(work, id, location, crc, cancellationToken);
            return;
        }

        var content = new byte[location.Length];
        await services.Threads.RunAsync(() => Read(work.Volume, location.Offset, content), cancellationToken);
        var request = new WriteRequest(WriteKind.Put, id) { Content = content, Crc = crc, Expected = location, IsMove = true };
        await work.AddAsync(services.Writer.SubmitAsync(request, cancellationToken), content.Length, options.TimeProvider, cancellationToken);
    }

    private async Task MoveLongAsync(VolumeMove work, ShardId id, ShardLocation location, ulong? crc, CancellationToken cancellationToken)
    {
        var reserve = new WriteRequest(WriteKind.Reserve, id) { Length = location.Length, IsMove = true };
        await services.Writer.SubmitAsync(reserve, cancellationToken);
        await using var target = new ExtentWriter(id, reserve.Extent!, services, location, crc);
        var piece = new AlignedBuffer(Math.Min(PieceSize, location.Length)).Memory;
        for (var done = 0; done < location.Length;)
        {
            var part = piece[..Math.Min(piece.Length, location.Length - done)];
            var offset = location.Offset + done;
            await services.Threads.RunAsync(() => Read(work.Volume, offset, part), cancellationToken);
            await target.WriteAsync(part, cancellationToken);
            done += part.Length;
            await work.PaceAsync(part.Length, options.TimeProvider, cancellationToken);
        }

        await target.CommitAsync(cancellationToken);
    }

    /// <summary>Step 2: shards whose group cannot be read any more, while the index, which is older than the damage, still knows them.</summary>
    private async Task MoveUnlistedAsync(VolumeMove work, CancellationToken cancellationToken)
    {
        for (var i = 0; i < index.PartitionCount; i++)
        {
            foreach (var (id, location) in index.CopyPartition(i))
            {
                if (location.Volume == work.Volume.Number)
                    await MoveAsync(work, id, location, crc: null, cancellationToken);
            }
        }
    }

    /// <summary>Steps 3 to 5.</summary>
    /// <returns>False when the checkpoint could not be written; the volume then stays.</returns>
    private bool Drop(Volume volume)
    {
        if (!tryWriteCheckpoint())
            return false;
        try
        {
            disk.Delete(VolumeFormat.FileName(volume.Number));
            disk.SyncFolder(VolumeTable.Folder);
        }
        catch (DiskException e)
        {
            // Were the file to come back after tombstones that guard it have gone, deleted shards would come back with it.
            throw services.Health.Refusal(services.Health.Fail($"volume {volume.Number} could not be deleted", e));
        }

        volumes.Remove(volume);
        volume.Retire();
        return true;
    }

    private static (GroupHeader Header, GroupRecord[] Records)? Next(VolumeScanner scanner, long end)
    {
        try
        {
            return scanner.TryReadNext(end, out var header, out var records) ? (header, records) : null;
        }
        catch (DiskException e)
        {
            throw LocalStore.ReadFailure(e);
        }
    }

    private static bool Read(Volume volume, long offset, Memory<byte> destination)
    {
        try
        {
            return volume.File.Read(offset, destination.Span) == destination.Length
                ? true
                : throw new BackendException(BackendErrorKind.Corrupt, $"Volume {volume.Number} ends too early.");
        }
        catch (DiskException e)
        {
            throw LocalStore.ReadFailure(e);
        }
    }

    private static bool IsAt(in ShardLocation location, Volume volume, long offset) => location.Volume == volume.Number && location.Offset == offset;

    [LoggerMessage(Level = LogLevel.Information, Message = "Compacted {Count} volumes: {Freed} bytes freed, {Moved} bytes moved.")]
    private static partial void LogCompacted(ILogger logger, int count, long freed, long moved);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Volume} cannot be compacted now.")]
    private static partial void LogStuck(ILogger logger, uint volume, Exception exception);

    /// <summary>The state of emptying one volume: what is under way, and how fast it may go.</summary>
    private sealed class VolumeMove(Volume volume, long? bytesPerSecond)
    {
        private readonly List<Task<bool>> _underWay = [];
        private int _bytesUnderWay;

        public Volume Volume => volume;

        public long MovedBytes { get; private set; }

        public VolumeScanner NewScanner() => new(volume.File, volume.Header);

        /// <summary>Counts a request in; waits when a batch is full.</summary>
        public async Task AddAsync(Task<bool> request, int size, TimeProvider time, CancellationToken cancellationToken)
        {
            _underWay.Add(request);
            _bytesUnderWay += size;
            if (_bytesUnderWay < BatchSize && _underWay.Count < VolumeFormat.RecordCountMax)
                return;
            var bytes = _bytesUnderWay;
            await SettleAsync();
            await PaceAsync(bytes, time, cancellationToken);
        }

        /// <summary>Waits for all that is under way.</summary>
        public async Task SettleAsync()
        {
            var tasks = _underWay.ToArray();
            _underWay.Clear();
            _bytesUnderWay = 0;
            await Task.WhenAll(tasks);
        }

        /// <summary>Waits for all that is under way, however it ends: a shard that did not move is still where it was.</summary>
        public async Task DrainAsync()
        {
            var tasks = _underWay.ToArray();
            _underWay.Clear();
            await ((Task)Task.WhenAll(tasks)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        /// <summary>Rests as long as so many bytes may take.</summary>
        public async Task PaceAsync(int bytes, TimeProvider time, CancellationToken cancellationToken)
        {
            MovedBytes += bytes;
            if (bytesPerSecond is { } rate)
                await Task.Delay(TimeSpan.FromSeconds((double)bytes / rate), time, cancellationToken);
        }
    }
}
