using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Crypto;
using Oort.Objects;
using Oort.Shared;

namespace Oort.Gateway.Tests;

/// <summary>What two gateways stand on: one PostgreSQL database, the same stores in memory, the same phrase. Their workers do not run by themselves.</summary>
internal sealed class TwoGateways : IAsyncDisposable
{
    private const string Database = "shared";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-two-");
    private readonly IStore[] stores = [.. Enumerable.Range(0, 6).Select(_ => new MemoryStore(StoreId.Read(RandomNumberGenerator.GetBytes(StoreId.Size))))];
    private PostgresHost host = null!;

    public RootKey Root { get; } = new(RandomNumberGenerator.GetBytes(32));

    public ObjectSystem A { get; private set; } = null!;

    public ObjectSystem B { get; private set; } = null!;

    public static async Task<TwoGateways> StartAsync()
    {
        var two = new TwoGateways { host = await PostgresHost.StartAsync() };
        await two.host.CreateDatabaseAsync(Database);
        two.A = await two.OpenAsync("a", store => new OpenStoreEndpoint(store));
        two.B = await two.OpenAsync("b", store => new MarkedEndpoint(store, two.A.Cluster));
        return two;
    }

    /// <summary>What is left when the gateway that has a lease has been dead for so long that it has ended.</summary>
    public Task EndLeaseAsync(string name) => host.QueryAsync(Database, $"UPDATE leases SET until = '-infinity', token = token + 1 WHERE name = '{name}'");

    public async ValueTask DisposeAsync()
    {
        await B.DisposeAsync();
        await A.DisposeAsync();
        await host.DisposeAsync();
        Root.Dispose();
        folder.Delete(recursive: true);
    }

    private Task<ObjectSystem> OpenAsync(string name, Func<IStore, IStoreEndpoint> endpoint)
    {
        var options = new ObjectSystemOptions { DataDirectory = folder.CreateSubdirectory(name).FullName, MetadataDatabase = host.Address(Database), RunWorkers = false };
        return ObjectSystem.OpenAsync(options, [.. stores.Select(endpoint)], Root, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }

    /// <summary>A store that says to which cluster it belongs, as a disk does.</summary>
    private sealed class MarkedEndpoint(IStore store, ClusterId cluster) : IStoreEndpoint
    {
        public string Location => store.Location;

        public ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) => ValueTask.FromResult<FoundStore?>(new(store.Id, cluster));

        public ValueTask<IStore> OpenAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);

        public ValueTask<IStore> CreateAsync(ClusterId wanted, CancellationToken cancellationToken) => ValueTask.FromResult(store);
    }
}
