using System.Globalization;
using Oort.Backends;
using Oort.Backends.Node;
using Oort.Node.Protocol;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>A storage node as a place where a store is, was or will be.</summary>
/// <param name="own">The gateway cluster's key pair; must outlive the system.</param>
public sealed class NodeEndpoint(NodeAddress address, NodeIdentity own, NodeStoreOptions options) : IStoreEndpoint
{
    public string Location { get; } = address.ToString();

    /// <inheritdoc/>
    public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken)
    {
        var status = await NodeStore.FindAsync(address, own, options, cancellationToken);
        return status.Store is { } store ? new FoundStore(StoreId.Parse(store), new ClusterId(UInt128.Parse(status.Cluster!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) => await NodeStore.OpenAsync(address, own, cluster, options, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken) => await NodeStore.CreateAsync(address, own, cluster, options, cancellationToken);
}
