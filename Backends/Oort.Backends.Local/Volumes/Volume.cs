namespace Oort.Backends.Local;

/// <summary>An open volume file and what is known of it.</summary>
/// <remarks>The writer's thread alone changes <see cref="End"/> and <see cref="Allocated"/>; the counts of live and dead are under the lock.</remarks>
internal sealed class Volume(VolumeHeader header, IDiskFile file, long end) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ulong> _deadIds = [];
    private long _liveBytes;
    private int _pendingExtents;
    private long _appliedEnd = end;
    private volatile bool _retired;
    private volatile bool _sealed;

    public VolumeHeader Header => header;

    public uint Number => header.Number;

    public IDiskFile File => file;

    /// <summary>Where the next group goes.</summary>
    public long End { get; set; } = end;

    /// <summary>Up to where the file has its space on the medium.</summary>
    public long Allocated { get; set; } = end;

    /// <summary>Where the next group after those in the index goes: a checkpoint of the index covers the volume up to here.</summary>
    public long AppliedEnd
    {
        get => Volatile.Read(ref _appliedEnd);
        set => Volatile.Write(ref _appliedEnd, value);
    }

    /// <summary>True once the writer's thread is done with it for good; from then on compaction may take it.</summary>
    public bool IsSealed
    {
        get => _sealed;
        set => _sealed = value;
    }

    /// <summary>True once compaction has moved everything away: its file is closed and going.</summary>
    public bool IsRetired => _retired;

    /// <summary>Extents that are reserved and neither committed nor abandoned: their commits still need this volume.</summary>
    public int PendingExtents => Volatile.Read(ref _pendingExtents);

    /// <summary>Bytes that live shards take, records included.</summary>
    public long LiveBytes
    {
        get
        {
            lock (_lock)
                return _liveBytes;
        }
    }

    public void BeginExtent() => Interlocked.Increment(ref _pendingExtents);

    public void EndExtent() => Interlocked.Decrement(ref _pendingExtents);

    public void AddLive(int length)
    {
        lock (_lock)
            _liveBytes += length + GroupRecord.Size;
    }

    /// <summary>A shard that counted as live here does not any more.</summary>
    public void MarkDead(ShardId id, int length)
    {
        lock (_lock)
        {
            _liveBytes -= length + GroupRecord.Size;
            _deadIds.Add(ShardIndex.Hash(id));
        }
    }

    /// <summary>A record here is outdone by a newer one and never counted as live.</summary>
    public void AddDead(ulong idHash)
    {
        lock (_lock)
            _deadIds.Add(idHash);
    }

    /// <summary>Hashes of the shards of which this volume holds an outdone copy: as long as one is here, its tombstone must stay somewhere.</summary>
    public ulong[] CopyDeadIds()
    {
        lock (_lock)
            return [.. _deadIds];
    }

    /// <summary>Closes the file; readers who still come find out by <see cref="ObjectDisposedException"/> and look the shard up again.</summary>
    public void Retire()
    {
        _retired = true;
        file.Dispose();
    }

    public void Dispose() => file.Dispose();
}
