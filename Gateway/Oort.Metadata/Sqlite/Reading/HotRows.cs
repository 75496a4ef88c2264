using Oort.Backends;
using Oort.Metadata.Sqlite.Writing;
using Oort.Metadata.Writing;

namespace Oort.Metadata.Sqlite.Reading;

/// <summary>A bounded cache of what requests ask for again and again: bucket rows, and newest versions with the places of their data.</summary>
/// <remarks>
/// It never shows what a crash could take back, nor what has been replaced in sight of anyone:
/// a reader adds only what was in the journal when it looked; the writer calls <see cref="Forget"/> after COMMIT and before the group goes to the journal, so before
/// anybody can learn of the change. A reader that looked before the COMMIT and adds after it is refused by its <see cref="Stamp"/>.
/// A key is kept from the second time on that it is asked for: a scan over more keys than are kept would otherwise find none of them and replace all, and rows that live just long enough
/// to leave the collector's youngest generation are its dearest (they took a seventh of the processor time of a GET).
/// Each shard has two generations: what is found in the older moves to the younger; when that is full, the older is dropped whole and the younger becomes it.
/// </remarks>
/// <param name="bytesMax">Bytes kept at most, by estimate; 0: nothing is kept.</param>
internal sealed class HotRows(long bytesMax)
{
    /// <summary>So that readers seldom meet at one lock. A power of two.</summary>
    private const int ShardCount = 16;

    /// <summary>Buckets kept; beyond it those kept are dropped. They are few, and a row is small.</summary>
    private const int BucketsMax = 1_024;

    /// <summary>Keys remembered as asked for once, as a power of two.</summary>
    private const int AskedBits = 15;

    private readonly Shard[] shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new Shard())];
    private readonly long shardBytesMax = bytesMax / ShardCount / 2;
    private readonly Doorkeeper asked = new(AskedBits);
    private readonly Lock bucketGate = new();
    private Dictionary<string, BucketRow> buckets = [];
    private ulong bucketChanges;
    private ulong moves;

    /// <param name="scope"><see cref="Scope.Key"/> of the key: where it is filed.</param>
    /// <param name="stamp">When it is not found: to be taken before reading the database, and given to <see cref="Add(ulong, FoundVersion, Stamp)"/>.</param>
    public FoundVersion? Find(ulong scope, BucketId bucket, string key, out Stamp stamp)
    {
        var shard = ShardOf(scope);
        var moved = Volatile.Read(ref moves);
        lock (shard.Gate)
        {
            stamp = new(shard.Changes, moved, IsAgain: false);
            if (!shard.Recent.TryGetValue(scope, out var entry))
            {
                if (!shard.Older.Remove(scope, out entry))
                {
                    stamp = stamp with { IsAgain = asked.Count(scope) > 1 };
                    return null;
                }
                Put(shard, scope, entry);
            }
            // Two keys may have one hash.
            return entry.Moves == moved && entry.Found.Version.Bucket == bucket && entry.Found.Version.Key == key ? entry.Found : null;
        }
    }

    public void Add(ulong scope, FoundVersion found, Stamp stamp)
    {
        if (bytesMax == 0 || !stamp.IsAgain) return;
        var shard = ShardOf(scope);
        lock (shard.Gate)
        {
            if (shard.Changes == stamp.Changes) Put(shard, scope, new(found, stamp.Moves));
        }
    }

    public BucketRow? FindBucket(string name, out Stamp stamp)
    {
        lock (bucketGate)
        {
            stamp = new(bucketChanges, 0, IsAgain: true);
            return buckets.GetValueOrDefault(name);
        }
    }

    public void Add(BucketRow bucket, Stamp stamp)
    {
        if (bytesMax == 0) return;
        lock (bucketGate)
        {
            if (bucketChanges != stamp.Changes) return;
            if (buckets.Count >= BucketsMax) buckets = [];
            buckets[bucket.Name] = bucket;
        }
    }

    /// <summary>Drops what a group touches.</summary>
    /// <param name="dataMoved">Data or segments that were there before lie elsewhere now.</param>
    public void Forget(IReadOnlySet<ulong> scopes, bool dataMoved)
    {
        if (bytesMax == 0) return;
        if (dataMoved) Interlocked.Increment(ref moves);
        foreach (var scope in scopes)
        {
            var shard = ShardOf(scope);
            lock (shard.Gate)
            {
                shard.Changes++;
                shard.Older.Remove(scope);
                if (shard.Recent.Remove(scope, out var entry)) shard.RecentBytes -= entry.Found.EstimatedBytes;
            }
        }
        if (!scopes.Contains(Scope.BucketNames)) return;
        lock (bucketGate)
        {
            bucketChanges++;
            buckets = [];
        }
    }

    private void Put(Shard shard, ulong scope, Entry entry)
    {
        if (shard.Recent.TryGetValue(scope, out var old)) shard.RecentBytes -= old.Found.EstimatedBytes;
        shard.Recent[scope] = entry;
        shard.RecentBytes += entry.Found.EstimatedBytes;
        if (shard.RecentBytes <= shardBytesMax) return;
        (shard.Older, shard.Recent) = (shard.Recent, shard.Older);
        shard.Recent.Clear();
        shard.RecentBytes = 0;
    }

    private Shard ShardOf(ulong scope) => shards[(int)(scope >> 56) & (ShardCount - 1)];

    /// <summary>What had changed when a reader began.</summary>
    /// <param name="Changes">Of the shard, or of the buckets.</param>
    /// <param name="Moves">Of data in the database.</param>
    /// <param name="IsAgain">It was asked for before, not long ago.</param>
    internal readonly record struct Stamp(ulong Changes, ulong Moves, bool IsAgain);

    private readonly record struct Entry(FoundVersion Found, ulong Moves);

    private sealed class Shard
    {
        public Lock Gate { get; } = new();
        public Dictionary<ulong, Entry> Recent { get; set; } = [];
        public Dictionary<ulong, Entry> Older { get; set; } = [];
        public long RecentBytes { get; set; }
        public ulong Changes { get; set; }
    }
}
