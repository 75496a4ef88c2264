using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Oort.Backends.Local;

/// <summary>A store in a directory: shards in append-only volume files with group commit (docs/formats/volume.md), blobs and logs as files (docs/formats/store-files.md).</summary>
/// <remarks>
/// One process at a time, by a lock. What failed to sync is never synced again: the store then refuses all writes, kind ReadOnly, until it is
/// opened anew, and goes on reading. Reads of what is in memory end before they return; all else is done by the store's own threads.
/// </remarks>
public sealed partial class LocalStore : IStore
{
    internal const string TemporaryFolder = "temp";
    internal const string LockPath = "lock";

    // How often a read looks a shard up again when compaction has taken the volume away under it; each time needs a whole compaction in between.
    private const int LookupCountMax = 8;

    private readonly IDisk _disk;
    private readonly StoreIdentity _identity;
    private readonly LocalStoreOptions _options;
    private readonly ILogger _logger;
    private readonly IDisposable? _lock;
    private readonly VolumeTable _volumes;
    private readonly ShardIndex _index;
    private readonly StoreHealth _health;
    private readonly VolumeWriter _writer;
    private readonly BlobFiles _blobs;
    private readonly LogFiles _logs;
    private readonly IoThreads _shardThreads;
    private readonly IoThreads _fileThreads;
    private readonly ExtentServices _extents;
    private readonly InlineBuffers _inlineBuffers;
    private readonly LongReads _longReads;
    private int _isDisposed;

    private LocalStore(IDisk disk, StoreIdentity identity, LocalStoreOptions options, ILogger logger, IDisposable? @lock, VolumeTable volumes, LoadedVolumes loaded, long volumeSize, StoreHealth health)
    {
        (_disk, _identity, _options, _logger, _lock, _volumes, _index, _health) = (disk, identity, options, logger, @lock, volumes, loaded.Index, health);
        Damage = loaded.Damage;
        LostShardCount = loaded.LostShards;
        _writer = new VolumeWriter(volumes, loaded.Index, health, new VolumeSpace(disk, options), volumeSize, loaded.Current, loaded.Sequence, options.Threads, logger) { VolumeFilled = CheckpointSoon, SpaceWanted = WantSpace };
        _blobs = new BlobFiles(disk, health);
        _logs = new LogFiles(disk, health);
        var name = $"store {identity.Store.ToString()[..8]}";
        _shardThreads = new IoThreads(options.Threads, $"{name} shards", options.ThreadCount);
        // Journals do not queue behind shards; two, so that a blob does not hold up a log.
        _fileThreads = new IoThreads(options.Threads, $"{name} files", 2);
        _inlineBuffers = new InlineBuffers(options.InlineSizeMax);
        _longReads = new LongReads(options.ThreadCount);
        _extents = new ExtentServices(_writer, _shardThreads, health, options.ThreadCount);
        _compactor = new Compactor(disk, volumes, loaded.Index, _extents, options, volumeSize, TryWriteCheckpoint, logger);
        _writer.Start($"{name} writer");
    }

    public StoreId Id => _identity.Store;

    /// <summary>The cluster that the store belongs to.</summary>
    public ClusterId Cluster => _identity.Cluster;

    public string Location => _disk.Location;

    public string FailureDomain => _options.FailureDomain ?? $"device {_disk.DeviceId}";

    /// <summary>Damage that opening met, at most 1,000 places.</summary>
    public IReadOnlyList<VolumeDamage> Damage { get; }

    /// <summary>Shards that opening found to be lost with a missing or cut volume.</summary>
    public long LostShardCount { get; }

    /// <summary>How many shards there are.</summary>
    public long ShardCount => _index.Count;

    /// <summary>Changes that are durable, as the groups of them are counted: it never falls, but when the disk was put back to an earlier state.</summary>
    public long ChangeCount => (long)_writer.AppliedSequence;

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, IShardStore.ShardLengthMax);
        return content.Length <= _options.InlineSizeMax
            ? new(_writer.SubmitAsync(new WriteRequest(WriteKind.Put, id) { Content = content }, cancellationToken))
            : PutLongAsync(id, content, cancellationToken);
    }

    public async ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, IShardStore.ShardLengthMax);
        _health.ThrowIfFailed();
        if (length > _options.InlineSizeMax || !_inlineBuffers.TryRent(out var buffer))
            return await ReserveAsync(id, length, cancellationToken);
        return new InlineWriter(id, (int)length, buffer, _inlineBuffers, _writer);
    }

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        for (var i = 0; i < LookupCountMax; i++)
        {
            if (!TryFind(id, out var location, out var volume))
                return ValueTask.FromException<int>(NotFound(id));
            var count = (int)Math.Clamp(location.Length - offset, 0, destination.Length);
            if (count == 0)
                return new(0);
            try
            {
                var isCached = LongReads.MayBeCached(volume, location.Offset + offset, count);
                if (isCached && volume.File.ReadCached(location.Offset + offset, destination.Span[..count]) == count)
                    return new(count);
                return new(_shardThreads.RunAsync(() => ReadFromMedium(id, offset, destination, isCached), cancellationToken));
            }
            catch (ObjectDisposedException) when (volume.IsRetired)
            {
                // Compaction moved it in this moment: the index knows where to.
            }
        }

        return ValueTask.FromException<int>(new BackendException(BackendErrorKind.Transient, $"{Location}: shard {id} moved {LookupCountMax} times while it was read."));
    }

    /// <inheritdoc/>
    public bool TryReadCached(ShardId id, long offset, Span<byte> destination)
    {
        if (_isDisposed != 0 || offset < 0 || !TryFind(id, out var location, out var volume) || offset > location.Length - destination.Length)
            return false;
        try
        {
            var place = location.Offset + offset;
            return LongReads.MayBeCached(volume, place, destination.Length) && volume.File.ReadCached(place, destination) == destination.Length;
        }
        catch (ObjectDisposedException)
        {
            // Compaction moved it, or the store was closed in this moment.
            return false;
        }
    }

    public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        return new(_index.TryGet(id, out var location) ? location.Length : null);
    }

    public async ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return await _writer.SubmitAsync(new WriteRequest(WriteKind.Delete, id), cancellationToken) ? DeleteOutcome.Deleted : DeleteOutcome.NotFound;
    }

    public async IAsyncEnumerable<ShardInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        await Task.CompletedTask;
        for (var i = 0; i < _index.PartitionCount; i++)
        {
            foreach (var (id, location) in _index.CopyPartition(i))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new(id, location.Length);
            }
        }
    }

    public async ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return await _fileThreads.RunAsync(Probe, cancellationToken);
    }

    /// <summary>Answers all that waits, writes a checkpoint and lets the directory go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await _stopping.CancelAsync();
        await _maintenance;
        await _compactor.StopAsync();
        _shardThreads.Stop();
        await _shardThreads.Stopped;
        _writer.Stop();
        await _writer.Stopped;
        if (_health.Failure is null)
            await _fileThreads.RunAsync(TryWriteCheckpoint, CancellationToken.None);
        _fileThreads.Stop();
        await _fileThreads.Stopped;
        _logs.Dispose();
        _compactor.Dispose();
        _spaceWanted.Dispose();
        _stopping.Dispose();
        foreach (var volume in _volumes.All)
            volume.Dispose();
        _lock?.Dispose();
    }

    /// <summary>What a failed read means: these bytes are bad, or the medium is.</summary>
    internal static BackendException ReadFailure(DiskException e) => new(e.Kind switch
    {
        DiskErrorKind.Failed => BackendErrorKind.Corrupt,
        DiskErrorKind.NotFound => BackendErrorKind.NotFound,
        _ => BackendErrorKind.Permanent,
    }, e.Message, e);

    private async ValueTask PutLongAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await using var writer = await ReserveAsync(id, content.Length, cancellationToken);
        await writer.WriteAsync(content, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    private async ValueTask<ExtentWriter> ReserveAsync(ShardId id, long length, CancellationToken cancellationToken)
    {
        var request = new WriteRequest(WriteKind.Reserve, id) { Length = length };
        await _writer.SubmitAsync(request, cancellationToken);
        return new ExtentWriter(id, request.Extent!, _extents);
    }

    private bool TryFind(ShardId id, out ShardLocation location, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out Volume volume)
    {
        volume = null;
        return _index.TryGet(id, out location) && _volumes.TryGet(location.Volume, out volume);
    }

    /// <summary>Reads on one of the store's threads, whatever it takes.</summary>
    /// <param name="throughCache">What <see cref="LongReads.MayBeCached"/> says; otherwise the page cache is passed by, unless the same was read before.</param>
    private int ReadFromMedium(ShardId id, long offset, Memory<byte> destination, bool throughCache)
    {
        for (var i = 0; i < LookupCountMax; i++)
        {
            if (!TryFind(id, out var location, out var volume))
                throw NotFound(id);
            var count = (int)Math.Clamp(location.Length - offset, 0, destination.Length);
            try
            {
                var place = location.Offset + offset;
                var read = throughCache ? volume.File.Read(place, destination.Span[..count]) : _longReads.Read(volume, place, destination.Span[..count]);
                if (read < count)
                    throw new BackendException(BackendErrorKind.Corrupt, $"{Location}: volume {location.Volume} ends before the end of shard {id}.");
                return count;
            }
            catch (ObjectDisposedException) when (volume.IsRetired)
            {
                // As above.
            }
            catch (DiskException e)
            {
                throw ReadFailure(e);
            }
        }

        throw new BackendException(BackendErrorKind.Transient, $"{Location}: shard {id} moved {LookupCountMax} times while it was read.");
    }

    private BackendException NotFound(ShardId id) => new(BackendErrorKind.NotFound, $"{Location} has no shard {id}.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
}
