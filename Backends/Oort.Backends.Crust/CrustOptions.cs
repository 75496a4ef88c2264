using System.ComponentModel.DataAnnotations;
using Oort.Backends.Ipfs;

namespace Oort.Backends.Crust;

/// <summary>Settings of a <see cref="CrustBackend"/>.</summary>
public sealed record CrustOptions
{
    /// <summary>A W3Auth gateway: an IPFS node's RPC behind a check of the token, such as https://gw.crustfiles.app. What "/api/v0" is put behind.</summary>
    [Required]
    public required Uri Gateway { get; init; }

    /// <summary>A W3Auth pinning service, which places the orders on the chain and pays for them, such as https://pin.crustcode.com/psa. What "/pins" is put behind.</summary>
    [Required]
    public required Uri Service { get; init; }

    /// <summary>The account at both. It never expires and cannot be revoked: of a key that holds no funds.</summary>
    [Required]
    public required W3AuthToken Token { get; init; }

    /// <summary>Trustless gateways through which items are read back before they count: at least one, best on no machine of the two above, which may have the item from the upload alone.</summary>
    public IReadOnlyList<IpfsGateway> Gateways { get; init; } = [];

    /// <summary>How often in a row the service may say of an item that its order failed before that is believed: it places failed orders again. Default 60: a little more than a day.</summary>
    [Range(0, 1000)]
    public int FailedCountMax { get; init; } = 60;

    /// <summary>How often a sealed item is looked at. Default one day.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The first pause between two questions about an order; it grows with what has been waited, up to <see cref="PollDelayMax"/>. Default 30 seconds: a block takes 6.</summary>
    public TimeSpan PollDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Default 30 minutes.</summary>
    public TimeSpan PollDelayMax { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a connection may take to be made. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A request of which no byte moves for so long has failed. Default two minutes: a first fetch looks through the whole network.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest that one request may take, though it moves. Default one hour.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What the service asks; null: nothing by item.</summary>
    public NetworkPrices? Prices { get; init; }

    /// <summary>The same as settings of the pinning service that it is.</summary>
    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    internal PinningOptions ToPinning()
    {
        Validator.ValidateObject(this, new ValidationContext(this), validateAllProperties: true);
        if (!Gateway.IsAbsoluteUri || Gateway.Scheme is not ("http" or "https")) throw new ValidationException("Gateway must be an http or https address.");
        return new()
        {
            Service = Service,
            Credentials = Token.ToBearer(),
            Origin = new()
            {
                Node = Gateway,
                Credentials = Token.ToBasic(),
                Gateways = Gateways,
                CheckInterval = CheckInterval,
                ConnectTimeout = ConnectTimeout,
                StallTimeout = StallTimeout,
                RequestTimeout = RequestTimeout,
            },
            FailedCountMax = FailedCountMax,
            PollDelay = PollDelay,
            PollDelayMax = PollDelayMax,
            Prices = Prices,
        };
    }
}
