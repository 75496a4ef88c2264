using System.Globalization;
using Oort.Backends;
using Oort.Backends.Node;
using Oort.Node.Protocol;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>A storage node as a place where a store is, was or will be. The node stays the same, its address may change.</summary>
/// <param name="own">The gateway cluster's key pair; must outlive the system.</param>
public sealed class NodeEndpoint(NodeAddress address, NodeIdentity own, NodeStoreOptions options) : IStoreEndpoint
{
    private volatile NodeAddress _address = address;

    /// <summary>Where it is reached. A new one holds from the next time it is opened, which is soon when the old one is dead.</summary>
    /// <exception cref="ArgumentException">Of another node.</exception>
    public NodeAddress Address
    {
        get => _address;
        set => _address = value.Id == _address.Id ? value : throw new ArgumentException("An endpoint stays with its node.", nameof(value));
    }

    public string Location => _address.ToString();

    /// <inheritdoc/>
    public async ValueTask<FoundStore?> FindAsync(CancellationToken cancellationToken)
    {
        var status = await NodeStore.FindAsync(_address, own, options, cancellationToken);
        return status.Store is { } store ? new FoundStore(StoreId.Parse(store), new ClusterId(UInt128.Parse(status.Cluster!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IStore> OpenAsync(ClusterId cluster, CancellationToken cancellationToken) => await NodeStore.OpenAsync(_address, own, cluster, options, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IStore> CreateAsync(ClusterId cluster, CancellationToken cancellationToken) => await NodeStore.CreateAsync(_address, own, cluster, options, cancellationToken);
}
