using System.ComponentModel.DataAnnotations;

namespace Oort.Backends.Ipfs;

/// <summary>A trustless gateway: one that gives blocks or CARs, which are checked here.</summary>
/// <param name="Address">http or https; what "/ipfs/CID" is put behind.</param>
/// <param name="Credentials">Null: none are asked for.</param>
public sealed record IpfsGateway(Uri Address, IpfsCredentials? Credentials = null);

/// <summary>Settings of an <see cref="IpfsBackend"/>.</summary>
public sealed record IpfsOptions
{
    /// <summary>The RPC address of an IPFS node (Kubo or what speaks as it does): what "/api/v0" is put behind. It must not be public: who reaches it runs the node.</summary>
    [Required]
    public required Uri Node { get; init; }

    /// <summary>As "API.Authorizations" of the node's configuration has them; null: the node asks for none.</summary>
    public IpfsCredentials? Credentials { get; init; }

    /// <summary>Where items are read back before they count, the first that works. With none the node is asked itself, which shows that it holds the item and not that anybody else can get it.</summary>
    public IReadOnlyList<IpfsGateway> Gateways { get; init; } = [];

    /// <summary>How often a sealed item is looked at. Default one day.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long a connection may take to be made. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A request of which no byte moves for so long has failed. Default one minute: a node pins, and a gateway looks for a block, without a sign of life.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest that one request may take, though it moves. Default one hour: 1 GiB at 300 KiB/s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Connections to a place at a time; requests beyond wait for one. Default 32.</summary>
    [Range(1, 512)]
    public int ConnectionCountMax { get; init; } = 32;

    /// <summary>What keeping items costs; null: nothing, as on a node of one's own.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        CheckAddress(Node, nameof(Node));
        foreach (var gateway in Gateways) CheckAddress(gateway.Address, nameof(Gateways));
        if (ConnectTimeout <= TimeSpan.Zero || StallTimeout <= TimeSpan.Zero || RequestTimeout <= TimeSpan.Zero || CheckInterval <= TimeSpan.Zero) throw new ValidationException("Times must be positive.");
    }

    internal static void CheckAddress(Uri address, string name)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new ValidationException($"{name} must be an http or https address without user and query; secrets go into the credentials.");
    }
}
