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
    /// <remarks>Opened as what it says it is; the object system refuses a store of another cluster.</remarks>
    public async ValueTask<IStore?> OpenAsync(CancellationToken cancellationToken) =>
        await LocalStore.ReadIdentityAsync(Location, cancellationToken) is { } identity
            ? await LocalStore.OpenAsync(Location, identity.Cluster, options, loggers.CreateLogger<LocalStore>(), cancellationToken)
            : null;

    /// <inheritdoc/>
    public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken)
    {
        await LocalStore.InitialiseAsync(Location, NewId(), cluster, time, cancellationToken);
        return await LocalStore.OpenAsync(Location, cluster, options, loggers.CreateLogger<LocalStore>(), cancellationToken);
    }

    private static StoreId NewId() => new(BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(StoreId.Size)));
}
