using Oort.Backends;

namespace Oort.Node;

/// <summary>Keeps the store's files within the owner's cap. It measures the files from time to time and adds what has been taken since.</summary>
/// <remarks>Space that deleted shards still take counts until compaction has given it back: it is the owner's disk that matters.</remarks>
internal sealed class SpaceCap(string directory, long? capBytes, TimeProvider time)
{
    /// <summary>A store has about a thousand files at most, so looking at them costs a few milliseconds.</summary>
    private static readonly TimeSpan s_measureInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _measuredAt;
    private long _used;

    /// <summary>What the node offers and has left, given what the disk has.</summary>
    public StoreSpace Limit(StoreSpace disk)
    {
        if (capBytes is not { } cap) return disk;
        lock (_lock)
        {
            Measure();
            var free = Math.Max(0, cap - _used);
            return disk with
            {
                CapacityBytes = Math.Min(cap, disk.CapacityBytes ?? cap),
                FreeBytes = Math.Min(free, disk.FreeBytes ?? free),
            };
        }
    }

    /// <summary>Counts bytes that are about to be written.</summary>
    /// <exception cref="BackendException">Kind Full: they do not fit under the cap.</exception>
    public void Take(long bytes)
    {
        if (capBytes is not { } cap) return;
        lock (_lock)
        {
            if (_measuredAt is not { } at || time.GetElapsedTime(at) > s_measureInterval || _used + bytes > cap) Measure();
            if (_used + bytes > cap)
                throw new BackendException(BackendErrorKind.Full, "The space that the node's owner gives is used up.");
            _used += bytes;
        }
    }

    private void Measure()
    {
        // Files come and go meanwhile; what was missed is seen the next time.
        var used = 0L;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }))
        {
            try
            {
                used += file.Length;
            }
            catch (FileNotFoundException)
            {
                // Compaction took it away in this moment.
            }
        }

        (_used, _measuredAt) = (used, time.GetTimestamp());
    }
}
