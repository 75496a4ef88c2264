using Oort.Backends;
using Oort.Metadata;

namespace Oort.Objects.Networks;

/// <summary>What this gateway has seen of a network since its start: steps, reads, and whether it is worth asking just now.</summary>
/// <remarks>Thread-safe. It stays the same while the network's definition changes.</remarks>
internal sealed class NetworkTally(TimeProvider time)
{
    /// <summary>How long reads ask others first after one has failed; doubled with each further failure up to <see cref="AvoidanceMax"/>. The next read that finds nothing else shows whether it is back.</summary>
    private static readonly TimeSpan AvoidanceMin = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AvoidanceMax = TimeSpan.FromMinutes(5);

    /// <summary>Buckets whose reads are told apart until they are taken; those of others count for none.</summary>
    private const int ReadBucketCountMax = 1_024;

    private readonly Lock gate = new();
    private Dictionary<(BucketId? Bucket, bool IsOwn), (long Count, long Bytes)> charged = [];
    private readonly long[] stepsFailed = new long[Enum.GetValues<BackendErrorKind>().Length];
    private long stepsTaken;
    private long reads;
    private long readBytes;
    private long readsFailed;
    private TimeSpan readTime;
    private (int Shards, long Bytes) waiting;
    private int failuresInARow;
    private long failedAt;
    private DateTimeOffset? failingSince;

    /// <summary>Whether reads should ask others first.</summary>
    public bool IsAvoided
    {
        get
        {
            lock (gate) return failuresInARow > 0 && time.GetElapsedTime(failedAt) < TimeSpan.FromTicks(Math.Min(AvoidanceMin.Ticks << Math.Min(failuresInARow - 1, 10), AvoidanceMax.Ticks));
        }
    }

    /// <summary>Since when every request has failed; null: the last one did not.</summary>
    public DateTimeOffset? FailingSince
    {
        get
        {
            lock (gate) return failingSince;
        }
    }

    public NetworkCounts Counts
    {
        get
        {
            lock (gate) return new(stepsTaken, [.. Enum.GetValues<BackendErrorKind>().Select(kind => (kind, stepsFailed[(int)kind])).Where(one => one.Item2 > 0)], reads, readBytes, readsFailed, readTime, waiting);
        }
    }

    /// <summary>So much more waits to be bundled; negative: less.</summary>
    public void Waits(int shards, long bytes)
    {
        lock (gate) waiting = (waiting.Shards + shards, waiting.Bytes + bytes);
    }

    public void StepTaken()
    {
        lock (gate)
        {
            stepsTaken++;
            failingSince = null;
        }
    }

    public void StepFailed(BackendErrorKind kind)
    {
        lock (gate)
        {
            stepsFailed[(int)kind]++;
            Note(kind);
        }
    }

    /// <summary>It answered a question that is neither.</summary>
    public void Answered()
    {
        lock (gate) failingSince = null;
    }

    /// <summary>It did not answer a question that is neither.</summary>
    public void Failed(BackendErrorKind kind)
    {
        lock (gate) Note(kind);
    }

    /// <param name="bucket">Whose data most of the item are; null: not known.</param>
    /// <param name="isOwn">Oort read for itself: to check, to repair, to move.</param>
    public void Read(long bytes, TimeSpan took, BucketId? bucket, bool isOwn)
    {
        lock (gate)
        {
            Charge(bucket, isOwn, 1, bytes);
            (reads, readBytes, readTime) = (reads + 1, readBytes + bytes, readTime + took);
            (failuresInARow, failingSince) = (0, null);
        }
    }

    /// <summary>A read came to nothing. What is said of one item says nothing of the others.</summary>
    public void ReadFailed(BackendErrorKind kind, TimeSpan took)
    {
        lock (gate)
        {
            (reads, readsFailed, readTime) = (reads + 1, readsFailed + 1, readTime + took);
            if (kind is BackendErrorKind.NotFound or BackendErrorKind.Corrupt) return;
            Note(kind);
            failuresInARow++;
            failedAt = time.GetTimestamp();
        }
    }

    /// <summary>Whether there are reads that were answered and not taken yet.</summary>
    public bool HasCharged
    {
        get
        {
            lock (gate) return charged.Count > 0;
        }
    }

    /// <summary>Reads that were answered since they were last taken: they are charged.</summary>
    public IReadOnlyDictionary<(BucketId? Bucket, bool IsOwn), (long Count, long Bytes)> TakeCharged()
    {
        lock (gate)
        {
            var taken = charged;
            charged = [];
            return taken;
        }
    }

    /// <summary>What was taken could not be stored.</summary>
    public void GiveBack(IReadOnlyDictionary<(BucketId? Bucket, bool IsOwn), (long Count, long Bytes)> taken)
    {
        lock (gate)
            foreach (var (of, (count, bytes)) in taken) Charge(of.Bucket, of.IsOwn, count, bytes);
    }

    /// <summary>Under the gate.</summary>
    private void Charge(BucketId? bucket, bool isOwn, long count, long bytes)
    {
        if (charged.Count >= ReadBucketCountMax && !charged.ContainsKey((bucket, isOwn))) bucket = null;
        var before = charged.GetValueOrDefault((bucket, isOwn));
        charged[(bucket, isOwn)] = (before.Count + count, before.Bytes + bytes);
    }

    /// <summary>Under the gate.</summary>
    private void Note(BackendErrorKind kind)
    {
        // The others are answers, if no pleasant ones.
        if (kind is BackendErrorKind.Transient or BackendErrorKind.Unauthorized) failingSince ??= time.GetUtcNow();
    }
}
