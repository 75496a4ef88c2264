using System.Collections.Immutable;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Sqlite;
using Oort.Objects;
using Oort.Objects.Writing;

namespace Oort.Gateway.Tests.Operations;

/// <summary>The real object layer and metadata engine over six stores in memory.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-gateway-");
    private readonly Keyring keyring = Keyring.Create(TimeProvider.System);
    private SqliteMetadataStore metadata = null!;

    public ObjectLayer Layer { get; private set; } = null!;

    public static async Task<TestStorage> OpenAsync()
    {
        var storage = new TestStorage();
        storage.metadata = SqliteMetadataStore.Open(new() { Path = Path.Combine(storage.directory.FullName, "metadata.db") }, TimeProvider.System);
        await storage.metadata.StartAsync(new Journal(), 0);
        var epoch = await storage.metadata.OpenEpochAsync("gateway", CancellationToken.None);
        storage.Layer = new(storage.metadata, new Stores(), new Repairs(), new Pins(), storage.keyring, new SegmentIds(epoch), new(), TimeProvider.System);
        return storage;
    }

    public async ValueTask DisposeAsync()
    {
        await Layer.DisposeAsync();
        await metadata.DisposeAsync();
        keyring.Dispose();
        directory.Delete(recursive: true);
    }

    private sealed class Journal : IJournal
    {
        public ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class Stores : IStoreSet
    {
        private readonly ImmutableArray<IStore> stores = [.. Enumerable.Range(1, 6).Select(i => new MemoryStore(new StoreId((UInt128)i)))];

        public Geometry Geometry => Geometry.ForStoreCount(6);

        public ImmutableArray<IStore?> Place(SegmentId segment, Geometry geometry) => [.. stores.Take(geometry.DataShards + geometry.ParityShards)];

        public IStore? Find(StoreId id) => stores.FirstOrDefault(store => store.Id == id);

        public void Report(StoreId id, BackendException failure) => throw failure;
    }

    private sealed class Repairs : IRepairQueue
    {
        public void Enqueue(SegmentId segment, int badShard, RepairReason reason)
        {
            // Nothing is damaged here.
        }
    }

    private sealed class Pins : ISegmentPins
    {
        public IDisposable Pin(ImmutableArray<SegmentId> segments) => new MemoryStream();

        public bool IsPinned(SegmentId segment) => false;
    }
}
