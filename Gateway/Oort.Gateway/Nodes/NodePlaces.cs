using System.Collections.Immutable;
using Oort.Backends;
using Oort.Backends.Node;
using Oort.Objects;

namespace Oort.Gateway;

/// <summary>Storage nodes as an operator names them who has nothing but their addresses.</summary>
public static class NodePlaces
{
    private const int IdLength = 64;

    /// <summary>Reads "HOST:PORT", "HOST:PORT#ID" or "ID@HOST:PORT".</summary>
    /// <returns>The address; its id is default where none was said. Null: the text is none of these.</returns>
    public static NodeAddress? Parse(string text)
    {
        if (text.Split('#') is [var place, var id]) text = $"{id}@{place}";
        else if (!text.Contains('@', StringComparison.Ordinal)) text = $"{new string('0', IdLength)}@{text}";
        return NodeAddress.TryParse(text, out var address) ? address : null;
    }

    /// <summary>The endpoints of nodes by their names; those without an id are asked who they are.</summary>
    /// <remarks>An id that a node says itself proves nothing: what it holds is sealed, and is believed for that alone. Two names of one node are one.</remarks>
    /// <exception cref="ConfigurationException">A name is none, or nobody answers there and so it cannot be known who it is.</exception>
    public static async Task<ImmutableArray<IStoreEndpoint>> FindAsync(IEnumerable<string> names, NodeEndpoints nodes, CancellationToken cancellationToken)
    {
        var addresses = names.Select(name => Parse(name) ?? throw new ConfigurationException($"--node: \"{name}\" is not HOST:PORT or HOST:PORT#ID.")).ToList();
        var known = await Task.WhenAll(addresses.Select(async address =>
        {
            try
            {
                return address.Id == default ? await nodes.IdentifyAsync(address, cancellationToken) : address;
            }
            catch (BackendException e)
            {
                throw new ConfigurationException($"--node: {e.Message} Start the node, leave it out, or say who it is with HOST:PORT#ID.");
            }
        }));
        return [.. known.DistinctBy(address => address.Id).Select(nodes.At)];
    }
}
