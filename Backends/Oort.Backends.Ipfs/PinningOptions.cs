using System.ComponentModel.DataAnnotations;

namespace Oort.Backends.Ipfs;

/// <summary>Settings of a <see cref="PinningBackend"/>.</summary>
public sealed record PinningOptions
{
    /// <summary>Most addresses that a request may name (IPFS Pinning Service API: Origins).</summary>
    public const int OriginCountMax = 20;

    /// <summary>The pinning service: what "/pins" is put behind.</summary>
    [Required]
    public required Uri Service { get; init; }

    [Required]
    public required IpfsCredentials Credentials { get; init; }

    /// <summary>The node that the service gets items from, and the gateways that they are read back through: at least one, best the service's own, since others may have an item from the node.</summary>
    [Required]
    public required IpfsOptions Origin { get; init; }

    /// <summary>Addresses (multiaddr) at which the service reaches the node, named in each request. Default none: then it must find the node by itself.</summary>
    [MaxLength(OriginCountMax)]
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>The longest pause between two questions about a pin; the first is <see cref="PollDelay"/>, and a pause grows with what has been waited. Default 30 minutes.</summary>
    public TimeSpan PollDelayMax { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Default 5 seconds.</summary>
    public TimeSpan PollDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often in a row a service may say of a pin that it failed before that is believed, for services that try again by themselves. Default 0: at once.</summary>
    /// <remarks>Between two questions lie 5 s, doubled each time up to 30 minutes: 60 are a little more than a day.</remarks>
    [Range(0, 1000)]
    public int FailedCountMax { get; init; }

    /// <summary>What the service asks; null: nothing by item, as where a plan is paid for.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        Origin.Validate();
        IpfsOptions.CheckAddress(Service, nameof(Service));
        if (Origin.Gateways.Count == 0) throw new ValidationException("A pin is a claim until it was read back: name at least one gateway.");
        if (Origins.Any(origin => !origin.StartsWith('/') || origin.Length > 1024)) throw new ValidationException("Origins are multiaddrs, such as /dns4/example.org/tcp/4001/p2p/PEER.");
        if (PollDelay <= TimeSpan.Zero || PollDelayMax < PollDelay) throw new ValidationException("Times must be positive, and the longest no shorter than the first.");
    }
}
