namespace Oort.Backends;

/// <summary>Whose a store is, where it is and what it costs: what placement chooses and spreads by. Declared by whoever runs the store.</summary>
/// <remarks>An empty domain is unknown. Stores with an unknown domain count as one domain: nothing says that they do not fail together.</remarks>
public sealed record StoreTraits
{
    /// <summary>Operator of the stores that the gateway has itself.</summary>
    public const string SelfOperator = "self";

    /// <summary>Machine of the stores that the gateway has itself.</summary>
    public const string OwnMachine = "local";

    /// <summary>What it is: "disk", "memory", "node", or the name of a network; lower case.</summary>
    public required string Kind { get; init; }

    /// <summary>Who runs it, pays for it and may switch it off.</summary>
    public string Operator { get; init; } = "";

    /// <summary>The network that it is reached through: an autonomous system, a site's uplink, an address range.</summary>
    public string Network { get; init; } = "";

    /// <summary>A place, as its operator names it: "eu-west", "fra1".</summary>
    public string Region { get; init; } = "";

    /// <summary>Two capital letters (ISO 3166-1 alpha-2).</summary>
    public string Country { get; init; } = "";

    /// <summary>The machine that its medium is in.</summary>
    public string Machine { get; init; } = "";

    /// <summary>The medium itself.</summary>
    public string Device { get; init; } = "";

    /// <summary>What it costs to keep 2^40 bytes on it for 30 days, in US dollars; 0 where nothing is charged.</summary>
    public double PricePerTebibyteMonth { get; init; }

    /// <summary>A disk of the gateway's own machine.</summary>
    /// <param name="device">Tells its medium from others of this machine.</param>
    public static StoreTraits OfLocalDisk(string device) => new() { Kind = "disk", Operator = SelfOperator, Machine = OwnMachine, Device = device };
}
