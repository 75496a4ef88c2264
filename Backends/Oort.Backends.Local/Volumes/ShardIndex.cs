namespace Oort.Backends.Local;

/// <summary>Which shards there are, and where: about 60 bytes of memory each. Read by everyone, changed by one thread.</summary>
/// <remarks>
/// Cut into partitions by the id's hash, each with its own lock: readers hardly meet, a growing table is copied a small piece at a
/// time, and an enumeration copies one partition, in which a shard stays for ever, instead of all.
/// </remarks>
internal sealed class ShardIndex
{
    private const int PartitionBits = 8;

    private readonly Dictionary<ShardId, ShardLocation>[] _partitions = new Dictionary<ShardId, ShardLocation>[1 << PartitionBits];

    public ShardIndex()
    {
        for (var i = 0; i < _partitions.Length; i++)
            _partitions[i] = [];
    }

    /// <summary>How many partitions there are to <see cref="CopyPartition"/>.</summary>
    public int PartitionCount => _partitions.Length;

    /// <summary>A well mixed 64-bit hash of an id, the same in every run. Two ids may share one.</summary>
    public static ulong Hash(ShardId id)
    {
        // Two rounds of multiply and shift (the finisher of MurmurHash3): every bit of the id moves the high bits, which choose the partition.
        var h = (id.Segment.Epoch * 0x9E3779B97F4A7C15) ^ (id.Segment.Counter << 8) ^ id.Index;
        h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCD;
        h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53;
        return h ^ (h >> 33);
    }

    public bool TryGet(ShardId id, out ShardLocation location)
    {
        var partition = PartitionOf(id);
        lock (partition)
            return partition.TryGetValue(id, out location);
    }

    public void Set(ShardId id, ShardLocation location)
    {
        var partition = PartitionOf(id);
        lock (partition)
            partition[id] = location;
    }

    public void Remove(ShardId id)
    {
        var partition = PartitionOf(id);
        lock (partition)
            partition.Remove(id);
    }

    /// <summary>The entries of one partition as they are now.</summary>
    public KeyValuePair<ShardId, ShardLocation>[] CopyPartition(int number)
    {
        var partition = _partitions[number];
        lock (partition)
            return [.. partition];
    }

    /// <summary>How many shards there are.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (var partition in _partitions)
            {
                lock (partition)
                    count += partition.Count;
            }

            return count;
        }
    }

    private Dictionary<ShardId, ShardLocation> PartitionOf(ShardId id) => _partitions[Hash(id) >> (64 - PartitionBits)];
}
