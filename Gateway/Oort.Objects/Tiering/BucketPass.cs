using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>A pass over a bucket: why it is made, and what came of it so far.</summary>
internal sealed class BucketPass(BucketRow bucket, TierDocument tiers, DateTimeOffset started)
{
    private long looked;
    private long moved;
    private long movedBytes;
    private long changed;
    private long failed;
    private volatile string lastFailure = "";
    private volatile bool isStopped;

    public BucketRow Bucket => bucket;

    public TierDocument Tiers => tiers;

    public DateTimeOffset Started => started;

    /// <summary>Whether every version is looked at for where it lies.</summary>
    public bool IsMigrating { get; } = BucketMarks.Of(bucket, BucketMarks.Migration) is not null;

    /// <summary>Whether there is anything to look for.</summary>
    public bool IsNeeded => IsMigrating || !tiers.Drained.IsEmpty || BucketMarks.Of(bucket, BucketMarks.Restores) is not null;

    /// <summary>Classes that are given up, and that some version had.</summary>
    public HashSet<string> Found { get; } = new(StringComparer.Ordinal);

    /// <summary>Versions that are restored, or wait for it.</summary>
    public long Restores { get; set; }

    public long Expired { get; set; }

    public long Looked { get => Interlocked.Read(ref looked); set => Interlocked.Exchange(ref looked, value); }

    public long Moved => Interlocked.Read(ref moved);

    public long MovedBytes => Interlocked.Read(ref movedBytes);

    public long Failed => Interlocked.Read(ref failed);

    public string LastFailure => lastFailure;

    /// <summary>Whether all that was due was done.</summary>
    public bool IsClean => !isStopped && Failed == 0 && Interlocked.Read(ref changed) == 0;

    public void CountMoved(long bytes)
    {
        Interlocked.Increment(ref moved);
        Interlocked.Add(ref movedBytes, bytes);
    }

    /// <summary>Somebody else changed it meanwhile.</summary>
    public void CountChanged() => Interlocked.Increment(ref changed);

    /// <summary>Something has to end first that somebody else is at.</summary>
    public void CountWaiting(string what)
    {
        lastFailure = what;
        CountChanged();
    }

    /// <summary>Ends it where it is.</summary>
    public void Stop() => isStopped = true;

    public bool IsStopped => isStopped;

    public void CountFailed(string reason)
    {
        lastFailure = reason;
        Interlocked.Increment(ref failed);
    }
}
