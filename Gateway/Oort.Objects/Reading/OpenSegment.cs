using Oort.Backends;
using Oort.Metadata;
using Oort.Objects.Shards;

namespace Oort.Objects.Reading;

/// <summary>A segment while somebody reads it: where its shards lie, and which of them have turned out not to be usable.</summary>
/// <remarks>Thread-safe: a read-ahead may run beside the read.</remarks>
internal sealed class OpenSegment
{
    /// <summary>Placements are asked for again at most this often in one read: a repair moves shards once, perhaps twice, never all the time.</summary>
    private const int RefreshCountMax = 2;

    private readonly DataPath path;
    private readonly Lock gate = new();
    private readonly ShardFault[] faults;
    private volatile SegmentRow row;
    private volatile bool isStale;
    private int refreshCount;
    private double latencyMax;
    private double reach;

    public OpenSegment(DataPath path, SegmentRow row)
    {
        this.path = path;
        this.row = row;
        faults = new ShardFault[row.Geometry.TotalShards];
        Layout = new ShardLayout(row.Geometry, row.PayloadLength);
        Measure();
    }

    private enum ShardFault : byte
    {
        None,

        /// <summary>Not where the row said; the row may be old.</summary>
        Missing,

        /// <summary>It has other bytes than were written.</summary>
        Bad,
    }

    public SegmentId Id => row.Id;

    /// <summary>A shard was missing, and the placement has not been looked up since.</summary>
    public bool IsStale => isStale;

    public Geometry Geometry => Layout.Geometry;

    public ShardLayout Layout { get; }

    /// <summary>The store to read a shard from, or null when there is none that can be hoped for.</summary>
    public IStore? Find(int shard)
    {
        lock (gate)
        {
            if (faults[shard] != ShardFault.None) return null;
        }
        var id = row.Shards[shard];
        return id == StoreId.None ? null : path.Stores.Find(id);
    }

    /// <summary>Whether the shard is to be had from this machine's own disks.</summary>
    public bool IsOnOwnDisk(int shard) => Find(shard) is { Traits.Machine: StoreTraits.OwnMachine };

    /// <summary>The shard could be read, its store is in good standing, and was not much slower than others a moment ago.</summary>
    public bool IsSound(int shard) => Find(shard) is { } store && !path.SlowReads.IsAvoided(store.Id) && !path.Stores.IsLastResort(store.Id);

    /// <summary>The shard's store is not much farther away than k others with a shard of this segment.</summary>
    public bool IsNear(int shard) => double.IsPositiveInfinity(latencyMax) || path.Stores.LatencyOf(row.Shards[shard]) <= latencyMax;

    /// <summary>The shard is likely to come soon.</summary>
    public bool IsPrompt(int shard) => IsSound(shard) && IsNear(shard);

    /// <summary>How far away a shard is: its store's round trip in milliseconds; 0 for all as long as that makes no difference.</summary>
    public double DistanceOf(int shard) => double.IsPositiveInfinity(latencyMax) ? 0 : path.Stores.LatencyOf(row.Shards[shard]);

    /// <summary>The same of all data shards in which a piece of the payload lies.</summary>
    /// <param name="to">The byte after its last.</param>
    public bool IsPrompt(long from, long to)
    {
        var (first, last) = (Layout.Locate(from), Layout.Locate(to - 1));
        var isOneStripe = first.Stripe == last.Stripe;
        for (var cell = isOneStripe ? first.Cell : 0; cell <= (isOneStripe ? last.Cell : Geometry.DataShards - 1); cell++)
            if (!IsPrompt(cell)) return false;
        return true;
    }

    /// <summary>Payload bytes to read at a time; at least one stripe.</summary>
    public int RunBytes => path.Options.ReadRunBytes * Distance.RunFactor(reach);

    /// <summary>How long to wait for a shard before others are asked.</summary>
    public TimeSpan HedgeDelay => path.Options.HedgeDelay + Distance.Patience(reach);

    /// <summary>Finds the round trips up to which a store is near enough, those that are not much longer than the k-th of this segment's; and the k-th itself, for which own disks, however busy, count as here.</summary>
    private void Measure()
    {
        (latencyMax, reach) = (double.PositiveInfinity, 0);
        if (!path.Stores.DoDistancesMatter) return;
        var stores = Enumerable.Range(0, Geometry.TotalShards).Select(Find).OfType<IStore>().Where(store => !path.Stores.IsLastResort(store.Id)).ToArray();
        if (stores.Length < Geometry.DataShards) return;
        latencyMax = Distance.Limit(Kth(store => path.Stores.LatencyOf(store.Id)));
        reach = Kth(store => store.Traits.Machine == StoreTraits.OwnMachine ? 0 : path.Stores.LatencyOf(store.Id));

        double Kth(Func<IStore, double> latency) => stores.Select(latency).Order().ElementAt(Geometry.DataShards - 1);
    }

    /// <summary>The shard was read and is not what was written: it is not read again, and queued for repair.</summary>
    public void MarkBad(int shard, string how)
    {
        StoreId store;
        lock (gate)
        {
            if (faults[shard] == ShardFault.Bad) return;
            faults[shard] = ShardFault.Bad;
            store = row.Shards[shard];
        }
        path.Stores.Report(store, new BackendException(BackendErrorKind.Corrupt, $"Shard {Id}.{shard} {how}."));
        path.Repairs.Enqueue(Id, shard, RepairReason.BadShard);
    }

    /// <summary>Some of what was read did not open: stores are asked themselves when it is read again.</summary>
    public void Doubt()
    {
        foreach (var store in row.Shards) path.Stores.Doubt(store);
    }

    /// <summary>The store does not have the shard. Whether it has moved shows in <see cref="RefreshAsync"/>.</summary>
    public void MarkMissing(int shard)
    {
        lock (gate)
        {
            if (faults[shard] == ShardFault.None) faults[shard] = ShardFault.Missing;
        }
        isStale = true;
    }

    /// <summary>After a shard was missing: looks up the placement again. Shards that have moved are read from there; the others are queued for repair.</summary>
    /// <returns>Whether reading again may find more than before.</returns>
    public async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        if (!isStale || Interlocked.Increment(ref refreshCount) > RefreshCountMax) return false;
        isStale = false;
        // Without a row the version was deleted meanwhile; the shards are kept for us by the pin.
        if (await path.Metadata.FindSegmentAsync(Id, cancellationToken) is not { } found) return false;
        var hasMoved = false;
        var lost = new List<int>();
        lock (gate)
        {
            for (var shard = 0; shard < faults.Length; shard++)
            {
                if (found.Shards[shard] != row.Shards[shard])
                {
                    faults[shard] = ShardFault.None;
                    hasMoved = true;
                }
                else if (faults[shard] == ShardFault.Missing) lost.Add(shard);
            }
            row = found;
        }

        Measure();
        foreach (var shard in lost) path.Repairs.Enqueue(Id, shard, RepairReason.BadShard);
        return hasMoved;
    }
}
