namespace Oort.Backends.Local;

/// <summary>What a caller wants of the writer's thread.</summary>
internal enum WriteKind
{
    /// <summary>A small whole shard, into a group's content.</summary>
    Put,

    /// <summary>An extent for a shard that is written piece by piece.</summary>
    Reserve,

    /// <summary>The shard in an extent is whole.</summary>
    Commit,

    Delete,

    /// <summary>A tombstone that compaction carries to another volume.</summary>
    KeepTombstone,
}

/// <summary>A part of a volume that is reserved for one shard.</summary>
internal sealed record Extent(Volume Volume, long Offset, long Length);

/// <summary>One wish to the writer's thread, and its answer.</summary>
/// <remarks>Until the thread takes it, it can be cancelled, and then its content is never looked at; from then on it runs to its end.</remarks>
internal sealed class WriteRequest(WriteKind kind, ShardId id)
{
    private const int Queued = 0;
    private const int Taken = 1;
    private const int Cancelled = 2;

    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;
    private int _state;
    private int _registered;

    public WriteKind Kind => kind;

    public ShardId Id => id;

    /// <summary>Put: the shard.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Reserve: bytes wanted.</summary>
    public long Length { get; init; }

    /// <summary>Commit: where the shard was written. Reserve: where it may be (set by the writer).</summary>
    public Extent? Extent { get; set; }

    /// <summary>Commit: CRC of the shard. Put: only where compaction knows it; null: to be computed.</summary>
    public ulong? Crc { get; init; }

    /// <summary>Where the shard must still be for this to be done (compaction moves, it does not bring back); null: wherever.</summary>
    public ShardLocation? Expected { get; init; }

    /// <summary>Compaction moves a shard: the space it takes now is freed soon, so it may use the headroom.</summary>
    public bool IsMove { get; init; }

    /// <summary>True when done; false when there was nothing to do: no such shard, or it has moved on.</summary>
    public Task<bool> Done => _done.Task;

    /// <summary>Lets <paramref name="token"/> cancel it while it is queued.</summary>
    public void CancelWith(CancellationToken token)
    {
        if (!token.CanBeCanceled)
            return;
        _registration = token.UnsafeRegister(static (state, t) => ((WriteRequest)state!).Cancel(t), this);
        // Whoever comes second, this thread or the writer's, sees the other's mark and unregisters.
        if (Interlocked.Exchange(ref _registered, 1) != 0)
            _registration.Unregister();
    }

    /// <summary>Takes it for good; false when it was cancelled before.</summary>
    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Queued) == Cancelled)
            return false;
        if (Interlocked.Exchange(ref _registered, 1) != 0)
            _registration.Unregister();
        return true;
    }

    public void Complete(bool done) => _done.TrySetResult(done);

    public void Fail(BackendException exception) => _done.TrySetException(exception);

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Queued) == Queued)
            _done.TrySetCanceled(token);
    }
}
