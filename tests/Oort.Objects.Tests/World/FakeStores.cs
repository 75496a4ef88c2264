using System.Collections.Concurrent;
using System.Collections.Immutable;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Backends.Suite;

namespace Oort.Objects.Tests.World;

/// <summary>As many flaky memory stores as the code has shards, placed by turns; remembers what was reported.</summary>
internal sealed class FakeStores : IStoreSet
{
    public FakeStores(Geometry geometry)
    {
        Geometry = geometry;
        All = [.. Enumerable.Range(1, geometry.TotalShards).Select(i => new FlakyStore(new MemoryStore(new StoreId((UInt128)i), new MemoryStoreOptions { CapacityBytes = 512L * 1024 * 1024 })))];
    }

    public ImmutableArray<FlakyStore> All { get; }

    public Geometry Geometry { get; set; }

    /// <summary>While true nothing is read at once, as from stores on a network: every read is a task.</summary>
    public bool AreFar
    {
        set
        {
            foreach (var store in All) store.ReadsCached = !value;
        }
    }

    /// <summary>Round trip to each, in milliseconds.</summary>
    public double Latency { get; set; }

    /// <summary>Stores that placement and reads do not see.</summary>
    public ConcurrentDictionary<StoreId, bool> Away { get; } = [];

    /// <summary>Stores that others see in place of the flaky ones.</summary>
    public ConcurrentDictionary<StoreId, IStore> Replaced { get; } = [];

    public ConcurrentQueue<(StoreId Id, BackendException Failure)> Reports { get; } = [];

    public ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry) =>
        [.. Enumerable.Range(0, geometry.TotalShards).Select(i => Visible(All[(i + (int)segment.Counter) % All.Length]))];

    public IStore? Find(StoreId id) => Visible(All.Single(store => store.Id == id));

    public bool DoDistancesMatter => Latency > 0;

    public double LatencyOf(StoreId id) => Latency;

    public void Report(StoreId id, BackendException failure) => Reports.Enqueue((id, failure));

    private IStore? Visible(FlakyStore store) => Away.ContainsKey(store.Id) ? null : Replaced.GetValueOrDefault(store.Id, store);
}
