using Oort.Metadata;

namespace Oort.Objects.Tiering;

/// <summary>Versions that wait to be restored, the most urgent first. In memory: what is lost with it is found again by the next pass over the bucket.</summary>
/// <remarks>Thread-safe. Bounded: a version that finds it full is found again too.</remarks>
internal sealed class RestoreQueue(TimeProvider time)
{
    /// <summary>Some 30 MiB with long keys; a pass brings what is beyond it.</summary>
    private const int CountMax = 20_000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>An outside archive takes hours; asking it twice an hour is often enough.</summary>
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(30);

    private readonly Lock gate = new();
    private readonly Dictionary<(BucketId, string, VersionId), Entry> entries = [];

    public int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    /// <summary>Whether some version found no room since the last time that this was asked.</summary>
    public bool TakeOverflow() => Interlocked.Exchange(ref overflowed, 0) != 0;

    private int overflowed;

    /// <summary>Puts a version in line; one that is in it gets the tier that it says now.</summary>
    public void Add(VersionRow version, RestoreState state)
    {
        lock (gate)
        {
            var key = (version.Bucket, version.Key, version.Id);
            if (entries.TryGetValue(key, out var known)) known.Tier = state.Tier;
            else if (entries.Count >= CountMax) Interlocked.Exchange(ref overflowed, 1);
            else entries.Add(key, new(version with { Extents = [] }, state.Tier, state.Requested) { Due = time.GetUtcNow() });
        }
    }

    /// <summary>Takes up to so many that are due and that nobody is at.</summary>
    public List<VersionRow> Take(int count)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            var taken = entries.Values.Where(entry => !entry.IsTaken && entry.Due <= now).OrderBy(entry => Urgency(entry.Tier)).ThenBy(entry => entry.Requested).Take(count).ToList();
            foreach (var entry in taken) entry.IsTaken = true;
            return taken.ConvertAll(entry => entry.Version);
        }
    }

    /// <summary>It is restored, or not to be any more.</summary>
    public void Remove(VersionRow version)
    {
        lock (gate) entries.Remove((version.Bucket, version.Key, version.Id));
    }

    /// <summary>It could not be restored now.</summary>
    public void Delay(VersionRow version)
    {
        lock (gate)
        {
            if (!entries.TryGetValue((version.Bucket, version.Key, version.Id), out var entry)) return;
            entry.IsTaken = false;
            entry.Due = time.GetUtcNow() + TimeSpan.FromTicks(Math.Min(RetryDelay.Ticks << Math.Min(entry.Failures++, 20), RetryDelayMax.Ticks));
        }
    }

    private static int Urgency(RestoreTier tier) => tier switch { RestoreTier.Expedited => 0, RestoreTier.Standard => 1, _ => 2 };

    private sealed class Entry(VersionRow version, RestoreTier tier, DateTimeOffset requested)
    {
        public VersionRow Version => version;

        public DateTimeOffset Requested => requested;

        public RestoreTier Tier { get; set; } = tier;

        public DateTimeOffset Due { get; set; }

        public int Failures { get; set; }

        public bool IsTaken { get; set; }
    }
}
