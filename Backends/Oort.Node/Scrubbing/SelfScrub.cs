using System.Buffers.Binary;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Local;

namespace Oort.Node;

/// <summary>How far the node's scrub is.</summary>
/// <param name="Passes">Whole passes since the start.</param>
/// <param name="Shards">Shards looked at since the start.</param>
/// <param name="Bytes">Bytes read since the start.</param>
/// <param name="Bad">Shards that are known to be damaged now.</param>
public readonly record struct ScrubStatus(long Passes, long Shards, long Bytes, int Bad);

/// <summary>Reads the node's shards over and over in the background, behind everything else, and keeps those that are damaged for the gateways to hear of.</summary>
/// <remarks>On a thread of its own, at a rate; where that is the system's, at idle I/O and CPU priority (Linux). A damaged shard stays on the list until it has been put again or deleted.</remarks>
internal sealed partial class SelfScrub : IAsyncDisposable
{
    /// <summary>Damaged shards that are kept; a disk with more is dying, and what is mended makes room for the next.</summary>
    private const int BadCountMax = 1_000;

    private const long BytesPerSecondDefault = 8L << 20;

    private static readonly TimeSpan s_pauseDefault = TimeSpan.FromHours(12);

    /// <summary>After a start there is other work.</summary>
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMinutes(10);

    /// <summary>Rests shorter than this are put together: a timer is not finer.</summary>
    private static readonly TimeSpan s_restMin = TimeSpan.FromMilliseconds(50);

    private readonly NodeStorage _storage;
    private readonly long _bytesPerSecond;
    private readonly TimeSpan _pause;
    private readonly ThreadProvider _threads;
    private readonly Action<Span<byte>> _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, ScrubbedShard> _bad = [];
    private long _passes;
    private long _shards;
    private long _bytes;

    public SelfScrub(NodeStorage storage, NodeOptions options, TimeProvider time, ILogger logger)
    {
        (_storage, _threads, _random, _time, _logger) = (storage, options.Store.Threads, options.Random, time, logger);
        (_bytesPerSecond, _pause) = (options.ScrubBytesPerSecond ?? BytesPerSecondDefault, options.ScrubPause ?? s_pauseDefault);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running = ended.Task;
        if (_bytesPerSecond == 0)
        {
            ended.SetResult();
            return;
        }

        _threads.Start("scrub", () =>
        {
            // Of a simulation's threads one runs at a time, and everybody waits for it.
            if (_threads == ThreadProvider.System) IdlePriority.SetThread();
            Run();
            ended.SetResult();
        });
    }

    public ScrubStatus Status
    {
        get
        {
            lock (_lock) return new(Interlocked.Read(ref _passes), Interlocked.Read(ref _shards), Interlocked.Read(ref _bytes), _bad.Count);
        }
    }

    /// <summary>Shards that are damaged still.</summary>
    public ImmutableArray<ShardId> Bad(int countMax)
    {
        if (_storage.Store is not { } store) return [];
        lock (_lock)
        {
            foreach (var (id, seen) in _bad.ToArray())
                if (!store.IsStill(seen)) _bad.Remove(id);
            return [.. _bad.Keys.Take(countMax)];
        }
    }

    /// <summary>Ends when the shard that is being read has been.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private void Run()
    {
        try
        {
            // Machines that run some hours a day would scrub the same first volumes for ever.
            var start = DrawStart();
            for (var pause = _pause < s_firstPause ? _pause : s_firstPause; ; pause = _pause)
            {
                Wait(pause);
                if (_storage.Store is { } store) Pass(store, start++);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node is being stopped.
        }
    }

    private void Pass(LocalStore store, uint start)
    {
        try
        {
            var rest = TimeSpan.Zero;
            foreach (var looked in store.Scrub(start))
            {
                Interlocked.Increment(ref _shards);
                Interlocked.Add(ref _bytes, looked.Length);
                if (!looked.IsWhole) Note(looked);
                rest += TimeSpan.FromSeconds((double)looked.Length / _bytesPerSecond);
                if (rest < s_restMin) continue;
                Wait(rest);
                rest = TimeSpan.Zero;
            }

            Interlocked.Increment(ref _passes);
        }
        catch (Exception e) when (e is BackendException or ObjectDisposedException)
        {
            // The disk is gone: the gateways' probes find the same.
            LogFailed(_logger, e.Message);
        }
    }

    private void Note(ScrubbedShard damaged)
    {
        lock (_lock)
        {
            var isKnown = _bad.ContainsKey(damaged.Id);
            if (!isKnown && _bad.Count >= BadCountMax) return;
            _bad[damaged.Id] = damaged;
            if (isKnown) return;
        }

        LogDamaged(_logger, damaged.Id);
    }

    private uint DrawStart()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _random(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private void Wait(TimeSpan time) => _threads.Wait(Task.Delay(time, _time, _stopping.Token));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} is not what was put here; the gateway is told.")]
    private static partial void LogDamaged(ILogger logger, ShardId shard);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scrub was broken off: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
