using System.Diagnostics.CodeAnalysis;
using Oort.Backends;

namespace Oort.Objects.Caching;

/// <summary>What became of a read of the cache.</summary>
internal enum CacheReadOutcome
{
    Right,

    /// <summary>The bytes are not those that were written.</summary>
    Damaged,

    /// <summary>The disk would not give them.</summary>
    Failed,

    /// <summary>The file went meanwhile, to make room or at the end.</summary>
    Gone,
}

/// <summary>A few threads that read cells from the cache's disk: one that hangs holds these and no others.</summary>
internal sealed class CacheReads
{
    private const int ThreadCount = 4;

    /// <summary>Reads that wait for a thread at most: more would wait longer than a store takes.</summary>
    private const int QueueCountMax = 256;

    private readonly object gate = new();
    private readonly CacheDisk disk;
    private readonly ThreadProvider threads;
    private readonly Queue<Request> queue = new();
    private bool isStopping;

    public CacheReads(CacheDisk disk, ThreadProvider threads)
    {
        (this.disk, this.threads) = (disk, threads);
        for (var i = 0; i < ThreadCount; i++) threads.Start($"cache read {i}", Run);
    }

    /// <summary>Begins to read a cell.</summary>
    /// <param name="destination">As long as the cell; is written to until the read has ended.</param>
    /// <returns>False: too many wait already.</returns>
    public bool TryBegin(CachePlace place, Memory<byte> destination, [NotNullWhen(true)] out Task<CacheReadOutcome>? read)
    {
        read = null;
        var request = new Request(place, destination);
        lock (gate)
        {
            if (isStopping || queue.Count >= QueueCountMax) return false;
            queue.Enqueue(request);
            threads.Pulse(gate);
        }
        read = request.Done.Task;
        return true;
    }

    /// <summary>Takes no more. What is queued is still read.</summary>
    public void Stop()
    {
        lock (gate)
        {
            isStopping = true;
            threads.PulseAll(gate);
        }
    }

    private void Run()
    {
        while (true)
        {
            Request? request;
            lock (gate)
            {
                while (queue.Count == 0 && !isStopping) threads.Wait(gate, Timeout.InfiniteTimeSpan);
                if (!queue.TryDequeue(out request)) return;
            }
            request.Done.SetResult(Read(request));
        }
    }

    private CacheReadOutcome Read(Request request)
    {
        try
        {
            var place = request.Place;
            var destination = request.Destination.Span;
            return disk.Read(place.File.Handle, destination, place.Offset) == destination.Length && place.Entry.Fits(destination) ? CacheReadOutcome.Right : CacheReadOutcome.Damaged;
        }
        catch (ObjectDisposedException)
        {
            return CacheReadOutcome.Gone;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return CacheReadOutcome.Failed;
        }
    }

    private sealed class Request(CachePlace place, Memory<byte> destination)
    {
        public CachePlace Place => place;

        public Memory<byte> Destination => destination;

        public TaskCompletionSource<CacheReadOutcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
