using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Metadata.Sqlite;
using Oort.Objects.Writing;

namespace Oort.Objects.Tests.World;

/// <summary>An object layer on memory stores and the real embedded metadata engine; its journal takes everything.</summary>
internal sealed class SqliteWorld : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-objects-");
    private readonly Keyring keyring = Keyring.Create(TimeProvider.System);

    private SqliteWorld(Geometry geometry) => Stores = new FakeStores(geometry);

    public FakeStores Stores { get; }

    public SqliteMetadataStore Metadata { get; private set; } = null!;

    public ObjectLayer Layer { get; private set; } = null!;

    public BucketRow Bucket { get; private set; } = null!;

    public static async Task<SqliteWorld> OpenAsync(Geometry geometry)
    {
        var world = new SqliteWorld(geometry);
        world.Metadata = SqliteMetadataStore.Open(new SqliteMetadataOptions { Path = Path.Combine(world.directory.FullName, "metadata") }, TimeProvider.System);
        await world.Metadata.StartAsync(new TakingJournal(), 0);
        var epoch = await world.Metadata.OpenEpochAsync("test", CancellationToken.None);
        world.Layer = new ObjectLayer(world.Metadata, world.Stores, new FakeRepairs(), new FakePins(), world.keyring, new SegmentIds(epoch), new ObjectLayerOptions { BufferBytes = 64 * 1024 * 1024 }, TimeProvider.System);
        world.Bucket = (await world.Metadata.CreateBucketAsync(ObjectWorld.Bucket, CancellationToken.None)).Bucket!;
        return world;
    }

    public async ValueTask DisposeAsync()
    {
        await Layer.DisposeAsync();
        await Metadata.DisposeAsync();
        keyring.Dispose();
        directory.Delete(recursive: true);
    }

    private sealed class TakingJournal : IJournal
    {
        public ValueTask AppendAsync(JournalEntry entry, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
