using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Oort.Backends;
using Oort.Backends.Local;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>A directory named by <c>--disk</c>.</summary>
internal sealed class LocalDiskEndpoint(string path, LocalStoreOptions options, TimeProvider time, ILoggerFactory loggers) : IStoreEndpoint
{
    public string Location { get; } = Path.GetFullPath(path);

    /// <inheritdoc/>
    public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken) =>
        await LocalStore.ReadIdentityAsync(Location, cancellationToken) is { } identity ? new FoundStore(identity.Store, identity.Cluster) : null;

    /// <inheritdoc/>
    public async ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) =>
        await LocalStore.OpenAsync(Location, cluster, options, loggers.CreateLogger<LocalStore>(), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        await LocalStore.InitialiseAsync(Location, NewId(), cluster, time, cancellationToken);
        return await OpenAsync(cluster, cancellationToken);
    }

    private static StoreId NewId() => new(BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(StoreId.Size)));
}
