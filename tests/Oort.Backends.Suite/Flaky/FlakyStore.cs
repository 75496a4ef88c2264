using System.Runtime.CompilerServices;
using Oort.Checksums;

namespace Oort.Backends.Suite;

/// <summary>A store that fails on command: count-down faults, calls held back until released, a switch that takes it offline. Otherwise it is the store it wraps.</summary>
/// <remarks>Thread-safe. It uses no clock: a delay is a <see cref="Hold"/> that the test releases.</remarks>
public sealed class FlakyStore(IStore inner) : IStore
{
    private readonly Lock _lock = new();
    private readonly List<StoreFault> _faults = [];
    private readonly List<(StoreOperations Operations, TaskCompletionSource Gate)> _holds = [];
    private readonly Dictionary<StoreOperations, int> _counts = [];
    private volatile bool _offline;
    private volatile bool _readOnly;
    private IShardProver? _prover;
    private StoreTraits? _traits;

    /// <summary>The store behind it, to look at or damage directly.</summary>
    public IStore Inner => inner;

    public StoreId Id => inner.Id;

    public string Location => inner.Location;

    public string FailureDomain => inner.FailureDomain;

    /// <summary>Whose it is and where: as the store behind it says, unless something else was put here.</summary>
    public StoreTraits Traits
    {
        get => _traits ?? inner.Traits;
        set => _traits = value;
    }

    /// <summary>What it answers challenges with: the store behind it, unless something else was put here.</summary>
    public IShardProver? Prover
    {
        get => _prover ?? inner.Prover;
        set => _prover = value;
    }

    /// <summary>While true every call throws kind Permanent and nothing reaches the store.</summary>
    public bool Offline
    {
        get => _offline;
        set => _offline = value;
    }

    /// <summary>While true every call that changes something throws kind ReadOnly, and the probe says so; reads reach the store.</summary>
    public bool ReadOnly
    {
        get => _readOnly;
        set => _readOnly = value;
    }

    /// <summary>Adds a fault; several may wait at once, and the first that strikes decides.</summary>
    /// <param name="operations">Which calls it is for.</param>
    /// <param name="skip">How many of them pass first.</param>
    /// <param name="times">How many fail then.</param>
    public void Inject(StoreOperations operations, FaultMode mode = FaultMode.Fail, BackendErrorKind kind = BackendErrorKind.Transient, int skip = 0, int times = 1)
    {
        lock (_lock)
            _faults.Add(new StoreFault(operations, mode, kind, skip, times));
    }

    /// <summary>Drops all faults and releases all that is held.</summary>
    public void Heal()
    {
        List<(StoreOperations, TaskCompletionSource Gate)> held;
        lock (_lock)
        {
            _faults.Clear();
            held = [.. _holds];
            _holds.Clear();
        }

        _offline = false;
        _readOnly = false;
        foreach (var (_, gate) in held)
            gate.TrySetResult();
    }

    /// <summary>Makes matching calls wait, before they do anything, until the returned source is completed (or failed: then they throw that).</summary>
    public TaskCompletionSource Hold(StoreOperations operations)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            _holds.Add((operations, gate));
        return gate;
    }

    /// <summary>How many calls of these kinds have come in, failed ones too.</summary>
    public int Count(StoreOperations operations)
    {
        lock (_lock)
            return _counts.Where(pair => (pair.Key & operations) != 0).Sum(pair => pair.Value);
    }

    public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        ChangeAsync(StoreOperations.Put, () => inner.PutAsync(id, content, cancellationToken), cancellationToken);

    /// <summary>Told of each shard that is begun, in the order in which they are.</summary>
    public Action<ShardId>? OnBegin { get; set; }

    public async ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken)
    {
        OnBegin?.Invoke(id);
        var fault = await EnterAsync(StoreOperations.Begin, cancellationToken);
        if (fault is not null)
            throw Failure(fault, StoreOperations.Begin);
        return new FlakyShardWriter(this, await inner.BeginAsync(id, length, cancellationToken));
    }

    public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadAsync(StoreOperations.Read, destination, d => inner.ReadAsync(id, offset, d, cancellationToken), cancellationToken);

    /// <summary>While false nothing is read at once, as from a store that is far away.</summary>
    public bool ReadsCached { get; set; } = true;

    /// <summary>Counts as a read where it gives something. Whatever waits for reads or strikes them does so in <see cref="ReadAsync(ShardId, long, Memory{byte}, CancellationToken)"/>.</summary>
    public bool TryReadCached(ShardId id, long offset, Span<byte> destination)
    {
        lock (_lock)
        {
            if (!ReadsCached || _offline || _holds.Exists(hold => (hold.Operations & StoreOperations.Read) != 0) || _faults.Exists(fault => fault.IsFor(StoreOperations.Read)))
                return false;
            if (!inner.TryReadCached(id, offset, destination))
                return false;
            _counts[StoreOperations.Read] = _counts.GetValueOrDefault(StoreOperations.Read) + 1;
            return true;
        }
    }

    public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken) =>
        AskAsync(StoreOperations.Stat, () => inner.StatAsync(id, cancellationToken), cancellationToken);

    public async ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken)
    {
        var outcome = DeleteOutcome.Deleted;
        await ChangeAsync(StoreOperations.Delete, async () => outcome = await inner.DeleteAsync(id, cancellationToken), cancellationToken);
        return outcome;
    }

    public IAsyncEnumerable<ShardInfo> ListAsync(CancellationToken cancellationToken) =>
        ListAsync(StoreOperations.List, inner.ListAsync(cancellationToken), cancellationToken);

    public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        ChangeAsync(StoreOperations.PutBlob, () => inner.PutBlobAsync(name, content, cancellationToken), cancellationToken);

    public async ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken)
    {
        var fault = await EnterAsync(StoreOperations.GetBlob, cancellationToken);
        if (fault is { Mode: not FaultMode.FlipBit })
            throw Failure(fault, StoreOperations.GetBlob);
        var content = await inner.GetBlobAsync(name, cancellationToken);
        if (fault is not null && content is { Length: > 0 })
            content[0] ^= 1;
        return content;
    }

    public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync(StoreOperations.DeleteBlob, () => inner.DeleteBlobAsync(name, cancellationToken), cancellationToken);

    public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(StoreOperations.ListBlobs, inner.ListBlobsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        ChangeAsync(StoreOperations.AppendLog, () => inner.AppendLogAsync(name, offset, content, cancellationToken), cancellationToken);

    public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadAsync(StoreOperations.ReadLog, destination, d => inner.ReadLogAsync(name, offset, d, cancellationToken), cancellationToken);

    public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken) =>
        AskAsync(StoreOperations.LogLength, () => inner.LogLengthAsync(name, cancellationToken), cancellationToken);

    public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync(StoreOperations.DeleteLog, () => inner.DeleteLogAsync(name, cancellationToken), cancellationToken);

    public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(StoreOperations.ListLogs, inner.ListLogsAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken) =>
        AskAsync(StoreOperations.Probe, async () => await inner.ProbeAsync(cancellationToken) with { Refusal = _readOnly ? new($"{Location} refuses writes (as the test wants).", false) : null }, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>A call that changes something: every mode applies but those for reads, which count as <see cref="FaultMode.Fail"/>.</summary>
    internal async ValueTask ChangeAsync(StoreOperations operation, Func<ValueTask> change, CancellationToken cancellationToken)
    {
        var fault = await EnterAsync(operation, cancellationToken);
        if (fault is { Mode: FaultMode.PretendDone })
            return;
        if (fault is { Mode: not FaultMode.FailAfterDoing })
            throw Failure(fault, operation);
        await change();
        if (fault is not null)
            throw Failure(fault, operation);
    }

    private async ValueTask<T> AskAsync<T>(StoreOperations operation, Func<ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        var fault = await EnterAsync(operation, cancellationToken);
        return fault is null ? await ask() : throw Failure(fault, operation);
    }

    private async ValueTask<int> ReadAsync(StoreOperations operation, Memory<byte> destination, Func<Memory<byte>, ValueTask<int>> read, CancellationToken cancellationToken)
    {
        var fault = await EnterAsync(operation, cancellationToken);
        if (fault is { Mode: not (FaultMode.FlipBit or FaultMode.ShortRead) })
            throw Failure(fault, operation);
        if (fault is { Mode: FaultMode.ShortRead })
            return await read(destination[..(destination.Length / 2)]);
        var count = await read(destination);
        if (fault is not null && count > 0)
            destination.Span[0] ^= 1;
        return count;
    }

    private async IAsyncEnumerable<T> ListAsync<T>(StoreOperations operation, IAsyncEnumerable<T> all, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var fault = await EnterAsync(operation, cancellationToken);
        if (fault is not null)
            throw Failure(fault, operation);
        await foreach (var item in all.WithCancellation(cancellationToken))
            yield return item;
    }

    /// <summary>Counts the call, waits where it is held, and gives the fault that strikes it, if one does.</summary>
    private async ValueTask<StoreFault?> EnterAsync(StoreOperations operation, CancellationToken cancellationToken)
    {
        StoreFault? fault;
        Task[] held;
        lock (_lock)
        {
            _counts[operation] = _counts.GetValueOrDefault(operation) + 1;
            _holds.RemoveAll(hold => hold.Gate.Task.IsCompletedSuccessfully);
            held = [.. _holds.Where(hold => (hold.Operations & operation) != 0).Select(hold => hold.Gate.Task)];
            fault = _faults.Find(f => f.Strikes(operation));
        }

        foreach (var gate in held)
            await gate.WaitAsync(cancellationToken);
        if (_offline)
            throw new BackendException(BackendErrorKind.Permanent, $"{Location} is offline (as the test wants).");
        if (_readOnly && (operation & StoreOperations.Writes) != 0)
            throw new BackendException(BackendErrorKind.ReadOnly, $"{Location} refuses writes (as the test wants).");
        return fault;
    }

    private BackendException Failure(StoreFault fault, StoreOperations operation) => new(fault.Kind, $"{Location} fails at {operation} (as the test wants).");

    private sealed class FlakyShardWriter(FlakyStore store, IShardWriter writer) : IShardWriter
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            store.ChangeAsync(StoreOperations.Write, () => writer.WriteAsync(content, cancellationToken), cancellationToken);

        // A store believes the checksum it is given: every test of a writer that gives one tests that it is right.
        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, ulong crc, CancellationToken cancellationToken)
        {
            if (crc != Crc64Nvme.Compute(content.Span)) throw new BackendException(BackendErrorKind.Corrupt, "The checksum is not that of the content.");
            return store.ChangeAsync(StoreOperations.Write, () => writer.WriteAsync(content, crc, cancellationToken), cancellationToken);
        }

        public ValueTask CommitAsync(CancellationToken cancellationToken) =>
            store.ChangeAsync(StoreOperations.Commit, () => writer.CommitAsync(cancellationToken), cancellationToken);

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
