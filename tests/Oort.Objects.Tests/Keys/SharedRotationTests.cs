using Oort.Backends;
using Oort.Backends.Suite;
using Oort.Metadata;
using Oort.Objects.Tests.Hosting;
using Oort.Shared;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Keys;

/// <summary>Rotation of keys where two gateways share a database.</summary>
public sealed class SharedRotationTests : IAsyncLifetime
{
    private readonly TestCluster first = new();
    private readonly TestCluster second = new(0);
    private PostgresHost host = null!;
    private ObjectSystem a = null!;
    private ObjectSystem b = null!;
    private BucketRow bucket = null!;

    private static CancellationToken None => CancellationToken.None;

    public async ValueTask InitializeAsync()
    {
        host = await PostgresHost.StartAsync();
        await host.CreateDatabaseAsync("shared");
        foreach (var cluster in (TestCluster[])[first, second]) cluster.Options = cluster.Options with { MetadataDatabase = host.Address("shared") };
        second.Stores.AddRange(first.Stores);
        a = await first.OpenAsync();
        b = await OpenSecondAsync();
        bucket = await a.CreateBucketAsync("bucket");
    }

    public async ValueTask DisposeAsync()
    {
        await b.DisposeAsync();
        await a.DisposeAsync();
        await host.DisposeAsync();
        await second.DisposeAsync();
        await first.DisposeAsync();
    }

    [Fact]
    public async Task Rotate_AtOneGateway_IsLearnedByTheOtherWhenItMeetsTheKey()
    {
        await a.PutAsync(bucket, "old", Content(1));

        (await a.RotateKeyAsync(null, None)).ShouldBe(2);
        await a.PutAsync(bucket, "new", Content(2));

        // It has not heard of it, and goes on under the old one.
        b.GetKeyVersions().ShouldBe([1]);
        await b.PutAsync(bucket, "between", Content(3));
        (await b.GetAsync("bucket", "new")).ShouldBe(Content(2));
        b.GetKeyVersions().ShouldBe([1, 2]);
        await b.PutAsync(bucket, "after", Content(4));
        (await VersionsAsync()).ShouldBe([1, 1, 2, 2]);

        // Either wraps the rest anew; nothing is lost over a start of both.
        await b.Rotation.RunAsync(None);
        (await VersionsAsync()).ShouldBe([2, 2, 2, 2]);
        await ShouldReadAllAsync();
        await b.DisposeAsync();
        await a.DisposeAsync();
        (a, b) = (await first.OpenAsync(), await OpenSecondAsync());
        await ShouldReadAllAsync();

        async Task ShouldReadAllAsync()
        {
            foreach (var system in (ObjectSystem[])[a, b])
                foreach (var (key, seed) in (IEnumerable<(string, int)>)[("old", 1), ("new", 2), ("between", 3), ("after", 4)]) (await system.GetAsync("bucket", key)).ShouldBe(Content(seed));
        }
    }

    [Fact]
    public async Task Rotate_AtBothGatewaysInTurn_GoesOnFromWhatTheOtherMade()
    {
        await a.PutAsync(bucket, "one", Content(1));
        (await a.RotateKeyAsync(null, None)).ShouldBe(2);
        (await b.RotateKeyAsync(null, None)).ShouldBe(3);
        b.GetKeyVersions().ShouldBe([1, 2, 3]);

        // The one that is behind learns before it wraps anything anew, and never goes back to its own.
        await a.Rotation.RunAsync(None);
        a.GetKeyVersions().ShouldBe([1, 2, 3]);
        (await VersionsAsync()).ShouldBe([3]);
        (await b.GetKeyStatusAsync(None)).Rewrapping.ShouldBeFalse();
        (await a.GetAsync("bucket", "one")).ShouldBe(Content(1));
    }

    [Fact]
    public async Task Rotate_BrokeOffOnAFewStores_IsCompletedByTheOtherBeforeItIsUsed()
    {
        // The change reaches two stores of six.
        var taken = 0;
        a.Rotation.Reached = what =>
        {
            if (what == "putting" && Interlocked.Increment(ref taken) > 2) throw new BackendException(BackendErrorKind.Transient, "The gateway dies.");
        };
        await Should.ThrowAsync<MetadataUnavailableException>(async () => await a.RotateKeyAsync(null, None));
        a.Rotation.Reached = null;
        a.GetKeyVersions().ShouldBe([1]);

        (await b.RotateKeyAsync(null, None)).ShouldBe(3);

        b.GetKeyVersions().ShouldBe([1, 2, 3]);
        foreach (var store in first.Stores)
        {
            using var keyring = await Remains.KeyringAsync(store.Inner, first.Root);
            keyring.KeyVersions.ShouldBe([1, 2, 3]);
        }
    }

    [Fact]
    public async Task Read_KeyOfAnotherGatewayOnNoStoreInReach_IsUnavailableAndComesBack()
    {
        (await a.RotateKeyAsync(null, None)).ShouldBe(2);
        await a.PutAsync(bucket, "new", Content(2));
        foreach (var store in first.Stores) store.Inject(StoreOperations.GetBlob, times: 1_000);
        await Should.ThrowAsync<ObjectUnavailableException>(async () => await b.GetAsync("bucket", "new"));
        await b.Rotation.RunAsync(None);
        (await b.GetKeyStatusAsync(None)).Waiting.ShouldContain("key version 2");
        b.GetKeyVersions().ShouldBe([1]);

        foreach (var store in first.Stores) store.Heal();

        (await b.GetAsync("bucket", "new")).ShouldBe(Content(2));
    }

    private static byte[] Content(int seed) => SystemActions.Content(seed, 5_000);

    private async Task<IEnumerable<int>> VersionsAsync() => (await a.Metadata.ListDataAsync(null, 10, None)).Select(row => row.KeyVersion).Order();

    private Task<ObjectSystem> OpenSecondAsync() => second.OpenAsync([.. second.Stores.Select(store => new MarkedEndpoint(store, a.Cluster))]);

    /// <summary>A store that says to which cluster it belongs, as a disk does.</summary>
    private sealed class MarkedEndpoint(IStore store, ClusterId cluster) : IStoreEndpoint
    {
        public string Location => store.Location;

        public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => ValueTask.FromResult<FoundStore?>(new(store.Id, cluster));

        public ValueTask<IStore> OpenAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);

        public ValueTask<IStore> CreateAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);
    }
}
