using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Local;

namespace Oort.Objects.Tests.Hosting;

/// <summary>A directory as a store, as the host configures it.</summary>
internal sealed class LocalEndpoint(string path) : IStoreEndpoint
{
    private static readonly LocalStoreOptions options = new() { VolumeSizeBytes = 4 << 20, AllocationStepBytes = 1 << 20, HeadroomBytes = 0, ThreadCount = 2, CompactionInterval = Timeout.InfiniteTimeSpan };

    public string Location => path;

    public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) =>
        await LocalStore.ReadIdentityAsync(path, cancellationToken) is { } identity ? new(identity.Store, identity.Cluster) : null;

    public async ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) =>
        await LocalStore.OpenAsync(path, cluster, options, NullLogger.Instance, cancellationToken);

    public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        var id = StoreId.Read(System.Security.Cryptography.RandomNumberGenerator.GetBytes(StoreId.Size));
        await LocalStore.InitialiseAsync(path, id, cluster, TimeProvider.System, cancellationToken);
        return await OpenAsync(cluster, cancellationToken);
    }
}
