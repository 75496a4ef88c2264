using System.Collections.Concurrent;
using System.Security.Cryptography;
using Oort.Backends.Node;
using Oort.Crypto;
using Oort.Node.Protocol;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>The cluster's keys towards its nodes, and one endpoint for each node.</summary>
/// <remarks>Thread-safe. Must outlive the object system, whose stores use the key pair.</remarks>
public sealed class NodeEndpoints : IDisposable
{
    private const int TokenKeySize = 32;

    private readonly ConcurrentDictionary<NodeId, NodeEndpoint> _endpoints = new();
    private readonly ConcurrentDictionary<NodeId, bool> _heard = new();
    private readonly byte[] _tokenKey = new byte[TokenKeySize];
    private readonly NodeStoreOptions _options;

    /// <param name="root">Used in the constructor only.</param>
    public NodeEndpoints(RootKey root, NodeStoreOptions? options = null)
    {
        _options = options ?? new();
        root.DeriveTokenKey(_tokenKey);
        Span<byte> seed = stackalloc byte[RootKey.ClusterSeedSize];
        root.DeriveClusterSeed(seed);
        Identity = NodeIdentity.FromSeed(seed);
        CryptographicOperations.ZeroMemory(seed);
    }

    /// <summary>The cluster's key pair.</summary>
    public NodeIdentity Identity { get; }

    /// <summary>The secret of a join token.</summary>
    public byte[] SecretOf(UInt128 token) => JoinProof.SecretOf(_tokenKey, token, Identity.Id);

    /// <summary>Who answers at an address.</summary>
    /// <exception cref="Oort.Backends.BackendException">Nobody does.</exception>
    internal Task<NodeAddress> IdentifyAsync(NodeAddress address, CancellationToken cancellationToken) => NodeStore.IdentifyAsync(address.Host, address.Port, Identity, _options, cancellationToken);

    /// <summary>The endpoint of a node; from now on it is at this address.</summary>
    public NodeEndpoint At(NodeAddress address)
    {
        var endpoint = Put(address);
        _heard[address.Id] = true;
        return endpoint;
    }

    /// <summary>The endpoint at the location in a store's row, which another gateway may have written; null when that is no node's. What the node said to this gateway itself goes before it.</summary>
    public IStoreEndpoint? Locate(string location)
    {
        if (!NodeAddress.TryParse(location, out var address)) return null;
        return _heard.ContainsKey(address.Id) ? _endpoints[address.Id] : Put(address);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_tokenKey);
        Identity.Dispose();
    }

    private NodeEndpoint Put(NodeAddress address)
    {
        var endpoint = _endpoints.GetOrAdd(address.Id, _ => new NodeEndpoint(address, Identity, _options));
        endpoint.Address = address;
        return endpoint;
    }
}
