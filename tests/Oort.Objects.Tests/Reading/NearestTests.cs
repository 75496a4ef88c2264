using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Reading;

/// <summary>Which shards are read where stores are differently far away.</summary>
public sealed class NearestTests
{
    private const int StoreCount = 6;
    private const int ObjectCount = 8;
    private const int ObjectSize = 600_000;

    [Fact]
    public async Task Read_StoresDifferentlyFarAway_AsksTheNearestAndFollowsWhenThatChanges()
    {
        var stores = Enumerable.Range(1, StoreCount).Select(i => new DistantStore(new MemoryStore(new StoreId((UInt128)i)))).ToArray();
        await using var cluster = new TestCluster(0);
        cluster.Options = cluster.Options with
        {
            Stores = new() { ProbeInterval = TimeSpan.FromMilliseconds(20), ProbeTimeout = TimeSpan.FromMinutes(10) },
            // What was read once is read again.
            Objects = cluster.Options.Objects with { HotCellBytes = 0, HedgeDelay = TimeSpan.FromMinutes(5), StoreTimeout = TimeSpan.FromMinutes(10) },
        };
        await using var system = await cluster.OpenAsync([.. stores.Select(store => new OpenStoreEndpoint(store))]);
        var bucket = await system.CreateBucketAsync("bucket");
        for (var i = 0; i < ObjectCount; i++) (await system.PutAsync(bucket, $"key{i}", SystemActions.Content(i, ObjectSize))).Outcome.ShouldBe(CommitOutcome.Done);

        // Where all are the same, data shards are read, and nothing is decoded.
        await ReadAllAsync(system);
        stores.ShouldAllBe(store => store.ReadCount > 0);

        // Every pair of stores has data shards of some object.
        await PutFarAsync(system, stores, 0, 3);
        await ReadAllAsync(system);
        stores.Select((store, i) => (i, store.ReadCount > 0)).ShouldBe(Enumerable.Range(0, StoreCount).Select(i => (i, i is not (0 or 3))));

        await PutFarAsync(system, stores, 1, 5);
        await ReadAllAsync(system);
        stores.Select((store, i) => (i, store.ReadCount > 0)).ShouldBe(Enumerable.Range(0, StoreCount).Select(i => (i, i is not (1 or 5))));

        // A far one is better than none.
        stores[0].IsAway = stores[2].IsAway = true;
        await ReadAllAsync(system);
        stores[1].ReadCount.ShouldBeGreaterThan(0);

        async Task ReadAllAsync(ObjectSystem from)
        {
            foreach (var store in stores) store.ReadCount = 0;
            for (var i = 0; i < ObjectCount; i++) (await from.GetAsync("bucket", $"key{i}")).ShouldBe(SystemActions.Content(i, ObjectSize));
        }
    }

    /// <summary>Puts two stores far away, waits until the gateway has measured it, and keeps it so.</summary>
    private static async Task PutFarAsync(ObjectSystem system, DistantStore[] stores, params int[] far)
    {
        for (var i = 0; i < stores.Length; i++) stores[i].Latency = far.Contains(i) ? TimeSpan.FromSeconds(2) : TimeSpan.Zero;
        foreach (var store in stores) store.LetProbe(true);
        await Eventually.Async(() =>
        {
            var latencies = stores.Select(store => system.Stores.LatencyOf(store.Id)).ToArray();
            var near = stores.Where((_, i) => !far.Contains(i)).Max(store => system.Stores.LatencyOf(store.Id));
            return Task.FromResult(system.Stores.DoDistancesMatter && far.All(i => latencies[i] > 3 * near + 20));
        });
        foreach (var store in stores) store.LetProbe(false);
    }

    /// <summary>A store whose probes take as long as the way to it, or wait.</summary>
    private sealed class DistantStore(IStore inner) : IStore
    {
        private volatile TaskCompletionSource _mayProbe = Open();
        private int _readCount;

        public TimeSpan Latency { get; set; }

        public bool IsAway { get; set; }

        public int ReadCount
        {
            get => Volatile.Read(ref _readCount);
            set => Volatile.Write(ref _readCount, value);
        }

        public StoreId Id => inner.Id;

        public string Location => inner.Location;

        public string FailureDomain => inner.FailureDomain;

        public StoreTraits Traits => inner.Traits;

        public void LetProbe(bool isOpen)
        {
            if (isOpen) _mayProbe.TrySetResult();
            else _mayProbe = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        public async ValueTask<StoreSpace> ProbeAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Latency, cancellationToken);
            var space = await inner.ProbeAsync(cancellationToken);
            // The probes under way when it closes are the last that count: those that end after it.
            await _mayProbe.Task.WaitAsync(cancellationToken);
            return space;
        }

        public ValueTask<int> ReadAsync(ShardId id, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (IsAway) throw new BackendException(BackendErrorKind.Transient, "It is away.");
            Interlocked.Increment(ref _readCount);
            return inner.ReadAsync(id, offset, destination, cancellationToken);
        }

        public bool TryReadCached(ShardId id, long offset, Span<byte> destination) => false;
        public ValueTask PutAsync(ShardId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutAsync(id, content, cancellationToken);
        public ValueTask<IShardWriter> BeginAsync(ShardId id, long length, CancellationToken cancellationToken) => inner.BeginAsync(id, length, cancellationToken);
        public ValueTask<long?> StatAsync(ShardId id, CancellationToken cancellationToken) => inner.StatAsync(id, cancellationToken);
        public ValueTask<DeleteOutcome> DeleteAsync(ShardId id, CancellationToken cancellationToken) => inner.DeleteAsync(id, cancellationToken);
        public IAsyncEnumerable<ShardInfo> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
        public ValueTask PutBlobAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutBlobAsync(name, content, cancellationToken);
        public ValueTask<byte[]?> GetBlobAsync(string name, CancellationToken cancellationToken) => inner.GetBlobAsync(name, cancellationToken);
        public ValueTask DeleteBlobAsync(string name, CancellationToken cancellationToken) => inner.DeleteBlobAsync(name, cancellationToken);
        public IAsyncEnumerable<string> ListBlobsAsync(string prefix, CancellationToken cancellationToken) => inner.ListBlobsAsync(prefix, cancellationToken);
        public ValueTask AppendLogAsync(string name, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.AppendLogAsync(name, offset, content, cancellationToken);
        public ValueTask<int> ReadLogAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadLogAsync(name, offset, destination, cancellationToken);
        public ValueTask<long> LogLengthAsync(string name, CancellationToken cancellationToken) => inner.LogLengthAsync(name, cancellationToken);
        public ValueTask DeleteLogAsync(string name, CancellationToken cancellationToken) => inner.DeleteLogAsync(name, cancellationToken);
        public IAsyncEnumerable<string> ListLogsAsync(string prefix, CancellationToken cancellationToken) => inner.ListLogsAsync(prefix, cancellationToken);
        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private static TaskCompletionSource Open()
        {
            var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            open.SetResult();
            return open;
        }
    }
}
