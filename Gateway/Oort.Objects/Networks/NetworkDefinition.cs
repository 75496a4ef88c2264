using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Oort.Backends;

namespace Oort.Objects.Networks;

/// <summary>What is expected of a network.</summary>
public enum NetworkRole
{
    /// <summary>It takes items, and those that are there stay.</summary>
    Active,

    /// <summary>It takes no new items; what only it holds is rebuilt on hot stores.</summary>
    Draining,
}

/// <summary>An outside network as an operator has added it: how it is called and reached (docs/formats/network-list.md).</summary>
public sealed record NetworkDefinition
{
    /// <summary>What rows of segments and items call it; random.</summary>
    public required StoreId Id { get; init; }

    /// <summary>What people and policies call it.</summary>
    public required string Name { get; init; }

    /// <summary>Which backend speaks to it: "s3", "ipfs", …</summary>
    public required string Kind { get; init; }

    public NetworkRole Role { get; init; }

    /// <summary>Whose it is.</summary>
    public string Operator { get; init => field = value ?? ""; } = "";

    public string Region { get; init => field = value ?? ""; } = "";

    /// <summary>Two capital letters (ISO 3166-1 alpha-2).</summary>
    public string Country { get; init => field = value ?? ""; } = "";

    /// <summary>The backend's own settings by name; nothing that is secret.</summary>
    public ImmutableSortedDictionary<string, string> Settings { get; init => field = value ?? NoSettings; } = NoSettings;

    /// <summary>The backend's secrets, sealed for <see cref="SecretContext"/>; empty: it has none.</summary>
    public byte[] Secret { get; init => field = value ?? []; } = [];

    /// <summary>The store id under which rows have items that are made of others of it, until they take their places (docs/networks.md, "Bundles").</summary>
    [JsonIgnore]
    public StoreId DraftId => DraftOf(Id);

    /// <summary>What its secrets are sealed for: under another network they do not open.</summary>
    [JsonIgnore]
    public byte[] SecretContext => System.Text.Encoding.ASCII.GetBytes($"network/{Id}");

    /// <summary>The one of a network, and the network of one: all bits turned around, which among random ids is no other's.</summary>
    internal static StoreId DraftOf(StoreId id) => new(~id.Value);

    private static ImmutableSortedDictionary<string, string> NoSettings { get; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
}

/// <summary>Opens backends of networks: the host's, which knows the kinds that there are.</summary>
public interface INetworkFactory
{
    /// <summary>Makes the backend; it need not be there.</summary>
    /// <param name="secret">Its secrets in the clear, which are not kept; empty: it has none.</param>
    /// <exception cref="NetworkException">There is no such kind, or the settings are wrong; says what to do.</exception>
    INetworkBackend Open(NetworkDefinition definition, ReadOnlySpan<byte> secret);
}

/// <summary>A network cannot be added, changed or opened; the message says what to do.</summary>
public sealed class NetworkException(string message, Exception? inner = null) : Exception(message, inner);
