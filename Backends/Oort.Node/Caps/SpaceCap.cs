using Oort.Backends;

namespace Oort.Node;

/// <summary>Keeps the store's files within the owner's cap: what they took when they were measured last, and what has been taken since.</summary>
/// <remarks>
/// A store of many terabytes has thousands of files, so they are measured in the background, and no request waits for it. Space that deleted shards still take counts until
/// compaction has given it back: it is the owner's disk that matters.
/// </remarks>
internal sealed class SpaceCap(string directory, long? capBytes, TimeProvider time)
{
    /// <summary>So long a node may take itself for fuller than it is.</summary>
    private static readonly TimeSpan s_measureInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _measuredAt;
    private long _used;
    private long _takenMeanwhile;

    /// <summary>The measurement that was begun last.</summary>
    public Task Measuring { get; private set; } = Task.CompletedTask;

    /// <summary>Measures once, before the first request.</summary>
    public Task BeginAsync()
    {
        lock (_lock) Refresh();
        return Measuring;
    }

    /// <summary>What the node offers and has left, given what the disk has.</summary>
    public StoreSpace Limit(StoreSpace disk)
    {
        if (capBytes is not { } cap) return disk;
        lock (_lock)
        {
            Refresh();
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
            Refresh();
            if (_used + bytes > cap)
                throw new BackendException(BackendErrorKind.Full, "The space that the node's owner gives is used up.");
            _used += bytes;
            _takenMeanwhile += bytes;
        }
    }

    /// <summary>Under the lock: begins a measurement when one is due and none is under way.</summary>
    private void Refresh()
    {
        if (capBytes is null || !Measuring.IsCompleted || (_measuredAt is { } at && time.GetElapsedTime(at) <= s_measureInterval)) return;
        _takenMeanwhile = 0;
        Measuring = Task.Run(Measure);
    }

    private void Measure()
    {
        var used = MeasureFiles();
        lock (_lock)
        {
            // What was taken while the files were looked at may be in them or not; it counts until the next time.
            if (used is { } bytes) _used = bytes + _takenMeanwhile;
            _measuredAt = time.GetTimestamp();
        }
    }

    /// <returns>Null: the folder cannot be read; what was known holds on.</returns>
    private long? MeasureFiles()
    {
        try
        {
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

            return used;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
